"""All defects, several at a time; what found each is remembered, and is tried first the next time."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from hil.errors import ConfigurationError
from hil.interrupts import interruptible
from hil.qualify.baseline import Baseline
from hil.qualify.trial import Outcome, try_defect
from hil.qualify.warm import WarmProcess
from hil.qualify.workshop import open_workshop

if TYPE_CHECKING:
    from hil.qualify.catalogue import Defect, Target

REMEMBERED = Path(".cache/qualify-killers.json")
"""Which scenario found each defect and told party and cause, in the project's cache."""

LEAST_FOUND = 0.98
LEAST_NAMED = 0.9
"""Parts of all defects that must be found, and of which the message must name party and cause."""


@dataclass(frozen=True)
class Tally:
    """How many defects there were, how many were found, and of how many the message named party and cause."""

    tried: int
    found: int
    named: int

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> Tally:
        """Count."""
        found = [each for each in outcomes if each.result == "found"]
        return cls(len(outcomes), len(found), sum(each.party and each.cause for each in found))

    @property
    def enough(self) -> bool:
        """Whether the suite qualifies."""
        return self.found >= LEAST_FOUND * self.tried and self.named >= LEAST_NAMED * self.tried


def run_campaign(
    root: Path,
    chosen: Sequence[tuple[Target, Defect]],
    node: str,
    jobs: int,
    told: Callable[[Outcome], None],
    *,
    everything: bool = True,
) -> list[Outcome]:
    """Try each defect; return what came of them, survivors first, then in the order of ``chosen``.

    :param root: of the project.
    :param jobs: trials at a time.
    :param told: called with each outcome as it comes.
    :param everything: False: try the likely killers of each defect only, not the rest of the suite.
    :raises KeyboardInterrupt: it was told to end; the runs under way have ended then, with their benches safe.
    """
    remembered = _remembered(root)
    idle: SimpleQueue[WarmProcess] = SimpleQueue()
    told_to_end = threading.Event()
    with (
        interruptible(),
        tempfile.TemporaryDirectory(prefix="hil-qualify-") as scratch,
        ThreadPoolExecutor(jobs) as pool,
    ):
        baseline = Baseline(root, Path(scratch), node, told_to_end)

        def work(number: int, target: Target, defect: Defect) -> Outcome:
            workshop = open_workshop(Path(scratch) / str(number), root, target, defect)
            first = remembered.get(defect.id)
            warm = None if workshop.defective else idle.get()

            def good_passes(scenario: str) -> bool:
                return baseline.passes(target, scenario, warm)

            try:
                return try_defect(
                    workshop,
                    target,
                    defect,
                    node,
                    [[first] if first is not None else [], defect.killers],
                    warm=warm,
                    everything=everything,
                    good_passes=good_passes,
                    told_to_end=told_to_end,
                )
            finally:
                if warm is not None:
                    idle.put(warm)

        processes = [WarmProcess.start(root) for _ in range(jobs)]
        try:
            for process in processes:
                idle.put(process)
            futures = {pool.submit(work, number, *pair): number for number, pair in enumerate(chosen)}
            outcomes: dict[int, Outcome] = {}
            for future in as_completed(futures):
                outcomes[futures[future]] = future.result()
                told(outcomes[futures[future]])
        finally:
            told_to_end.set()  # without effect where all trials are over
            pool.shutdown(cancel_futures=True)
            for process in processes:
                process.stop()
    ordered = [outcomes[number] for number in sorted(outcomes)]
    _remember(root, remembered, ordered)
    return by_urgency(ordered)


def by_urgency(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the outcomes, survivors first."""
    return sorted(outcomes, key=lambda each: _URGENCY.index(each.result))


_URGENCY = ["survived", "no answer", "wrong party", "found"]


def choose(all_of_them: Iterator[tuple[Target, Defect]], words: Sequence[str]) -> list[tuple[Target, Defect]]:
    """Return the defects whose id, target, role or kind is one of ``words``; all of them without words.

    Raises ConfigurationError for a word that chooses nothing.
    """
    pairs = list(all_of_them)
    names = [{defect.id, target.target, target.role, defect.kind} for target, defect in pairs]
    for word in words:
        if not any(word in each for each in names):
            raise ConfigurationError(f"'{word}' is no defect, target, side or kind", remedy="See hil qualify --list.")
    return [pair for pair, each in zip(pairs, names, strict=True) if not words or each & set(words)]


def _remembered(root: Path) -> dict[str, str]:
    try:
        document = json.loads((root / REMEMBERED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in document.items()} if isinstance(document, dict) else {}


def _remember(root: Path, before: dict[str, str], outcomes: Sequence[Outcome]) -> None:
    killers = {name: scenario for name, scenario in before.items() if name not in {each.defect for each in outcomes}}
    killers |= {each.defect: each.scenario for each in outcomes if each.scenario and each.party and each.cause}
    path = root / REMEMBERED
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(killers, indent=1, sort_keys=True) + "\n", encoding="utf-8")

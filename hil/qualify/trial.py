"""One defect against the suite: which scenario finds it first, and whether the message helps the maker."""

from __future__ import annotations

import os
import shlex
import signal
import threading
from concurrent.futures import CancelledError
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from hil.child_process import ChildProcess
from hil.clock import stopwatch
from hil.errors import ExitCode
from hil.evidence.documents import Kind, Verdict
from hil.evidence.record import RunRecord
from hil.qualify.warm import LOOK_EVERY_S, SAFE_END_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from hil.evidence.record import ScenarioRecord
    from hil.qualify.catalogue import Defect, Target
    from hil.qualify.warm import WarmProcess
    from hil.qualify.workshop import Workshop

SEED = "7"

ALL = ("features", "-m", "not long")

QUIET = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
"""A process that has loaded all beforehand gives pytest no chance to rewrite what it loads."""

LIKELY_TIMEOUT_S = 300.0
ALL_TIMEOUT_S = 1800.0
"""The suite on one bench takes two to three minutes on an idle machine."""

Result = Literal["found", "wrong party", "survived", "no answer"]
"""*wrong party*: a scenario did not pass, but its verdict blames no device. *no answer*: the trial itself failed."""

_NO_FINDING = frozenset({Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.NOT_RUN})


@dataclass(frozen=True)
class Outcome:
    """What came of one defect.

    :ivar scenario: that found it, as pytest names it; empty if none did.
    :ivar message: the reason of its verdict.
    :ivar party: whether the message, or the verdict on the one device under test, blames the right device.
    :ivar cause: whether the message has a word that tells what is wrong.
    """

    defect: str
    target: str
    role: str
    kind: str
    wrong: str
    requirement: str
    result: Result
    scenario: str = ""
    message: str = ""
    party: bool = False
    cause: bool = False
    seconds: float = 0.0

    def document(self) -> dict[str, object]:
        """Return it as plain data."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Outcome:
        """Return the outcome that ``document`` told."""
        return cls(**document)


def try_defect(
    workshop: Workshop,
    target: Target,
    defect: Defect,
    node: str,
    likely: Sequence[Sequence[str]],
    *,
    warm: WarmProcess | None = None,
    everything: bool = True,
    good_passes: Callable[[str], bool] = lambda scenario: True,
    told_to_end: threading.Event | None = None,
) -> Outcome:
    """Run the likely killers, then all scenarios, up to the first that does not pass.

    :param likely: groups of scenarios, most likely first. A group is left out if one of it is no scenario any more.
    :param warm: in which to run, if the program of the workshop has no defect itself.
    :param everything: False: the likely killers only.
    :param good_passes: tells whether a device without the defect passes a scenario; asked of one that was not expected
        to find the defect. One that it does not pass finds nothing, and is left out.
    :param told_to_end: once it is set, the run under way is ended and no other begins; None: it never is.
    :raises CancelledError: it was set.
    """
    told_to_end = told_to_end or threading.Event()
    watch = stopwatch()
    parts: list[tuple[tuple[str, ...], float]] = [(tuple(group), LIKELY_TIMEOUT_S) for group in likely if group]
    parts += [(ALL, ALL_TIMEOUT_S)] if everything else []
    expected = {scenario for group in likely for scenario in group}
    left_out: tuple[str, ...] = ()
    while parts:
        paths, timeout = parts[0]
        paths = (*paths, *(word for scenario in left_out for word in ("--deselect", scenario)))
        code, words = run(workshop, paths, node, timeout, warm, told_to_end)
        if code == ExitCode.PASS or code == ExitCode.NOTHING_RUN:
            parts.pop(0)
            continue
        if code == ExitCode.AUTHOR_ERROR and len(parts) > 1:
            parts.pop(0)
            continue
        found = _first_finding(workshop.newest_run) if code != ExitCode.AUTHOR_ERROR else None
        if found is not None and found.verdict is Verdict.RIG_FAULT:  # a busy machine; a defect makes one again
            code, words = run(workshop, paths, node, timeout, warm, told_to_end)
            found = _first_finding(workshop.newest_run) or found
        if found is None:
            return _outcome(target, defect, "no answer", message=words, seconds=watch())
        outcome = judged(target, defect, found, watch())
        if outcome.scenario in expected or outcome.scenario in left_out or good_passes(outcome.scenario):
            return outcome
        left_out = (*left_out, outcome.scenario)
    return _outcome(target, defect, "survived", seconds=watch())


def run(
    workshop: Workshop,
    paths: Sequence[str],
    node: str,
    timeout: float,
    warm: WarmProcess | None,
    told_to_end: threading.Event,
) -> tuple[int, str]:
    """Run scenarios; return the exit code, and the end of what was said. Raises CancelledError if it is told to end."""
    options = ("--rig", "rigs/virtual.yaml", "--node", node, "--seed", SEED, "--benches", "1", "-x", "-q", *QUIET)
    said = workshop.folder / "said.txt"
    environment = {"PYTHONPATH": os.environ.get("PYTHONPATH", str(workshop.root)), "COLUMNS": "160"}
    if warm is not None:
        code = warm.run(["run", *paths, *options], workshop.folder, environment, said, timeout, told_to_end)
    else:
        code = _run_cold(
            [*workshop.program, "run", *paths, *options], workshop.folder, environment, said, timeout, told_to_end
        )
    if told_to_end.is_set():
        raise CancelledError
    return code, said.read_text(encoding="utf-8", errors="replace")[-600:]


def _run_cold(
    command: Sequence[str],
    folder: Path,
    environment: dict[str, str],
    said: Path,
    timeout: float,
    told_to_end: threading.Event,
) -> int:
    process = ChildProcess(
        "trial", command, log=said, environment=os.environ | environment, folder=folder, dies_with_parent=True
    )
    watch = stopwatch()
    while watch() < timeout and not told_to_end.is_set():
        if process.wait(LOOK_EVERY_S) and process.returncode is not None:
            return process.returncode
    process.signal(signal.SIGTERM)
    process.end(SAFE_END_S)
    return ExitCode.INTERNAL_ERROR


def _first_finding(folder: Path) -> ScenarioRecord | None:
    """Return the first scenario of a run that did not pass."""
    try:
        scenarios = RunRecord.load(folder).scenarios
    except OSError:
        return None
    return next((each for each in scenarios if each.verdict not in _NO_FINDING), None)


def judged(target: Target, defect: Defect, found: ScenarioRecord, seconds: float) -> Outcome:
    """Return what a scenario that did not pass says of a defect: who was blamed, and whether the cause was named."""
    start, stop = next(found.of(Kind.START)), next(found.of(Kind.STOP))
    message, setup = str(stop.data.get("reason", "")), str(stop.data.get("setup", ""))
    words = message.casefold()
    # where one device is under test, a fail blames that one; a pair must be told apart in words
    alone = setup.removesuffix(" under test")
    party = target.role == "both" or alone == target.role or target.role in words
    again = shlex.split(str((start.host or {}).get("again", "")))
    return _outcome(
        target,
        defect,
        "found" if found.verdict is Verdict.FAIL else "wrong party",
        scenario=again[2] if len(again) > 2 else found.name,
        message=message,
        party=found.verdict is Verdict.FAIL and party,
        cause=any(word.casefold() in words for word in defect.cause),
        seconds=seconds,
    )


def _outcome(target: Target, defect: Defect, result: Result, **more: Any) -> Outcome:
    facts = (defect.id, target.target, target.role, defect.kind, defect.wrong, defect.requirement)
    return replace(Outcome(*facts, result), **more)

"""A run: node, rig and run folder from the first scenario to the last, and the order in which they end."""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hil.chain.node.providers import choose
from hil.clock import stopwatch, utc_now
from hil.errors import RigFault
from hil.evidence.documents import Json, Kind, Verdict
from hil.evidence.repeated import REPEATED, Repeated
from hil.evidence.run_folder.attaching import Attaching
from hil.evidence.run_folder.scenario_writer import ScenarioWriter
from hil.evidence.verdicts import verdict_of_run
from hil.interrupts import hold, release
from hil.judge.invariants.history import Memory
from hil.rig.chain.access import own_node
from hil.rig.check.kept import CHECKS, last_check
from hil.rig.config.rig_file import RigFile
from hil.rig.description import described, known_before
from hil.rig.open import open_rig
from hil.rig.recorder import Recorder
from hil.rig.rig import Rig
from hil.rig.safety.lock import LOCKS, refuse_locked
from hil.scenario.ending import Ending, OpenScenario, end_scenario
from hil.scenario.run_folder import ScenarioFacts, finish, largest_memory_mb, new_folder, write_not_started
from hil.scenario.scenario import ScenarioRun
from hil.scenario.setups.common import FIRST
from hil.scenario.shared.durations import DURATIONS, title_of
from hil.scenario.shared.worker_report import WorkerReport

COLLECT_AFTER = 50_000
"""New objects before the garbage collector looks at them: readings and events stay, and hold no cycles."""


class Run:
    """One run on one rig. ``close`` must be called; it leaves the bench safe and nothing behind.

    :param seed: decides every key, coin and noise of a virtual run.
    :param requirements: all of the project, each with ``id``, ``text`` and ``source``.
    :param counterpart: which implementation plays what the rig plays, see hil/scenario/setups/common.py.
    """

    def __init__(
        self,
        root: Path,
        rig_file: RigFile,
        *,
        node: str | None,
        seed: int,
        features: Sequence[str] = (),
        requirements: Sequence[Mapping[str, Json]] = (),
        counterpart: str = FIRST,
    ) -> None:
        self.root = root
        self.rig_file = rig_file
        self.seed = seed
        self._node_preference = node
        self._counterpart = counterpart
        self._closing = contextlib.ExitStack()
        self._watch = stopwatch()
        self._verdicts: list[Verdict] = []
        self._rig: Rig | None = None
        self.bench, self._benches = 1, 1
        self.place = ""
        """The place of a coordinator that this part of the run has; empty: none."""
        self.hold_place: Callable[[], None] | None = None
        """Raises RigFault if the place is not this run's any more; None: nothing can take the bench away."""
        self._repeated: list[Repeated] = []
        self._durations: dict[str, float] = {}
        self._taking: tuple[str, Callable[[], float]] | None = None
        self._memory_mb = 0
        self._memory = Memory()
        self.unfit = ""
        """Why the bench must not be given to another scenario; empty if it may be."""
        self._befell: list[tuple[Verdict, str]] = []
        self._open: OpenScenario | None = None
        self._begun: ScenarioWriter | None = None
        """Evidence of a scenario that did not get so far as to have the bench."""
        self.digest, self.observations_digest = "", ""
        document = {
            "seed": str(seed),
            "rig": known_before(self.rig_file),
            "features": list(features),
            **({} if counterpart == FIRST else {"counterpart": counterpart}),
            "requirements": list(requirements),
        }
        self.started = utc_now()
        self._writer = new_folder(root, document, self.started)
        self.folder = self._writer.folder
        self._terminal = os.dup(2)
        """The standard error before pytest captures it: there the watchdog tells a person what it did."""
        self._closing.callback(os.close, self._terminal)

    @property
    def rig(self) -> Rig:
        """The rig, opened when first asked for; after a RigFault or ConfigurationError it is not asked for again."""
        if self._rig is None:
            locks = self.root / LOCKS
            refuse_locked(locks, self.rig_file)
            node = self._closing.enter_context(choose(self._node_preference))
            description = asdict(node.describe())
            self._writer.document["node"] = description
            self._rig = self._closing.enter_context(
                open_rig(
                    self.rig_file,
                    node,
                    self.seed,
                    report=self.folder / f"safe_state{f'-{self.bench}' if self._benches > 1 else ''}.json",
                    locks=locks,
                    errors=self._terminal,
                    number=self.bench,
                    of=self._benches,
                )
            )
            self._rig.watchdog.also = self.hold_place
            # what is loaded by now stays for good: no collection in the middle of a scenario need look at it again
            gc.collect()
            gc.freeze()
            self._closing.callback(gc.set_threshold, *gc.get_threshold())
            gc.set_threshold(COLLECT_AFTER)
            document = {**known_before(self.rig_file), **described(self._rig)}
            if not self._rig.lockstep and (check := last_check(self.root / CHECKS, self.rig_file)) is not None:
                document["check"] = check
            self._writer.document["rig"] = document
            if self._benches == 1:
                self._writer.save()
        return self._rig

    def become_part(self, bench: int, benches: int) -> None:
        """Be the part of the run that bench number ``bench`` of so many has, in a process that was forked for it."""
        self.bench, self._benches = bench, benches
        for learned in (self._verdicts, self._befell, self._durations, self._writer.entries):
            learned.clear()  # the process of the run knows it

    def use_place(self, place: str, rig_file: RigFile) -> None:
        """Take the rig from a place that this process holds; this rig file describes it."""
        self.place, self.rig_file = place, rig_file

    def worker_report(self) -> WorkerReport:
        """Return what this part has learned since it was last asked; for :meth:`merge` in the process of the run."""
        entries, verdicts = dict(self._writer.entries), list(self._verdicts)
        self._writer.entries.clear()
        self._verdicts.clear()
        facts = {name: self._writer.document[name] for name in ("node", "rig") if self._rig is not None}
        befell, self._befell = self._befell, []
        durations, self._durations = self._durations, {}
        return WorkerReport(verdicts, entries, facts, largest_memory_mb(), befell, durations, self.place)

    def merge(self, report: WorkerReport, *, counts: bool = True) -> None:
        """Take up what a part has learned, but the verdicts if they may not count (:meth:`note_repeated`)."""
        self._verdicts += report.verdicts if counts else []
        self._durations |= report.durations
        self._writer.entries |= report.entries
        self._memory_mb = max(self._memory_mb, report.memory_mb)
        for verdict, why in report.befell:
            self.note(verdict, why)
        if report.facts and "node" not in self._writer.document:
            self._writer.document |= report.facts
            self._writer.save()
        if report.facts and report.place:
            self._add_place(report.place, report.facts["rig"])

    def _add_place(self, place: str, rig: Any) -> None:
        """Note the instruments of a place: each rig has its own."""
        places = self._writer.document.setdefault("places", {})
        if isinstance(places, dict) and place not in places:
            places[place] = {"rig": rig["name"], "instruments": rig["instruments"]}

    def note_repeated(self, repeated: Repeated) -> None:
        """Let a scenario that ran again on another rig count by its second attempt."""
        self._repeated.append(repeated)

    def close_bench(self) -> None:
        """Let go of rig and node; idempotent. The evidence stays open."""
        self._closing.close()

    def begin(self, number: int, facts: ScenarioFacts) -> OpenScenario:
        """Open the evidence of a scenario and give it the bench; one that has it still is ended first."""
        if self._open is not None:
            self.end(self._open, Verdict.FRAMEWORK_ERROR, "it was never ended")
        if self.unfit:
            raise RigFault(self.unfit, place="bench", remedy="Look at the bench, then rerun.")
        rig = self.rig
        rig.rewind()
        with contextlib.ExitStack() as closing:
            key = f"{self.seed}/{facts.feature}/{facts.label}"
            node, host = own_node(facts.tags, self.seed, self._node_preference), facts.host()
            if node is None and rig.lockstep:
                node = rig.chain.substitute(key, self._node_preference)
                host |= {"node": "of its own, because another scenario has had its coin"} if node is not None else {}
            if node is not None:
                closing.enter_context(rig.with_node(node, facts.tags, self._node_preference))
            rig.chain.ledger.serve(key)
            writer = self._begun = self._writer.scenario(number, facts.name)

            def on_idle() -> None:
                writer.encode_waiting()
                rig.watchdog.beat()

            rig.clock.on_idle = on_idle
            recorder = Recorder(writer, rig.clock, Attaching(self.root, self._writer.folder, number))
            begin = facts.document(self.seed, self.rig_file.options.name)
            host |= {"place": self.place} if self.place else {}
            recorder.observe(Kind.START, "bench", begin, host=host)
            scenario = ScenarioRun(rig, recorder, key, self._counterpart)
            scenario.memory = self._memory
            # whatever fails before this ends the scenario's node as well
            self._open = OpenScenario(scenario, recorder, writer, closing.pop_all())
        self._begun = None
        self._taking = title_of(facts), stopwatch()
        return self._open

    def end(self, scenario: OpenScenario, verdict: Verdict, reason: str) -> tuple[Verdict, str]:
        """Make the bench safe and write the STOP event, whatever is raised meanwhile; return the verdict that stands.

        Ctrl-C, and whatever else asks the program to end, has its effect when all is done.
        """
        ending = Ending(verdict, reason)
        hold()
        try:
            safe = end_scenario(scenario, ending)
            ending.phase(lambda: self._writer.scenario_done(scenario.writer))
            if not safe.reached:
                self.unfit = "the bench did not reach its safe state"
            elif scenario.run.rig.watchdog.lost is not None:
                self.unfit = "the watchdog is lost"
        finally:
            self._open = None
            if self._taking is not None:
                self._durations[self._taking[0]] = round(self._taking[1](), 1)
            self._verdicts.append(ending.verdict)
            scenario.outcome = ending.verdict, ending.reason
            release()
        if ending.interrupt is not None:
            raise ending.interrupt
        return scenario.outcome

    def record_failed_start(self, number: int, facts: ScenarioFacts, verdict: Verdict, reason: str) -> None:
        """Write the evidence of a scenario for which the bench could not be had."""
        begun, self._begun = self._begun, None
        ending, begin = Ending(verdict, reason), facts.document(self.seed, self.rig_file.options.name)
        ending.phase(lambda: write_not_started(self._writer, number, begin, facts.host(), verdict, reason, begun))
        self._verdicts.append(ending.verdict)
        if ending.verdict is not verdict:
            self.note(ending.verdict, ending.reason)

    def note(self, verdict: Verdict, why: str) -> None:
        """Add a verdict that concerns the run as a whole and no single scenario, with its reason."""
        if (verdict, why) not in self._befell:
            self._befell.append((verdict, why))

    @property
    def befell(self) -> list[str]:
        """The verdicts that concern the run as a whole, with their reasons, as text."""
        return [f"{verdict}: {why}" for verdict, why in self._befell]

    def close(self, *, interrupted: bool = False) -> Verdict:
        """Let go of rig and node, write verdict, digest and manifest. Returns the verdict of the run."""
        if self._open is not None:
            self.end(self._open, Verdict.NOT_RUN, "the run ended before")
        ending = Ending(Verdict.NOT_RUN, "")
        ending.phase(self.close_bench)
        ending.phase(lambda: self._finish(interrupted=interrupted, ending=ending))
        if ending.verdict is not Verdict.NOT_RUN:
            self.note(ending.verdict, ending.reason)
            self.observations_digest = self._writer.observations_digest()
        if ending.interrupt is not None:
            raise ending.interrupt
        return self.verdict(interrupted=interrupted)

    def verdict(self, *, interrupted: bool) -> Verdict:
        """Return the verdict of the run as far as it is known."""
        also = [verdict for verdict, _ in self._befell] + [Verdict.NOT_RUN] * interrupted
        return verdict_of_run([*self._verdicts, *[None] * len(self._cut_off())], also)

    def _cut_off(self) -> list[Path]:
        """Return the files of scenarios that have no end and did not run again."""
        begins = tuple(f"{each.scenario:04d}-" for each in self._repeated)
        return [path for path in self._writer.without_end() if not path.name.startswith(begins or ("/",))]

    def _finish(self, *, interrupted: bool, ending: Ending) -> None:
        if ending.verdict is not Verdict.NOT_RUN:
            self.note(ending.verdict, ending.reason)
        if self._befell:
            self._writer.document["befell"] = [{"verdict": each.value, "why": why} for each, why in self._befell]
        if self._repeated:
            self._writer.document[REPEATED] = [each.document() for each in self._repeated]
        self._writer.host[DURATIONS] = self._durations
        elapsed = self._watch()
        self._writer.host["wall_s"] = round(elapsed, 3)
        self._writer.host["max_rss_mb"] = max(self._memory_mb, largest_memory_mb())
        self.observations_digest = self._writer.observations_digest()
        self.digest = finish(self._writer, self.verdict(interrupted=interrupted), self.started, elapsed)

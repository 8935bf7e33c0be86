"""A run: node, rig and run folder from the first scenario to the last, and the order in which they end."""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from hil.chain.providers import choose
from hil.clock import stopwatch, utc_now
from hil.errors import RigFault
from hil.evidence.documents import Json, Kind, Verdict
from hil.evidence.limits import worst
from hil.evidence.store import ScenarioWriter
from hil.rig.file import RigFile
from hil.rig.ledger_side import own_node
from hil.rig.opening import open_rig
from hil.rig.recorder import Recorder
from hil.rig.rig import Rig, SafeState
from hil.rig.rig_document import described, known_before
from hil.rig.safety.lock import LOCKS, refuse_locked
from hil.scenario import integrity_checks as inspection
from hil.scenario.run_folder import ScenarioFacts, finish, largest_memory_mb, new_folder, write_not_started
from hil.scenario.scenario import Trial

COLLECT_AFTER = 50_000
"""New objects before the garbage collector looks at them: readings and events stay, and hold no cycles."""


@dataclass
class OpenScenario:
    """A scenario that is running: its trial, and the file that its events go to."""

    trial: Trial
    recorder: Recorder
    writer: ScenarioWriter
    closing: contextlib.ExitStack
    """What the scenario has for itself."""


@dataclass(frozen=True)
class News:
    """What the part of a run that one of several benches has learned since it last told."""

    verdicts: list[Verdict]
    digests: dict[str, str]
    """Of the scenarios that are done, by the name of their file."""
    facts: dict[str, Json]
    """What ``run.json`` says of rig and node, once they are known."""
    memory_mb: int
    """The most that the process has had."""


class Run:
    """One run on one rig. ``close`` must be called; it leaves the bench safe and nothing behind.

    :param seed: decides every key, coin and noise of a virtual run.
    :param requirements: all of the project, each with ``id``, ``text`` and ``source``.
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
    ) -> None:
        self.root = root
        self.rig_file = rig_file
        self.seed = seed
        self._node_preference = node
        self._closing = contextlib.ExitStack()
        self._watch = stopwatch()
        self._verdicts: list[Verdict] = []
        self._rig: Rig | None = None
        self._bench, self._benches = 1, 1
        self._memory_mb = 0
        self.bench_is_safe = True
        """Whether the bench obeyed when it was last told to become safe."""
        self.digest = ""
        document = {
            "seed": str(seed),
            "rig": known_before(self.rig_file),
            "features": list(features),
            "requirements": list(requirements),
        }
        self._writer = new_folder(root, document)
        self.folder = self._writer.folder
        self._terminal = os.dup(2)
        """The standard error before pytest captures it: there the watchdog tells a person what it did."""
        self._closing.callback(os.close, self._terminal)

    @property
    def rig(self) -> Rig:
        """The rig, opened when it is first asked for; raises RigFault or ConfigurationError if it cannot be.

        Whoever gets such an error asks no second time: the bench stays broken until a person has looked.
        """
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
                    report=self.folder / f"safe_state{f'-{self._bench}' if self._benches > 1 else ''}.json",
                    locks=locks,
                    errors=self._terminal,
                    number=self._bench,
                    of=self._benches,
                )
            )
            # what is loaded by now stays for good: no collection in the middle of a scenario need look at it again
            gc.collect()
            gc.freeze()
            self._closing.callback(gc.set_threshold, *gc.get_threshold())
            gc.set_threshold(COLLECT_AFTER)
            self._writer.document["rig"] = {**known_before(self.rig_file), **described(self._rig)}
            if self._benches == 1:
                self._writer.save()
        return self._rig

    def become_part(self, bench: int, benches: int) -> None:
        """Be the part of the run that bench number ``bench`` of so many has, in a process that was forked for it."""
        self._bench, self._benches = bench, benches

    def news(self) -> News:
        """Return what this part has learned since it was last asked; for :meth:`hear` in the process of the run."""
        digests, verdicts = dict(self._writer.digests), list(self._verdicts)
        self._writer.digests.clear()
        self._verdicts.clear()
        facts = {name: self._writer.document[name] for name in ("node", "rig") if self._rig is not None}
        return News(verdicts, digests, facts, largest_memory_mb())

    def hear(self, news: News) -> None:
        """Take up what a part has learned."""
        self._verdicts += news.verdicts
        self._writer.digests |= news.digests
        self._memory_mb = max(self._memory_mb, news.memory_mb)
        if news.facts and "node" not in self._writer.document:
            self._writer.document |= news.facts
            self._writer.save()

    def close_bench(self) -> None:
        """Let go of rig and node; idempotent. The evidence stays open."""
        self._closing.close()

    def begin(self, number: int, facts: ScenarioFacts) -> OpenScenario:
        """Open the evidence of a scenario and give it the bench."""
        rig = self.rig
        rig.rewind()
        with contextlib.ExitStack() as closing:
            key = f"{self.seed}/{facts.feature}/{facts.label}"
            node, host = own_node(facts.tags, self.seed, self._node_preference), facts.host()
            if node is None and rig.lockstep:
                node = rig.side.substitute(key, self._node_preference)
                host |= {"node": "of its own, because another scenario has had its coin"} if node is not None else {}
            if node is not None:
                closing.enter_context(rig.with_node(node, facts.tags, self._node_preference))
            rig.side.bank.serve(key)
            writer = self._writer.scenario(number, facts.name)

            def meanwhile() -> None:
                writer.encode_waiting()
                rig.guard.beat()

            rig.clock.meanwhile = meanwhile
            recorder = Recorder(writer, rig.clock)
            recorder.write(Kind.START, "bench", facts.document(self.seed), host=host)
            trial = Trial(rig, recorder, key)
            # whatever fails before this ends the scenario's node as well
            return OpenScenario(trial, recorder, writer, closing.pop_all())

    def end(self, scenario: OpenScenario, verdict: Verdict, reason: str) -> tuple[Verdict, str]:
        """Make the bench safe and write the STOP event; return the verdict that stands, and why."""
        trial = scenario.trial
        try:
            for finding in trial.finish(to_its_end=verdict is not Verdict.NOT_RUN):
                verdict, reason = worst([verdict, finding.verdict]), reason or str(finding)
        except RigFault as error:  # evidence cannot be written; the bench must become safe all the same
            verdict, reason = Verdict.RIG_FAULT, str(error)
        verdict, reason = _stands(verdict, reason, trial, inspection.as_told)
        safe = trial.rig.make_safe()
        self.bench_is_safe = safe.reached
        # only now: a node that hangs is waited for
        if verdict in {Verdict.FAIL, Verdict.INCONCLUSIVE} and (why := trial.lost_ledger()):
            verdict, reason = Verdict.RIG_FAULT, f"{why}; before that: {reason}"
        if safe.reached:
            verdict, reason = _stands(verdict, reason, trial, inspection.at_rest)
        if verdict in {Verdict.FAIL, Verdict.INCONCLUSIVE}:
            verdict, reason = _stands(verdict, reason, trial, inspection.wire_in_doubt)
        if not safe.reached:
            verdict, reason = Verdict.RIG_FAULT, "; before that: ".join(filter(None, [safe.problem, reason]))
        try:
            self._stop(scenario, verdict, reason, safe)
        except RigFault as error:
            verdict, reason = Verdict.RIG_FAULT, str(error)
        try:
            scenario.closing.close()
        except RigFault as error:
            verdict, reason = Verdict.RIG_FAULT, str(error)
        self._verdicts.append(verdict)
        return verdict, reason

    def record_failed_start(self, number: int, facts: ScenarioFacts, verdict: Verdict, reason: str) -> None:
        """Write the evidence of a scenario for which the bench could not be had."""
        write_not_started(self._writer, number, facts, self.seed, verdict, reason)
        self._verdicts.append(verdict)

    def _stop(self, scenario: OpenScenario, verdict: Verdict, reason: str, safe: SafeState) -> None:
        data: dict[str, Json] = {
            "verdict": verdict.value,
            "reason": reason,
            "setup": scenario.trial.plan.setup,
            "safe_state": {"reached": safe.reached, "seconds": round(safe.seconds, 6)},
        }
        host: dict[str, Json] = {
            "wall": utc_now().isoformat(),
            "safe_state_wall_s": round(safe.wall_seconds, 6),
            "largest_clock_bound_s": round(scenario.trial.clock.largest_bound, 6),
        }
        scenario.recorder.write(Kind.STOP, "bench", data, host=host)
        self._writer.scenario_done(scenario.writer)

    def close(self, verdict: Verdict | None = None) -> Verdict:
        """Let go of rig and node, write verdict, digest and manifest. Returns the verdict of the run.

        A run of which a part did not run is no pass.
        """
        try:
            self.close_bench()
        finally:
            verdicts = [*self._verdicts, *([verdict] if verdict is not None else [])]
            verdict = worst(verdicts)
            if verdict is Verdict.PASS and Verdict.NOT_RUN in verdicts:
                verdict = Verdict.NOT_RUN
            self._writer.host["wall_s"] = round(self._watch(), 3)
            self._writer.host["max_rss_mb"] = max(self._memory_mb, largest_memory_mb())
            self.digest = finish(self._writer, verdict)
        return verdict


def _stands(verdict: Verdict, reason: str, trial: Trial, inspect: Callable[[Trial], None]) -> tuple[Verdict, str]:
    """Return the verdict on a device, unless the bench proves to be faulty: then nothing can be said of the device."""
    if verdict not in {Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE}:
        return verdict, reason
    try:
        inspect(trial)
    except RigFault as error:
        return Verdict.RIG_FAULT, f"{error} Before that: {reason}" if reason else str(error)
    return verdict, reason

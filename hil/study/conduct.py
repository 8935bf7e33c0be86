"""Conducts a study as a run: opening of the rig, watchdog, limits, safe state and evidence are those of scenarios."""

from __future__ import annotations

import dataclasses
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.clock import utc_now
from hil.errors import HilError, RigFault
from hil.evidence.documents import Kind, Verdict
from hil.evidence.own_error import told
from hil.evidence.verdicts import verdict_of
from hil.history.studies.sessions import Measured, StudySession
from hil.interrupts import heard, interruptible
from hil.scenario.run import Run
from hil.scenario.run_folder import ScenarioFacts
from hil.study.bench import BenchSession

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hil.rig.config.rig_file import RigFile
    from hil.study.design import Design

FEATURE = "rig study"


@dataclass(frozen=True)
class Conducted:
    """What came of the run.

    :ivar failure: why it has no more sessions; None if all took place.
    """

    folder: Path
    sessions: list[StudySession]
    verdict: Verdict
    failure: HilError | None


def conduct(
    root: Path,
    rig: RigFile,
    design: Design,
    *,
    benches: int,
    node: str | None,
    seed: int,
    operator: str,
    again: str,
    progress: Callable[[str], None],
) -> Conducted:
    """Measure one session for each of so many benches; the bench is safe after each, whatever happens.

    :param benches: of a virtual rig, each with instruments whose errors another seed draws; of a physical one 1.
    :param again: the command that does the same again.
    """
    failure: HilError | None = None
    found: list[tuple[str, str, tuple[Measured, ...]]] = []
    interrupted = True
    with interruptible():  # a terminated study ends as an interrupted one does: the bench becomes safe
        run = Run(root, rig, node=node, seed=seed)
        try:
            for number in range(1, benches + 1):
                name = f"bench {number}" if rig.virtual else rig.options.name
                began = utc_now().isoformat()
                try:
                    found.append((name, began, _session(run, number, name, design, again, progress)))
                except Exception as error:
                    failure = told(error)
                    break
            interrupted = False
        finally:
            for each in heard():  # an impatient second Ctrl-C must not leave the mains on
                signal.signal(each, signal.SIG_IGN)
            verdict = run.close(interrupted=interrupted)
    if failure is None and verdict is not Verdict.PASS:
        failure = RigFault("; ".join(run.befell) or f"the run ended with {verdict}", place=str(run.folder))
    common = {"run_id": run.folder.name, "digest": run.digest, "rig": rig.options.name, "virtual": rig.virtual}
    sessions = [
        StudySession(
            **common,  # type: ignore[arg-type]  # of different kinds
            number=number,
            began=began,
            bench=name,
            operator=operator,
            seed=str(seed),
            measured=measured,
        )
        for number, (name, began, measured) in enumerate(found, 1)
    ]
    return Conducted(run.folder, sessions, verdict, failure)


def _session(
    run: Run, number: int, name: str, design: Design, again: str, progress: Callable[[str], None]
) -> tuple[Measured, ...]:
    """Carry out one session, with its evidence; raises what ended it, when the bench is safe."""
    facts = ScenarioFacts(f"Study, {name}", name, FEATURE, 0, (), again)
    opened = run.begin(number, facts)
    verdict, reason, failure = Verdict.NOT_RUN, "it was interrupted", None
    measured: tuple[Measured, ...] = ()
    try:
        session = BenchSession(opened.run, design, f"{run.seed}/{number}", progress)
        measured = session.measure()
        for each in measured:
            opened.recorder.observe(Kind.READING, "study", dataclasses.asdict(each))
        verdict, reason = Verdict.PASS, ""
    except Exception as error:
        verdict, reason, failure = verdict_of(error), str(told(error)), error
    finally:
        verdict, reason = run.end(opened, verdict, reason)
    if failure is not None:
        raise failure
    if verdict is not Verdict.PASS:
        raise RigFault(reason, place=f"session {number}")
    return measured

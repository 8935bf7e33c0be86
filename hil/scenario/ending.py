"""The end of a scenario, or of a run, as a sequence of phases; an error in one phase does not skip the later ones."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.clock import utc_now
from hil.errors import RigFault
from hil.evidence.documents import Json, Kind, Verdict
from hil.evidence.own_error import told
from hil.evidence.run_folder.scenario_writer import ScenarioWriter, Unencodable
from hil.evidence.verdicts import verdict_of, worst
from hil.judge.codes import CloseReason
from hil.judge.messages import Close, Error, told_end
from hil.rig.config.rig_file import OTHER_SOCKET
from hil.rig.recorder import Frame, Recorder, Stamp, sent_by
from hil.rig.safety.run_safe_state import SafeState
from hil.rig.safety.standstill import standstills, told_standstills
from hil.rig.virtual.process import end_of
from hil.scenario import integrity_checks as inspection
from hil.scenario.measurements import invariants
from hil.scenario.scenario import ScenarioRun
from hil.scenario.setups.reference import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ON_A_DEVICE = frozenset({Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE})
"""Verdicts that say something of the device under test, and do not stand if the bench proves to be faulty."""


class Ending:
    """The verdict so far, its reason, and what becomes of both while the phases are gone through.

    :ivar interrupt: what asks the program to end; it is raised when the last phase is over.
    """

    def __init__(self, verdict: Verdict, reason: str) -> None:
        self.verdict = verdict
        self.reason = reason
        self.interrupt: BaseException | None = None
        self.invariants: Mapping[str, Json] = {}
        """What became of the invariants of the protocol; empty unless they were held."""

    @property
    def on_a_device(self) -> bool:
        """Whether the verdict so far says something of the device."""
        return self.verdict in ON_A_DEVICE

    def phase(self, deed: Callable[[], object]) -> None:
        """Carry out one phase; an error of it is taken up and not raised."""
        try:
            deed()
        except KeyboardInterrupt as error:  # when the bench is safe and all is recorded
            self.interrupt = self.interrupt or error
        except BaseException as error:  # such as a skip or an exit: the phase failed
            self.blame(error)

    def blame(self, error: BaseException) -> None:
        """Take up an error by whom it blames."""
        self.add(verdict_of(error), str(told(error)))

    def add(self, verdict: Verdict, reason: str) -> None:
        """Take up a finding: the worse one stands, and names the other one after it."""
        if worst([self.verdict, verdict]) is self.verdict:
            if reason and reason not in self.reason:
                self.reason = f"{self.reason.removesuffix('.')}; then: {reason}" if self.reason else reason
            return
        self.put_first(verdict, reason)

    def put_first(self, verdict: Verdict, reason: str, *, rest: str = "before that") -> None:
        """Take up what a reader must see before all else, such as a bench that is not safe.

        :param rest: how what was taken up so far is introduced.
        """
        joint = f" {rest.capitalize()}: " if reason.endswith(".") else f"; {rest}: "
        self.reason = joint.join(filter(None, [reason, self.reason]))
        self.verdict = worst([self.verdict, verdict])


@dataclass
class OpenScenario:
    """A scenario that is running: what runs, and the file that its events go to."""

    run: ScenarioRun
    recorder: Recorder
    writer: ScenarioWriter
    closing: contextlib.ExitStack
    """What the scenario has for itself."""
    outcome: tuple[Verdict, str] = (Verdict.NOT_RUN, "")
    """The verdict that stands, and why, once the scenario has ended."""


def end_scenario(scenario: OpenScenario, ending: Ending) -> SafeState:
    """Go through the end of a scenario: all is stopped, the bench made safe, the verdict settled, STOP written.

    Raises nothing; returns how the bench became safe.
    """
    run, to_its_end = scenario.run, ending.verdict is not Verdict.NOT_RUN
    for stop in run.endings():
        ending.phase(stop)
    if ending.on_a_device:
        ending.phase(lambda: inspection.as_told(run.rig))
    safe = _make_safe(run, ending)
    if to_its_end:
        ending.phase(lambda: _take_missing(run, ending))
    if ending.on_a_device:
        ending.phase(lambda: _hold_invariants(run, ending))
    if ending.verdict in {Verdict.FAIL, Verdict.INCONCLUSIVE}:
        ending.phase(lambda: _quote_end(run, ending))
    # only now: a node that hangs is waited for
    if ending.verdict in {Verdict.FAIL, Verdict.INCONCLUSIVE}:
        ending.phase(lambda: _ask_for_ledger(run))
    if safe.reached and ending.on_a_device:
        ending.phase(lambda: inspection.at_rest(run.rig))
    if ending.verdict in {Verdict.FAIL, Verdict.INCONCLUSIVE}:
        ending.phase(lambda: inspection.wire_in_doubt(run.rig, run.recorder, run.plan.setup))
    ending.phase(lambda: _blame_standstill(scenario, ending))
    if not safe.reached:
        ending.put_first(Verdict.RIG_FAULT, safe.problem)
    if why := end_of(run.rig.bench):
        ending.put_first(Verdict.RIG_FAULT, why, rest="also found")
    ending.phase(scenario.closing.close)
    ending.phase(lambda: _stop(scenario, ending, safe))
    return safe


def _make_safe(run: ScenarioRun, ending: Ending) -> SafeState:
    safe = SafeState(False, 0.0, 0.0, "the bench was not made safe")

    def make_safe() -> None:
        nonlocal safe
        safe = run.rig.make_safe()

    ending.phase(make_safe)
    for found in safe.aside:
        ending.blame(found)
    return safe


def _take_missing(run: ScenarioRun, ending: Ending) -> None:
    """Record what was declared and not taken; a scenario of which that is so is no pass."""
    missing = run.finish()
    if missing and ending.verdict is Verdict.PASS:
        ending.add(Verdict.INCONCLUSIVE, str(missing[0]))


def _hold_invariants(run: ScenarioRun, ending: Ending) -> None:
    """Hold what was recorded against the invariants of the protocol; a broken one is a failure of the device."""
    if run.plan.setup in (OTHER_SOCKET, REFERENCE):
        return  # nothing on the bench speaks the protocol
    held = invariants.hold(run.observer, run.memory)
    ending.invariants = held.document()
    for breach in held.broken:
        run.findings.add(invariants.finding_of(breach))
        ending.add(Verdict.FAIL, breach.short)


def _quote_end(run: ScenarioRun, ending: Ending) -> None:
    """Add what a side refused last, else why it closed: a session that ended too soon ended for that."""
    closes = run.observer.messages(Close)
    first = [
        each for each in closes if each[1].reason is not CloseReason.PEER_CLOSED
    ] or closes  # not the answer to one
    ends: list[tuple[Frame, Error | Close]] = [*run.observer.messages(Error)[-1:], *first[-1:]]
    if not ends:
        return
    frame, message = ends[0]
    word = message.code if isinstance(message, Error) else message.reason
    if word.name not in ending.reason:
        sender = "socket" if frame.direction == sent_by("socket") else "cable"
        ending.add(ending.verdict, f"the {sender} said {told_end(message)} at {frame.t:.3f} s")


def _blame_standstill(scenario: OpenScenario, ending: Ending) -> None:
    """Record what did not run while the devices did, and let no device be blamed that may have failed for that.

    A pass stands if the clock went on: the bounds of what was observed reach over the time in which nothing was.
    """
    run = scenario.run
    found = standstills(run.rig.clock, run.rig.bench)
    for each in found:
        stamp = Stamp(each.until, float(run.clock.bound))
        data: dict[str, Json] = {"what": str(each), "who": "bench"}
        scenario.recorder.observe(Kind.FAULT, "bench", data, before=each.seconds, stamp=stamp)
    if ending.verdict is Verdict.PASS:
        found = [each for each in found if each.lost]
    elif ending.on_a_device and (began := run.observer.powered_on) is not None:
        found = [each for each in found if each.lost or each.until >= began.t]
    if found and (ending.on_a_device or ending.verdict is Verdict.RIG_FAULT):
        ending.put_first(Verdict.RIG_FAULT, told_standstills(found), rest="also found")


def _ask_for_ledger(run: ScenarioRun) -> None:
    if why := run.lost_ledger():
        raise RigFault(why)


def _stop(scenario: OpenScenario, ending: Ending, safe: SafeState) -> None:
    """Write the STOP event; a reason that no file can hold is told in other words."""
    try:
        _write_stop(scenario, ending, safe)
    except Unencodable as error:
        ending.blame(error)
        ending.reason = ending.reason.encode("ascii", "backslashreplace").decode()
        _write_stop(scenario, ending, SafeState(safe.reached, safe.seconds, safe.wall_seconds))


def _write_stop(scenario: OpenScenario, ending: Ending, safe: SafeState) -> None:
    run = scenario.run
    state: dict[str, Json] = {"reached": safe.reached, "seconds": round(safe.seconds, 6)}
    state |= {"remarks": [str(each) for each in safe.aside]} if safe.aside else {}
    data: dict[str, Json] = {
        "verdict": ending.verdict.value,
        "reason": ending.reason,
        "setup": run.plan.setup,
        "safe_state": state,
        **({"invariants": ending.invariants} if ending.invariants else {}),
    }
    host: dict[str, Json] = {
        "wall": utc_now().isoformat(),
        "safe_state_wall_s": round(safe.wall_seconds, 6),
        "largest_clock_bound_s": round(run.clock.largest_bound, 6),
    }
    scenario.recorder.observe(Kind.STOP, "bench", data, host=host)

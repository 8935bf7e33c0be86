"""The safe state as a run itself reaches it, over the connections that it has; the watchdog has others of its own.

Load off and relays open come first, read back, and nothing keeps them from it. Then the bench is looked at, and what
cannot be had there is told by its name: a meter that does not answer is a finding about the meter. Only current that
flows, voltage behind K1, or a mirror contact that contradicts its coil says that a contact did not open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.clock import WallClock, stopwatch
from hil.errors import HilError, RigFault
from hil.evidence.own_error import told
from hil.interrupts import hold, release
from hil.rig.safety.contacts import CONTACT_S
from hil.rig.safety.lock import write_lock
from hil.rig.safety.standalone_safe_state import look_for_power

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from hil.clock import Clock
    from hil.ports import Meter
    from hil.rig.config.rig_file import RigFile
    from hil.rig.labgrid.bench_strategy import BenchStrategy
    from hil.rig.labgrid.relays import MirrorContact
    from hil.rig.safety.watchdog_client import WatchdogClient
    from hil.rig.sampling.timer import Sampling

SAMPLING_END_S = 4.0
"""For the meter's last query to end: as long as its driver waits for a reply, and once more for a connection."""

TRIES = 8
"""How often a wait is gone on with that an error of the clock's loop has ended."""


@dataclass(frozen=True)
class SafeState:
    """How the bench came to its safe state.

    :param seconds: bench time that it took; ``wall_seconds`` the same by this machine's clock.
    :param problem: why it is not safe, as far as is known; empty if it is.
    :param aside: what failed beside that: errors of the meter, of a line, of the watchdog. They do not make it unsafe.
    """

    reached: bool
    seconds: float
    wall_seconds: float
    problem: str = ""
    aside: tuple[HilError, ...] = ()


@dataclass(frozen=True)
class Parts:
    """What of a rig takes part.

    :param meter: None: it was not prepared in this scenario, so that it cannot tell.
    :param locks: folder of locks; None: a bench that cannot be made safe is not locked.
    """

    file: RigFile
    clock: Clock
    lockstep: bool
    strategy: BenchStrategy
    sampling: Sampling | None
    meter: Meter | None
    mirror_contacts: Mapping[str, MirrorContact]
    watchdog: WatchdogClient
    locks: Path | None


def make_safe(parts: Parts) -> SafeState:
    """Bring the bench to its safe state and say how long it took; never raises for anything that the bench does.

    If it does not obey, the watchdog tries with connections of its own, and locks the rig if that fails too. The
    bench counts as broken either way.
    """
    hold()  # Ctrl-C has its effect when the bench is safe
    try:
        return _Attempt(parts).make()
    finally:
        release()


class _Attempt:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._aside: dict[str, HilError] = {}
        self.now = parts.clock.now

    def make(self) -> SafeState:
        parts = self._parts
        began, watch = self.now(), stopwatch()
        if parts.sampling is not None:
            self._try(parts.sampling.stop)
        problem = ""
        try:
            parts.strategy.make_safe()
        except Exception as error:
            problem = str(told(error))
        for unheard in parts.strategy.unheard:
            self._note(unheard)
        seconds, wall_seconds = self.now() - began, watch()
        welded = "" if problem else self._still_live()
        problem = problem or welded
        if problem:
            problem = self._trip_watchdog(problem, welded)
        else:
            self._try(parts.watchdog.disarm)
        return SafeState(not problem, seconds, wall_seconds, problem, tuple(self._aside.values()))

    def sleep(self, duration: float, /) -> None:
        """Let time pass, whatever the clock's loop raises meanwhile; raises RigFault if it does not pass at all."""
        end, last = self.now() + duration, None
        for _ in range(TRIES):
            try:
                self._parts.clock.sleep(end - self.now())
                return
            except Exception as error:
                self._note(error)
                last = error
        if not self._parts.lockstep:  # a line that is lost is told of at once, again and again
            WallClock().sleep(end - self.now())
        elif self.now() < end:
            raise RigFault("the bench's time stands still", place="virtual bench") from last

    def _trip_watchdog(self, problem: str, welded: str) -> str:
        watchdog, locks = self._parts.watchdog, self._parts.locks
        locked = bool(welded)  # nothing that the watchdog reads back can change that
        try:
            second = watchdog.trip("the run could not make the bench safe")
            state = f"reached it in {second['ms']:.0f} ms"
            if not second["reached"]:
                # most of it is what the run has met with its own connections
                new = [each for each in str(second["problem"]).split("; ") if each not in problem]
                state = f"neither: {'; '.join(new)}" if new else "neither, for the same reasons"
            problem = f"{problem.removesuffix('.')}; the watchdog, with connections of its own: {state}"
        except Exception as error:
            locked = True
            problem = f"{problem.removesuffix('.')}; {told(error)}"
        if locked and locks is not None:
            try:
                write_lock(locks, self._parts.file, problem)
            except Exception as error:
                problem = f"{problem.removesuffix('.')}; {told(error)}"
        return problem

    def _still_live(self) -> str:
        """Return what meter and mirror contacts have against a bench whose relays all read back open; empty: nothing.

        A meter that cannot tell, and a contact that cannot be read or had no time to move, are noted and prove nothing.
        """
        opened, found = self.now(), ""
        meter = self._parts.meter
        if meter is not None and self._meter_is_free():
            try:
                found = look_for_power(meter, self)[1]
            except Exception as error:
                self._note(error, "whether power still flows cannot be told")
        closed = []
        if self._parts.mirror_contacts and self._contacts_had_time(opened):
            for contact in self._parts.mirror_contacts.values():
                try:
                    if contact.is_closed():
                        closed.append(str(contact.refuse(told=False)))
                except Exception as error:
                    self._note(error)
        return "; ".join(filter(None, [*closed, found]))

    def _contacts_had_time(self, opened: float) -> bool:
        """Wait until contacts that were moving at ``opened`` must have moved; tell whether that has come."""
        if self._parts.lockstep and opened <= 0:  # at zero nothing has moved since the bench was safe
            return True
        if (left := opened + CONTACT_S - self.now()) > 0:
            self._try(lambda: self.sleep(left))
        return self.now() >= opened + CONTACT_S

    def _meter_is_free(self) -> bool:
        """Wait until the sampling asks the meter no more; tell whether that has come."""
        sampling = self._parts.sampling
        if sampling is None:
            return True
        for _ in range(TRIES):
            try:
                if sampling.ended(SAMPLING_END_S):
                    return True
                break
            except Exception as error:
                self._note(error)
        self._note(RigFault("its driver did not come back: whether power still flows cannot be told", place="meter"))
        return False

    def _try(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:
            self._note(error)

    def _note(self, error: Exception, what: str = "") -> None:
        found = told(error)
        if what:
            found = type(found)(f"{what}: {found.what}", place=found.place, remedy=found.remedy)
        self._aside.setdefault(str(found), found)

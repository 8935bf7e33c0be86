"""Times in which a process of the bench, or the whole machine, did not run, though the devices went on.

Whatever the bench owes a device comes late then: an answer of the counterpart, a passed-on message, the ledger, the
contact of a virtual bench. A device that fails for that has not failed (docs/decisions/0036-what-stood-still.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hil.errors import sentences
from hil.rig.realtime.clock import RigClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.clock import Clock
    from hil.rig.virtual.client import VirtualBenchClient

THE_RUN: Final = "the process of this run"
THE_BENCH: Final = "the virtual bench"
THE_MACHINE: Final = "this machine"

KEPT_UP_S: Final = 1.0
"""A virtual bench that did not run for longer leaves out the rest (hil/vbench/control/wall_time.py)."""


@dataclass(frozen=True)
class Standstill:
    """One such time; it ended at the instant ``until``, in seconds of the scenario."""

    who: str
    seconds: float
    until: float

    @property
    def lost(self) -> bool:
        """Whether time went by that the clock of the bench did not count: then no measurement of it holds."""
        return self.who == THE_MACHINE or (self.who == THE_BENCH and self.seconds > KEPT_UP_S)

    def __str__(self) -> str:
        how = "was suspended" if self.who == THE_MACHINE else "stood still"
        return f"{self.who} {how} for {self.seconds:.1f} s, until {self.until:.3f} s"


def told_standstills(found: Sequence[Standstill]) -> str:
    """Return what stood still longest, how often something else did, and what to do."""
    longest = max(found, key=lambda each: each.seconds)
    more = f", the longest of {len(found)} such times" if len(found) > 1 else ""
    why = "Keep the machine awake" if longest.who == THE_MACHINE else "It was stopped, or its machine was too busy"
    remedy = f"{why}; nothing is said about the device. Rerun."
    return sentences(f"{longest}{more}", remedy)


def standstills(clock: Clock, bench: VirtualBenchClient | None) -> list[Standstill]:
    """Return what stood still since the scenario began, in the order of its ends; nothing in virtual time.

    Raises RigFault if the bench does not answer.
    """
    if not isinstance(clock, RigClock):
        return []
    found = [Standstill(THE_RUN, seconds, until) for seconds, until in clock.arrivals.stood_still]
    found += [Standstill(THE_MACHINE, seconds, until) for seconds, until in clock.arrivals.suspended]
    if bench is not None:
        now = clock.now()
        found += [Standstill(THE_BENCH, seconds, now - ago) for seconds, ago in bench.stood_still()]
    return sorted(found, key=lambda each: each.until)

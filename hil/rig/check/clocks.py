"""Clocks of a bench, and what they let it decide.

Every instant in the evidence is stamped by one clock, this machine's; so its own lateness bounds every time. Others are
held against it: a simulated bench's pace, because energy is power over time, and the node's time, which blocks bear. An
instrument's calendar clock is not: no reading is stamped with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hil.chain.client.rpc import RpcClient
from hil.clock import WallClock, stopwatch, utc_now
from hil.errors import ExitCode
from hil.rig.check.findings import CheckFinding, fault, note, ok
from hil.rig.sampling.timer import LATENCY_S, SAMPLE_PERIOD_S
from hil.units import Second, format_quantity

if TYPE_CHECKING:
    from hil.chain.node.base import Node
    from hil.ports import Meter

TIMERS = 50
TIMER_S = 0.002

SKEW_S = 2.0
"""A node further off than that would stamp blocks that another one's rules find strange; NTP keeps 0.1 s."""

DRIFT = 0.001
"""Part of the time by which a simulated bench may run fast or slow: the uncertainty of its meter's energies."""

DRIFT_FLOOR_S = 0.1
"""For question and answer on a machine under load."""

CLOCK_PERIOD = timedelta(seconds=1)
"""What tells whole seconds is up to so much later."""


@dataclass(frozen=True)
class TimingLimit:
    """A limit on an edge of power, and the step that wants it."""

    seconds: float
    place: str


def scheduling_delay() -> float:
    """Return how late this machine rings a timer at worst, at least the bound of the wall clock."""
    clock, worst = WallClock(), float(WallClock.bound)
    for _ in range(TIMERS):
        due = clock.now() + TIMER_S
        clock.sleep(TIMER_S)
        worst = max(worst, clock.now() - due)
    return worst


def resolution(update_period: Second, bound: float) -> float:
    """Return the seconds within which a bench knows an edge of power: a sample, its age, and the clock twice."""
    return SAMPLE_PERIOD_S + 2 * float(update_period) + LATENCY_S + 2 * bound


def first_sight(update_period: Second, bound: float) -> float:
    """Return the seconds after an edge of power before which no reading can show it: one update, and the clock twice.

    A reading is a mean over one update; it shows no power when all of it lies after the edge.
    """
    return float(update_period) + 2 * bound


def decidable(meter: Meter, bound: float, limits: Sequence[TimingLimit]) -> list[CheckFinding]:
    """Return for each limit whether this meter and this clock can decide it, always or for an early edge."""
    findings, width, rate = [], resolution(meter.update_period, bound), 1 / meter.update_period
    least = first_sight(meter.update_period, bound)
    for limit in limits:
        what = f"a {format_quantity(limit.seconds, 's')} limit ({limit.place})"
        how = f"at {rate:g} Hz with this clock bound: an edge is known within {format_quantity(width, 's')}"
        if least > limit.seconds:
            findings.append(fault("limit", f"cannot decide {what} {how}", ExitCode.INCONCLUSIVE))
        elif width > limit.seconds:
            findings.append(note("limit", f"might not decide {what} {how}"))
        else:
            findings.append(ok("limit", f"can decide {what} {how}"))
    return findings


def skew(part: str, ask: Callable[[], datetime | None]) -> CheckFinding:
    """Hold a clock that tells whole seconds of UTC against this machine's; one that tells nothing is a note.

    True is what it told, or up to a second more, at some instant between question and answer.
    """
    before = utc_now()
    told = ask()
    after = utc_now()
    if told is None:
        return note(part, "it does not tell the time")
    earliest, latest = (told - after).total_seconds(), (told + CLOCK_PERIOD - before).total_seconds()
    words = f"{earliest:+.1f} to {latest:+.1f} s of this machine's"
    if earliest > SKEW_S or latest < -SKEW_S:
        return fault(part, f"{words}; at most {SKEW_S:g} s is allowed")
    return ok(part, words)


def node_skew(node: Node) -> CheckFinding:
    """Hold the node's clock, as its HTTP server tells it, against this machine's."""
    client = RpcClient(node.endpoint)

    def ask() -> datetime | None:
        client.call("uptime")
        return client.server_time

    try:
        ask()  # the first one opens the connection, which takes its time
        return skew("node clock", ask)
    finally:
        client.close()


class Drift:
    """Holds the pace of a simulated bench against this machine's from its making on.

    :param now: the bench's present instant in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._began, self._elapsed = now(), stopwatch()

    def finding(self) -> CheckFinding:
        """Return by how much it went fast or slow since then."""
        passed, elapsed = self._now() - self._began, self._elapsed()
        ahead = passed - elapsed
        words = f"{ahead * 1000:+.1f} ms in {format_quantity(elapsed, 's')}"
        if abs(ahead) > DRIFT * elapsed + DRIFT_FLOOR_S:
            return fault("bench clock", f"{words}: it does not follow this machine's")
        return ok("bench clock", words)

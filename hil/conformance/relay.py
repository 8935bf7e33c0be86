"""Every relay: told, read back, alone. Nothing may depend on the circuit that it switches."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from hil.clock import stopwatch
from hil.conformance.finding import Finding, Wait, expect, finding

if TYPE_CHECKING:
    from hil.ports import Relay

HOLD_S = 0.5
"""How long a relay must stay as it was told; the pulse of a relay board's momentary mode is shorter."""

SWITCH_S = 0.2
"""For one relay, read-back included: load and four relays share the second that a safe state may take."""

SWITCHES = 5
"""Times that a relay is switched, by whose median the time of one is judged."""


def check_relay(relay: Relay, wait: Wait, others: Sequence[Relay] = ()) -> list[Finding]:
    """Return the findings for a relay whose circuit may be closed; it is open afterwards, or the last finding says so.

    :param wait: lets the bench's time pass.
    :param others: relays of the bench that must not move with it.
    """
    bench = _Bench(relay, wait, others)
    return [finding(name, partial(check, bench)) for name, check in RELAY_CHECKS.items()]


class _Bench:
    """The relay that is looked at, and those beside it."""

    def __init__(self, relay: Relay, wait: Wait, others: Sequence[Relay]) -> None:
        self.relay, self.wait, self.others = relay, wait, others

    def switch(self, *, closed: bool) -> None:
        self.relay.set(closed=closed)
        _is(self.relay, closed=closed)

    def beside(self) -> dict[str, bool]:
        return {other.name: other.is_closed() for other in self.others}


def _is(relay: Relay, *, closed: bool) -> None:
    words = "closed" if closed else "open"
    expect(relay.is_closed() is closed, f"{relay.name} was expected {words}, found the other")


def _follows(bench: _Bench) -> None:
    for closed in (False, True, False):
        bench.switch(closed=closed)


def _twice_the_same(bench: _Bench) -> None:
    for closed in (True, True, False, False):
        bench.switch(closed=closed)


def _holds(bench: _Bench) -> None:
    for closed in (True, False):
        bench.switch(closed=closed)
        bench.wait(HOLD_S)
        _is(bench.relay, closed=closed)


def _moves_alone(bench: _Bench) -> None:
    before = bench.beside()
    for closed in (True, False):
        bench.switch(closed=closed)
        after = bench.beside()
        moved = ", ".join(name for name, was in before.items() if after[name] is not was)
        expect(not moved, f"only {bench.relay.name} was expected to {'close' if closed else 'open'}, so did {moved}")


def _switches_in_time(bench: _Bench) -> None:
    times = []
    for number in range(SWITCHES):
        elapsed = stopwatch()
        bench.relay.set(closed=number % 2 == 0)
        times.append(elapsed())
    median = statistics.median(times)
    expect(median <= SWITCH_S, f"switching took {median:.3f} s, at most {SWITCH_S:g} s was expected")


RELAY_CHECKS: dict[str, Callable[[_Bench], None]] = {
    "it has a name": lambda bench: expect(bool(bench.relay.name), "a name was expected, found none"),
    "it opens and closes, and reads back as it was told": _follows,
    "told the same twice, it stays": _twice_the_same,
    "it stays as it was told": _holds,
    "no other relay moves with it": _moves_alone,
    "it switches in time": _switches_in_time,
    "it is open at the end": lambda bench: bench.switch(closed=False),
}

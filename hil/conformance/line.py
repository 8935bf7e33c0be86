"""Every serial line, by a loop-back plug or against a partner: bytes come through whole, in order, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from hil.conformance.finding import Difference, Finding, expect, finding
from hil.errors import DeadlineExceeded

if TYPE_CHECKING:
    from hil.clock import Clock
    from hil.ports import Line

QUIET_S = 0.2
"""How long nobody sends, and nothing may arrive."""

PATIENCE_S = 2.0
"""For what was sent; the longest takes 0.36 s at 115 200 8N1."""

BURST = random.Random("line conformance").randbytes(4096)  # noqa: S311 - the same bytes each time, no secret
"""As long as the longest frame of the protocol, without a pattern that a lost or doubled byte could hide in."""

ALPHABET = bytes(range(256))
"""With those that terminals and soft flow control would swallow: 0, XON, XOFF, 3, 4, 255."""

SINGLE = b"\x00U\xff\x11"


def check_line(line: Line, clock: Clock, partner: Line | None = None) -> list[Finding]:
    """Return the findings for a line, both directions if it has a partner; nobody listens to it afterwards.

    :param clock: serves the line and its partner.
    :param partner: the line at the other end of its cable; None: a loop-back plug is.
    """
    way = _Way(line, partner or line, clock)
    checks = dict(LINE_CHECKS)
    findings = [finding(name, partial(check, way)) for name, check in checks.items()]
    if partner is not None:
        back = _Way(partner, line, clock)
        findings += [
            finding(f"back from {partner.name}: {name}", partial(check, back)) for name, check in checks.items()
        ]
    for end in (line, partner or line):
        end.listen(_discard)
    return findings


def _discard(data: bytes) -> None:
    """Nobody listens any more."""


@dataclass
class _Way:
    """One direction."""

    sender: Line
    receiver: Line
    clock: Clock
    came: bytearray = field(default_factory=bytearray)

    def hear(self) -> None:
        """Listen anew."""
        self.came = bytearray()
        self.receiver.listen(self.came.extend)

    def carry(self, data: bytes) -> None:
        """Send and expect exactly that."""
        self.came.clear()
        self.sender.write(data)
        try:
            self.clock.wait_for(lambda: len(self.came) >= len(data), timeout=PATIENCE_S, what="bytes")
        except DeadlineExceeded:
            raise Difference(f"{len(data)} bytes were sent, {len(self.came)} came within {PATIENCE_S:g} s") from None
        came = bytes(self.came)
        if came != data:
            place = next((i for i, (sent, read) in enumerate(zip(data, came, strict=False)) if sent != read), len(data))
            sent, read = data[place : place + 8], came[place : place + 8]
            raise Difference(f"from byte {place} on {sent.hex(' ') or 'nothing'} was expected, found {read.hex(' ')}")


def _is_quiet(way: _Way) -> None:
    way.hear()
    way.clock.sleep(QUIET_S)
    expect(not way.came, f"nothing was sent, and {bytes(way.came[:16]).hex(' ')} came")


def _carries(data: bytes) -> Callable[[_Way], None]:
    def check(way: _Way) -> None:
        way.hear()
        way.carry(data)

    return check


def _carries_single_bytes(way: _Way) -> None:
    way.hear()
    for byte in SINGLE:
        way.carry(bytes([byte]))


def _has_one_listener(way: _Way) -> None:
    way.hear()
    earlier = way.came
    way.hear()
    way.carry(SINGLE)
    expect(not earlier, "a listener that was replaced was expected to hear nothing, and heard")


LINE_CHECKS: dict[str, Callable[[_Way], None]] = {
    "it has a name": lambda way: expect(bool(way.sender.name), "a name was expected, found none"),
    "it is quiet while nobody sends": _is_quiet,
    "every byte comes through unchanged": _carries(ALPHABET),
    "single bytes come through without waiting for more": _carries_single_bytes,
    "a burst comes through whole and in order": _carries(BURST),
    "a listener takes the place of the one before": _has_one_listener,
    "it is quiet at the end": _is_quiet,
}

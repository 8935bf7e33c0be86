"""Relays of the virtual bench conform; a board that does not is found out."""

from __future__ import annotations

import pytest

from hil.conformance.relay import RELAY_CHECKS, check_relay
from hil.errors import RigFault
from hil.tests.conformance.benches import Make, differences


def test_every_relay_of_the_virtual_board_conforms(make: Make) -> None:
    bench = make()
    relays = {number: bench.relay(number) for number in range(1, 5)}
    for number, relay in relays.items():
        others = [other for each, other in relays.items() if each != number]
        findings = check_relay(relay, bench.wait, others)
        assert differences(findings) == []
        assert [finding.check for finding in findings] == list(RELAY_CHECKS)
        assert not relay.is_closed()


class Coil:
    """A relay in memory that may have a flaw."""

    def __init__(
        self, name: str = "K1", *, welded: bool = False, pulses: bool = False, drags: Coil | None = None
    ) -> None:
        self.name = name
        self.closed = False
        self._welded, self._pulses, self._drags = welded, pulses, drags

    def set(self, *, closed: bool) -> None:
        if self._welded and self.closed and not closed:
            raise RigFault("told to open and reads back closed", place=f"relay {self.name}")
        self.closed = closed
        if self._drags is not None:
            self._drags.closed = closed

    def is_closed(self) -> bool:
        return self.closed

    def pass_time(self, seconds: float) -> None:
        if self._pulses:
            self.closed = False


def test_a_relay_without_a_flaw_conforms() -> None:
    assert differences(check_relay(Coil(), Coil().pass_time, [Coil("K2")])) == []


@pytest.mark.parametrize(
    ("flaw", "words"),
    [
        ({"welded": True}, "it opens and closes, and reads back as it was told: RigFault"),
        ({"pulses": True}, "it stays as it was told: K1 was expected closed"),
        ({"name": ""}, "it has a name"),
    ],
)
def test_a_relay_with_a_flaw_is_found_out(flaw: dict[str, object], words: str) -> None:
    coil = Coil(**flaw)  # type: ignore[arg-type]  # one of its flaws
    assert any(words in line for line in differences(check_relay(coil, coil.pass_time)))


def test_a_relay_that_drags_another_along_is_found_out() -> None:
    k2 = Coil("K2")
    found = differences(check_relay(Coil(drags=k2), k2.pass_time, [k2]))
    assert found == ["differs: no other relay moves with it: only K1 was expected to close, so did K2"]

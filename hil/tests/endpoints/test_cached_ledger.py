"""The real node, asked by a virtual device only when its answer can have changed."""

from __future__ import annotations

import pytest

from hil.chain.client.rpc import LedgerUnavailable
from hil.endpoints.cached_ledger import LOOK_AGAIN_S, CachingLedgerView
from hil.errors import RigFault
from hil.tests.devices.device_pair import FallibleLedger


class Desk:
    """A quiet ledger over one in memory, and what it depends on."""

    def __init__(self) -> None:
        self.below = FallibleLedger([])
        self.touched = 0
        self.now = 0.0
        self.silences: list[RigFault] = []
        self.quiet = CachingLedgerView(self.below, lambda: self.touched, lambda: self.now, self.silences.append)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_conflict_is_looked_for_again_when_the_chain_was_touched_or_after_a_while(desk: Desk) -> None:
    asked = []
    for desk.touched, desk.now in ((0, 0.0), (0, 1.0), (1, 1.0), (1, 2.0), (1, 1.0 + LOOK_AGAIN_S)):
        assert desk.quiet.conflict(b"payment") is None
        asked.append(desk.below.questions)
    assert asked == [1, 1, 2, 2, 3]


def test_a_conflict_that_was_found_is_not_taken_from_memory(desk: Desk) -> None:
    desk.below.conflicting = "ab" * 32
    assert desk.quiet.conflict(b"payment") == desk.quiet.conflict(b"payment") == "ab" * 32
    assert desk.below.questions == 2


def test_a_silent_ledger_is_waited_for_once_until_the_chain_was_touched(desk: Desk) -> None:
    desk.below.available = False
    for _ in range(3):
        with pytest.raises(LedgerUnavailable):
            desk.quiet.ready()
    assert desk.below.questions == len(desk.silences) == 1
    desk.below.available, desk.touched = True, 1
    assert desk.quiet.ready()
    assert len(desk.silences) == 1

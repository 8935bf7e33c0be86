"""The power-cut campaign: at every persisted write and around every frame, in both modes, on either side or both."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest

from hil.devices.storage.journal import TornRecord
from hil.protocol.policy import Mode
from hil.tests.devices.campaign import ROLES, Cut, CutPair, all_cuts, check_books
from hil.tests.devices.device_pair import DevicePair

CUTS_IN_EACH_MODE = 500
"""A thousand in all (issue 3, Durability)."""


def chosen(mode: Mode) -> list[tuple[Cut, ...]]:
    """Return the cuts of each run.

    Every position around a frame comes first in a run, and every persisted write, which is nine operations on a disk
    or more, at some of them. Three more cuts follow the restart, anywhere in it or soon after.
    """
    dice = random.Random(mode.label)  # noqa: S311 - repeatable
    every = {"socket": 2, "cable": 1}
    runs: list[tuple[Cut, ...]] = []
    for first in all_cuts(mode):
        if first.kind in ("sent", "received") or first.number % every[first.role] == 0:
            runs.append((first, *(later_cut(dice) for _ in range(3))))
    return runs


def later_cut(dice: random.Random) -> Cut:
    kind, role = dice.choice(("before", "before", "sent", "received", "torn")), dice.choice(ROLES)
    victims = (role,) if kind in ("before", "torn") else dice.choice((("socket",), ("cable",), ROLES))
    return Cut(kind, role, dice.randrange(8), victims)


@pytest.mark.parametrize("mode", Mode)
def test_power_cuts_anywhere_cost_no_key_no_address_no_credited_payment_and_no_more_than_one_payment_each(
    mode: Mode, record_property: Callable[[str, object], None]
) -> None:
    came: Counter[tuple[str, str]] = Counter()
    hit: Counter[tuple[str, ...]] = Counter()
    for cuts in chosen(mode):
        pair = CutPair(mode, *cuts)
        try:
            pair.whole_run()
            assert pair.cuts >= 1, "the cut never came"
            check_books(pair, mode)
        except Exception as error:
            error.add_note(f"{mode.label}, {cuts}")
            raise
        for cut in cuts[: pair.cuts]:
            came[cut.kind, cut.role] += 1
            hit[cut.victims] += 1
    record_property("power cuts", came.total())
    assert came.total() >= CUTS_IN_EACH_MODE
    assert set(came) == {(kind, role) for kind in ("before", "torn", "sent", "received") for role in ROLES}
    assert set(hit) == {("socket",), ("cable",), ROLES}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("mode", Mode)
def test_on_a_storage_that_tears_records_a_device_refuses_to_start_and_sells_and_signs_nothing(
    mode: Mode, role: str
) -> None:
    """What a medium does that is not fit for it: the record is half old, half new; FileStorage never leaves that."""
    torn = 0
    for number in range(1, 8):
        pair = DevicePair(socket={"mode": mode.label}, power_w=3_680.0)
        device = pair.devices[role]
        write, writes = device.storage.write, [0]

        def tear(name: str, record: bytes, write=write, writes=writes, number=number) -> None:  # type: ignore[no-untyped-def]
            writes[0] += 1
            write(name, record[: len(record) // 2] if writes[0] == number else record)
            if writes[0] == number:
                raise OSError("the medium is gone")

        device.storage.write = tear  # type: ignore[method-assign]
        with pytest.raises(OSError, match="the medium is gone"):
            pair.start().run(60.0)
        device.storage.write = write  # type: ignore[method-assign]
        assert role == "cable" or not pair.closed
        device.supply(False)
        frames = len(pair.sent)
        with pytest.raises(TornRecord):
            device.supply(True)
        torn += 1
        pair.run_for(1.0)
        assert not [who for _, who, _ in pair.sent[frames:] if who == role]
        assert role == "cable" or not pair.closed
    assert torn == 7

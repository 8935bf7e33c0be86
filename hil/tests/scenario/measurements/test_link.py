"""A link that fails, on made timelines: how soon a device noticed, and what credit it left."""

from __future__ import annotations

import math

import pytest

from hil.evidence.documents import Kind, Verdict
from hil.evidence.observations import Counted, DeviceIdle, EvidenceMissing, Source
from hil.protocol.codes import CloseReason
from hil.scenario.check import within_time
from hil.scenario.measurements import link
from hil.tests.scenario.sessions import Session
from hil.tests.scenario.timelines import Scene, Truth

S = Session()


def test_messages_that_suffered_and_those_that_were_lost_are_counted() -> None:
    scene = Scene(metered=False)
    for kind in ("dropped", "dropped", "delayed"):
        scene.fault(1.0, "link", "METER to the cable", fault=kind)
    scene.fault(1.0, "mains", "lost", fault="dropped")
    scene.from_socket(2.0, S.meter(1), lost=True)
    scene.from_socket(2.0, S.meter(2))
    observer = scene.run(3.0).observer
    assert [link.struck(observer, kind) for kind in ("dropped", "delayed", "corrupted")] == [
        Counted(2),
        Counted(1),
        Counted(0),
    ]
    assert link.lost(observer) == Counted(1)


def silent(*closes: tuple[float, CloseReason], until: float = 10.0) -> Scene:
    scene = Scene(metered=False)
    scene.fault(5.0, "link", "dead")
    scene.fault(7.0, "link", "dead again")
    for t, reason in closes:
        scene.from_socket(t, S.close(reason))
    return scene.run(until)


def test_a_link_fails_anew_when_the_cable_was_plugged_in_again() -> None:
    scene = Scene(metered=False)
    scene.fault(2.0, "link", "dead")
    scene.fault(3.0, "plug", "cable plugged in again")
    scene.fault(5.0, "link", "dead")
    scene.from_socket(9.0, S.close(CloseReason.PEER_SILENT))
    found = link.given_up(scene.run(10.0).observer, "socket", 60.0)
    assert (found.low, found.high, found.began) == (4.0, 4.0, 5.0)


def test_a_peer_is_given_up_by_the_first_close_for_silence_after_the_first_failure() -> None:
    early, other = (4.0, CloseReason.PEER_SILENT), (6.0, CloseReason.UNPLUGGED)
    found = link.given_up(silent(early, other, (9.0, CloseReason.PEER_SILENT)).observer, "socket", 60.0)
    assert (found.low, found.high, found.began) == (4.0, 4.0, 5.0)


def test_a_peer_that_is_never_given_up_is_watched_to_the_limit_and_fails() -> None:
    scene = silent()
    check = within_time("given up", 60.0, lambda observer, s: link.given_up(observer, "socket", s), Source.LINE)
    assert check.take(scene.observer).verdict is Verdict.FAIL
    assert scene.clock.now() == 67.0


def test_a_close_that_comes_while_it_is_watched_counts_and_the_cables_does_not() -> None:
    scene = silent((30.0, CloseReason.PEER_SILENT))
    scene.from_cable(20.0, S.close(CloseReason.PEER_SILENT))
    assert link.given_up(scene.observer, "socket", 60.0).high == 25.0


def test_a_link_to_which_nothing_happened_has_no_failure_to_count_from() -> None:
    with pytest.raises(EvidenceMissing, match=r"^nothing happened to the link since the cable was plugged in$"):
        link.given_up(Scene().run(1.0).observer, "socket", 1.0)
    with pytest.raises(EvidenceMissing, match=r"^nothing happened to the link since the cable was plugged in$"):
        link.fault_to_cut(Scene().run(1.0).observer, 1.0)


def test_a_peer_that_was_given_up_is_not_watched_any_longer() -> None:
    scene = silent((9.0, CloseReason.PEER_SILENT))
    link.given_up(scene.observer, "socket", 60.0)
    assert scene.clock.now() == 10.0


def test_a_close_at_the_instant_of_the_failure_comes_after_it() -> None:
    assert link.given_up(silent((5.0, CloseReason.PEER_SILENT)).observer, "socket", 60.0).high == 0.0


def test_a_limit_that_is_over_at_this_very_instant_was_missed_only_after_it() -> None:
    scene = silent(until=65.0)
    check = within_time("given up", 60.0, lambda observer, s: link.given_up(observer, "socket", s), Source.LINE)
    assert check.take(scene.observer).verdict is Verdict.FAIL
    assert scene.clock.now() == 67.0


def test_a_limit_that_is_over_is_not_watched_any_longer() -> None:
    scene = silent(until=65.5)
    assert link.given_up(scene.observer, "socket", 60.0).low == 60.5
    assert scene.clock.now() == 65.5


def test_power_is_cut_after_the_first_failure_of_the_link() -> None:
    scene = Scene(Truth(((1.0, 5.6),)))
    scene.fault(5.0, "link", "dead")
    scene.fault(5.5, "link", "dead again")
    found = link.fault_to_cut(scene.run(6.0).observer, 2.0)
    assert found.low <= 0.6 <= found.high
    assert found.began == 5.0


def traded(live: tuple[tuple[float, float], ...], receipts: tuple[float, ...] = (0.9,)) -> Scene:
    """Payments of 4 Wh each, accepted at these seconds; 1 kW flows."""
    scene = Scene(Truth(live))
    scene.from_socket(0.2, S.offer())
    for n, t in enumerate(receipts, start=1):
        scene.from_cable(t - 0.1, S.payment(n))
        scene.from_socket(t, S.receipt(n))
    return scene


def test_the_credit_that_was_left_at_a_cut_is_what_was_paid_less_what_flowed() -> None:
    found = link.credit_at_cuts(traded(((1.0, 8.2),)).run(9.0).observer)
    assert found.low <= 2.0 <= found.high
    assert found.high - found.low < 0.3


def test_the_largest_credit_of_all_cuts_counts() -> None:
    found = link.credit_at_cuts(traded(((1.0, 4.6), (6.0, 12.0))).run(14.0).observer)
    assert found.low <= 3.0 <= found.high


def test_a_cut_right_now_is_watched_until_it_can_be_told() -> None:
    found = link.credit_at_cuts(traded(((1.0, 4.6),)).run(4.8).observer)
    assert found.low <= 3.0 <= found.high


def test_a_receipt_while_power_is_cut_widens_the_bounds_and_moves_neither_past_the_truth() -> None:
    found = link.credit_at_cuts(traded(((1.0, 4.6),), (0.9, 4.65)).run(9.0).observer)
    assert found.low <= 3.0
    assert found.high >= 7.0


def test_power_that_was_never_cut_left_no_credit() -> None:
    found = link.credit_at_cuts(traded(((1.0, math.inf),)).run(5.0).observer)
    assert (found.low, found.high) == (0.0, 0.0)


def test_power_that_never_flowed_was_never_cut() -> None:
    with pytest.raises(EvidenceMissing, match=r"^power never flowed$"):
        link.credit_at_cuts(traded(()).run(5.0).observer)
    owing = Scene(Truth())
    owing.from_cable(1.0, S.hello())
    with pytest.raises(DeviceIdle, match=r"^power never flowed$"):
        link.credit_at_cuts(owing.run(5.0).observer)


def test_a_peer_is_watched_until_the_limit_is_over_by_the_latest_that_the_failure_can_have_been() -> None:
    scene = Scene(metered=False, bound=0.005)
    scene.fault(5.0, "link", "dead")
    check = within_time("given up", 60.0, lambda observer, s: link.given_up(observer, "socket", s), Source.LINE)
    assert check.take(scene.run(65.002).observer).verdict is Verdict.FAIL


def test_a_cut_right_now_is_watched_by_the_latest_that_it_can_have_been() -> None:
    scene = Scene(Truth(((1.0, 4.6),)), bound=0.06)
    scene.from_socket(0.2, S.offer())
    scene.from_cable(0.8, S.payment(1))
    scene.from_socket(0.9, S.receipt(1))
    found = link.credit_at_cuts(scene.run(4.8).observer)
    assert found.low <= 3.0 <= found.high


@pytest.mark.parametrize("t", [4.30, 4.75, 4.80])
def test_a_receipt_that_by_its_stamp_may_be_older_or_newer_than_the_cut_may_have_bought_credit(t: float) -> None:
    """By their stamps power was lost between 4.32 s and 4.76 s, and a receipt passed 0.06 s earlier or later."""
    scene = Scene(Truth(((1.0, 4.6),)), bound=0.06)
    scene.from_socket(0.2, S.offer())
    for n, passed in ((1, 0.9), (2, t)):
        scene.from_cable(passed - 0.1, S.payment(n))
        scene.from_socket(passed, S.receipt(n))
    found = link.credit_at_cuts(scene.run(9.0).observer)
    assert found.low <= 3.0
    assert found.high >= 7.0


def test_a_cut_after_all_that_was_paid_for_had_flowed_left_no_credit() -> None:
    found = link.credit_at_cuts(traded(((1.0, 20.0),)).run(22.0).observer)
    assert (found.low, found.high) == (0.0, 0.0)


def read(*watts: float, receipts: tuple[float, ...] = (0.4,)) -> Scene:
    """Payments of 4 Wh each, and readings of these powers, each second from 1 s on; hardly any energy flows."""
    scene = Scene(metered=False)
    scene.from_socket(0.2, S.offer())
    for n, t in enumerate(receipts, start=1):
        scene.from_cable(t - 0.1, S.payment(n))
        scene.from_socket(t, S.receipt(n))
    for t, power in enumerate(watts, start=1):
        volts = 230.0 if power else 0.0
        told = {"voltage_V": volts, "current_A": 0.0, "power_W": power, "energy_Wh": 0.0}
        scene.write(float(t), Kind.READING, "meter", told, before=0.25)
    return scene.run(len(watts) + 1.0)


def test_power_at_the_meters_threshold_flows() -> None:
    off_w = Scene().observer.off_w
    cut = link.credit_at_cuts(read(off_w, off_w, 0.0, 0.0, 0.0).observer)
    assert cut.low <= 4.0 <= cut.high
    assert cut.high - cut.low < 0.1
    lowered = link.credit_at_cuts(read(1000.0, off_w, off_w, off_w).observer)
    assert (lowered.low, lowered.high) == (0.0, 0.0)


def test_a_receipt_at_the_earliest_instant_of_the_cut_had_bought_credit_by_then_for_sure() -> None:
    found = link.credit_at_cuts(read(1000.0, 1000.0, 0.0, 0.0, 0.0, receipts=(0.4, 1.75)).observer)
    assert found.low == pytest.approx(8.0, abs=0.7)


def test_a_receipt_at_the_latest_instant_of_the_cut_may_have_bought_credit_by_then() -> None:
    found = link.credit_at_cuts(read(1000.0, 1000.0, 0.0, 0.0, 0.0, receipts=(0.4, 3.0)).observer)
    assert found.low == pytest.approx(4.0, abs=0.7)
    assert found.high == pytest.approx(8.0, abs=0.7)

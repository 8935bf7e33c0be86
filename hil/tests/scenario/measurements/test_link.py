"""A link that fails, on made timelines: how soon a device noticed, and what credit it left."""

from __future__ import annotations

import math

import pytest

from hil.evidence.documents import Verdict
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
    trial = scene.run(3.0).trial
    assert [link.struck(trial, kind) for kind in ("dropped", "delayed", "corrupted")] == [
        Counted(2),
        Counted(1),
        Counted(0),
    ]
    assert link.lost(trial) == Counted(1)


def silent(*closes: tuple[float, CloseReason], until: float = 10.0) -> Scene:
    scene = Scene(metered=False)
    scene.fault(5.0, "link", "dead")
    scene.fault(7.0, "link", "dead again")
    for t, reason in closes:
        scene.from_socket(t, S.close(reason))
    return scene.run(until)


def test_a_peer_is_given_up_by_the_first_close_for_silence_after_the_first_failure() -> None:
    early, other = (4.0, CloseReason.PEER_SILENT), (6.0, CloseReason.UNPLUGGED)
    found = link.given_up(silent(early, other, (9.0, CloseReason.PEER_SILENT)).trial, "socket", 60.0)
    assert (found.low, found.high, found.began) == (4.0, 4.0, 5.0)


def test_a_peer_that_is_never_given_up_is_watched_to_the_limit_and_fails() -> None:
    scene = silent()
    check = within_time("given up", 60.0, lambda trial, s: link.given_up(trial, "socket", s), Source.LINE)
    assert check.take(scene.trial).verdict is Verdict.FAIL
    assert scene.clock.now() == 67.0


def test_a_close_that_comes_while_it_is_watched_counts_and_the_cables_does_not() -> None:
    scene = silent((30.0, CloseReason.PEER_SILENT))
    scene.from_cable(20.0, S.close(CloseReason.PEER_SILENT))
    assert link.given_up(scene.trial, "socket", 60.0).high == 25.0


def test_a_link_to_which_nothing_happened_has_no_failure_to_count_from() -> None:
    with pytest.raises(EvidenceMissing, match="nothing happened to the link"):
        link.given_up(Scene().run(1.0).trial, "socket", 1.0)
    with pytest.raises(EvidenceMissing, match="nothing happened to the link"):
        link.fault_to_cut(Scene().run(1.0).trial, 1.0)


def test_power_is_cut_after_the_first_failure_of_the_link() -> None:
    scene = Scene(Truth(((1.0, 5.6),)))
    scene.fault(5.0, "link", "dead")
    scene.fault(5.5, "link", "dead again")
    found = link.fault_to_cut(scene.run(6.0).trial, 2.0)
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
    found = link.credit_at_cuts(traded(((1.0, 8.2),)).run(9.0).trial)
    assert found.low <= 2.0 <= found.high
    assert found.high - found.low < 0.3


def test_the_largest_credit_of_all_cuts_counts() -> None:
    found = link.credit_at_cuts(traded(((1.0, 4.6), (6.0, 12.0))).run(14.0).trial)
    assert found.low <= 3.0 <= found.high


def test_a_cut_right_now_is_watched_until_it_can_be_told() -> None:
    found = link.credit_at_cuts(traded(((1.0, 4.6),)).run(4.8).trial)
    assert found.low <= 3.0 <= found.high


def test_a_receipt_while_power_is_cut_widens_the_bounds_and_moves_neither_past_the_truth() -> None:
    found = link.credit_at_cuts(traded(((1.0, 4.6),), (0.9, 4.65)).run(9.0).trial)
    assert found.low <= 3.0
    assert found.high >= 7.0


def test_power_that_was_never_cut_left_no_credit() -> None:
    found = link.credit_at_cuts(traded(((1.0, math.inf),)).run(5.0).trial)
    assert (found.low, found.high) == (0.0, 0.0)


def test_power_that_never_flowed_was_never_cut() -> None:
    with pytest.raises(EvidenceMissing, match="power never flowed"):
        link.credit_at_cuts(traded(()).run(5.0).trial)
    owing = Scene(Truth())
    owing.from_cable(1.0, S.hello())
    with pytest.raises(DeviceIdle, match="power never flowed"):
        link.credit_at_cuts(owing.run(5.0).trial)


def test_a_peer_is_watched_until_the_limit_is_over_by_the_latest_that_the_failure_can_have_been() -> None:
    scene = Scene(metered=False, bound=0.005)
    scene.fault(5.0, "link", "dead")
    check = within_time("given up", 60.0, lambda trial, s: link.given_up(trial, "socket", s), Source.LINE)
    assert check.take(scene.run(65.002).trial).verdict is Verdict.FAIL

"""A session as a whole, on made timelines: its set-up, the meters on both sides, its end."""

from __future__ import annotations

import math

import pytest

from hil.errors import AuthorError
from hil.evidence.observations import Counted, DeviceIdle, EvidenceMissing, Timed
from hil.protocol.codes import CloseReason
from hil.scenario.measurements import lab, session
from hil.tests.scenario.sessions import Session
from hil.tests.scenario.timelines import CABLE_UNDER_TEST, PAIR, Scene, Truth

S = Session()


# --- set-up ---------------------------------------------------------------------------------------------------------


def test_the_set_up_counts_from_the_hello_that_was_answered_to_the_first_receipt() -> None:
    scene = Scene(metered=False)
    scene.from_cable(1.0, S.hello())
    scene.from_cable(4.0, S.hello())
    scene.from_socket(4.1, S.offer())
    scene.from_cable(5.0, S.payment(1))
    scene.from_socket(6.0, S.receipt(1))
    scene.from_socket(7.0, S.receipt(1))
    assert session.set_up(scene.run(9.0).observer, 5.0) == Timed(2.0, 2.0, 4.0)


def test_a_set_up_that_never_ends_is_watched_to_its_limit_and_fails() -> None:
    scene = Scene(metered=False)
    scene.from_cable(1.0, S.hello(), lost=True)
    scene.from_cable(2.0, S.hello())
    found = session.set_up(scene.run(3.0).observer, 5.0)
    assert found == Timed(7.0, math.inf, 2.0)


def test_a_hello_that_was_answered_at_its_own_instant_is_the_one_that_counts() -> None:
    scene = Scene(metered=False)
    scene.from_cable(1.0, S.hello())
    scene.from_cable(4.0, S.hello())
    scene.from_socket(4.0, S.offer())
    scene.from_cable(5.0, S.payment(1))
    scene.from_socket(6.0, S.receipt(1))
    assert session.set_up(scene.run(9.0).observer, 5.0) == Timed(2.0, 2.0, 4.0)


def test_the_set_up_counts_from_the_hello_before_the_first_offer() -> None:
    scene = Scene(metered=False)
    for t in (1.0, 3.0):
        scene.from_cable(t, S.hello())
        scene.from_socket(t + 0.1, S.offer())
    scene.from_cable(5.0, S.payment(1))
    scene.from_socket(6.0, S.receipt(1))
    assert session.set_up(scene.run(9.0).observer, 5.0) == Timed(5.0, 5.0, 1.0)


def test_a_hello_that_the_link_lost_was_not_answered() -> None:
    scene = Scene(metered=False)
    scene.from_cable(1.0, S.hello())
    scene.from_cable(1.05, S.hello(), lost=True)
    scene.from_socket(1.1, S.offer())
    scene.from_cable(5.0, S.payment(1))
    scene.from_socket(6.0, S.receipt(1))
    assert session.set_up(scene.run(9.0).observer, 5.0).began == 1.0


def test_a_receipt_without_a_payment_sets_up_nothing() -> None:
    scene = Scene(metered=False)
    scene.from_cable(1.0, S.hello())
    scene.from_socket(1.1, S.offer(), S.receipt(1))
    assert session.set_up(scene.run(3.0).observer, 5.0).high == math.inf


def test_without_a_hello_there_is_no_set_up_to_be_timed() -> None:
    with pytest.raises(EvidenceMissing, match=r"^no HELLO passed on the line$"):
        session.set_up(Scene(metered=False).run(3.0).observer, 5.0)


# --- meters ---------------------------------------------------------------------------------------------------------


def test_the_devices_meter_is_held_against_the_labs_at_the_instant_of_its_word() -> None:
    scene = Scene(Truth(((1.0, 37.0),)))
    scene.from_socket(10.0, S.meter(2500))
    scene.from_socket(38.0, S.meter(10_200))
    found = session.meter_error(scene.run(38.0).observer)
    assert found.low <= 2.0 <= found.high
    assert found.high - found.low < 1.0


def test_the_cables_word_is_none_of_the_sockets() -> None:
    scene = Scene(Truth(((1.0, 4.0),)))
    scene.from_cable(5.0, S.meter(800))
    with pytest.raises(DeviceIdle, match=r"^the socket told no energy in the time watched$"):
        session.meter_error(scene.run(6.0).observer)


def test_a_cable_under_test_is_held_against_what_its_own_meter_told_last() -> None:
    """The newest is its CLOSE, 25 % too much of 1 Wh; a METER said less before, and the socket says something else."""
    scene = Scene(Truth(((1.0, 4.6),)), setup=CABLE_UNDER_TEST)
    scene.from_cable(5.0, S.meter(900))
    scene.from_cable(6.0, S.close(energy_mwh=1250))
    scene.from_socket(6.5, S.meter(1000), S.close(energy_mwh=1000))
    found = session.meter_error(scene.run(7.0).observer)
    assert found.low <= 25.0 <= found.high
    assert found.high - found.low < 2.0


def test_a_meter_that_told_more_after_a_close_is_held_to_what_it_told_last() -> None:
    scene = Scene(Truth(((1.0, 4.6),)))
    scene.from_socket(5.0, S.close(energy_mwh=900))
    scene.from_socket(6.0, S.meter(1000))
    found = session.meter_error(scene.run(7.0).observer)
    assert found.low <= 0.0 <= found.high


def test_a_twentieth_of_a_watt_hour_is_enough_to_compare_meters() -> None:
    scene = Scene(Truth(((1.0, 1.18),)))
    scene.from_socket(5.0, S.meter(50))
    found = session.meter_error(scene.run(7.0).observer)
    assert found.low <= 0.0 <= found.high


def test_the_meter_is_compared_after_the_power_has_ended() -> None:
    scene = Scene(Truth(((1.0, 37.0),)))
    scene.from_socket(30.0, S.meter(8000))
    scene.from_socket(37.5, S.close(energy_mwh=10_500))
    found = session.meter_error(scene.run(36.5).observer)
    assert found.low <= 5.0 <= found.high


def test_without_energy_no_meter_can_be_compared() -> None:
    scene = Scene(Truth())
    scene.from_socket(1.0, S.close(energy_mwh=5))
    with pytest.raises(EvidenceMissing, match=r"^no energy flowed that the lab meter can tell from none$"):
        session.meter_error(scene.run(2.0).observer)


def test_what_is_billed_beyond_the_lab_meter_adds_up_over_sessions() -> None:
    other = Session(2)
    scene = Scene(Truth(((1.0, 4.6),)))
    scene.from_socket(3.0, S.meter(400))
    scene.from_socket(4.0, S.request(2, 700), S.meter(600))
    scene.from_cable(4.1, S.meter(9000))
    scene.from_socket(5.0, other.close(energy_mwh=800))
    found = session.billed_beyond_delivered(scene.run(6.0).observer)
    assert found.low <= 0.5 <= found.high
    assert found.high - found.low < 0.05


def test_what_is_billed_is_held_against_all_that_the_lab_meter_saw() -> None:
    scene = Scene(Truth(((1.0, 4.6),)))
    scene.from_socket(3.0, S.meter(987_000))
    scene.from_cable(3.1, S.request(2, 990_000), S.close(energy_mwh=999_000))
    scene.from_socket(3.2, S.meter(123_000))
    found = session.billed_beyond_delivered(scene.run(6.0).observer)
    seen = lab.delivered(scene.observer)
    assert (found.low, found.high) == (987.0 - seen.high, 987.0 - seen.low)
    assert (found.covers, found.budget) == (seen.covers, seen.budget)


def test_a_socket_that_claims_nothing_bills_nothing() -> None:
    scene = Scene(Truth())
    scene.from_socket(1.0, S.close())
    found = session.billed_beyond_delivered(scene.run(2.0).observer)
    seen = lab.delivered(scene.observer)
    assert (found.low, found.high) == (-seen.high, -seen.low)


def test_what_is_billed_while_power_flows_waits_for_the_reading_of_now() -> None:
    scene = Scene(Truth(((1.0, 60.0),)))
    scene.from_socket(10.0, S.meter(2500))
    found = session.billed_beyond_delivered(scene.run(10.0).observer)
    assert scene.clock.now() > 10.0
    assert found.low <= -0.0 <= found.high + 0.2


def test_a_socket_that_said_nothing_of_energy_billed_nothing_that_can_be_judged() -> None:
    with pytest.raises(EvidenceMissing, match=r"^the socket said nothing of energy$"):
        session.billed_beyond_delivered(Scene().run(2.0).observer)


# --- the end --------------------------------------------------------------------------------------------------------


def test_only_the_close_of_a_device_under_test_with_this_reason_counts() -> None:
    scene = Scene(metered=False)
    scene.from_socket(1.0, S.close(CloseReason.CREDIT_SPENT))
    scene.from_cable(1.1, S.close(CloseReason.PEER_CLOSED))
    observer = scene.run(2.0).observer
    assert session.closed_as(observer, "CREDIT_SPENT") == Counted(1)
    assert session.closed_as(observer, "PEER_CLOSED") == Counted(0)
    observer.plan.setup = PAIR
    assert session.closed_as(observer, "PEER_CLOSED") == Counted(1)


def test_each_close_with_the_reason_counts() -> None:
    scene = Scene(metered=False, setup=PAIR)
    scene.from_socket(1.0, S.close(CloseReason.UNPLUGGED), Session(2).close(CloseReason.UNPLUGGED))
    scene.from_cable(1.1, S.close(CloseReason.UNPLUGGED))
    assert session.closed_as(scene.run(2.0).observer, "UNPLUGGED") == Counted(3)


def test_a_reason_that_is_none_is_the_authors_mistake() -> None:
    session.refuse_unknown_reason("CREDIT_SPENT")
    with pytest.raises(AuthorError) as refused:
        session.refuse_unknown_reason("CREDIT_SPEND")
    known = ", ".join(sorted(CloseReason.__members__))
    said = f"'CREDIT_SPEND' is no reason to close; known: {known}. Did you mean 'CREDIT_SPENT'?"
    assert str(refused.value) == said

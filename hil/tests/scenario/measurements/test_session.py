"""A session as a whole, on made timelines: replies, requests, credit and meters."""

from __future__ import annotations

import math

import pytest

from hil.errors import AuthorError
from hil.evidence.documents import Verdict
from hil.evidence.limits import Limit
from hil.evidence.observations import Counted, DeviceIdle, EvidenceMissing, Source, Timed
from hil.protocol.codes import CloseReason
from hil.protocol.policy import Mode
from hil.scenario.check import timed, within_time
from hil.scenario.measurements import session
from hil.tests.scenario.sessions import Session
from hil.tests.scenario.timelines import CABLE_UNDER_TEST, PAIR, Scene, Truth

S = Session()


def judged(found: Timed, limit: float) -> Verdict:
    return within_time("reply", limit, lambda *_: found, Source.LINE).take(Scene(metered=False).trial).verdict


def quiet(**options: str) -> Scene:
    return Scene(metered=False, **options)  # type: ignore[arg-type]


# --- replies --------------------------------------------------------------------------------------------------------


def test_the_slowest_of_all_answers_counts() -> None:
    scene = quiet()
    for t, question, answer, took in (
        (1.0, S.hello(), S.offer(), 0.1),
        (2.0, S.funding(), S.request(1), 0.7),
        (3.0, S.payment(1), S.receipt(1), 0.3),
    ):
        scene.from_cable(t, question)
        scene.from_socket(t + took, answer)
    found = session.slowest_reply(scene.run(5.0).trial, 2.0)
    assert (round(found.low, 6), round(found.high, 6), found.began) == (0.7, 0.7, 2.0)
    assert judged(found, 0.69) is Verdict.FAIL
    assert judged(found, 0.71) is Verdict.PASS


def test_a_question_without_an_answer_fails_when_its_time_is_over() -> None:
    scene = quiet()
    scene.from_cable(1.0, S.hello())
    scene.from_socket(1.1, S.offer())
    scene.from_cable(2.0, S.funding())
    found = session.slowest_reply(scene.run(2.5).trial, 2.0)
    assert scene.clock.now() == 6.0
    assert math.isinf(found.high)
    assert judged(found, 2.0) is Verdict.FAIL


def test_an_answer_that_comes_while_the_question_is_watched_counts() -> None:
    scene = quiet()
    scene.from_cable(2.0, S.payment(1))
    scene.from_socket(3.5, S.receipt(1))
    assert session.slowest_reply(scene.run(2.0).trial, 2.0).high == 1.5


def test_a_question_that_is_overdue_is_not_watched_any_longer() -> None:
    scene = quiet()
    scene.from_cable(2.0, S.payment(1))
    assert session.slowest_reply(scene.run(9.0).trial, 2.0).low == 7.0
    assert scene.clock.now() == 9.0


def test_a_question_that_the_link_lost_is_none() -> None:
    scene = quiet()
    scene.from_cable(1.0, S.hello())
    scene.from_socket(1.2, S.offer())
    scene.from_cable(2.0, S.funding(), lost=True)
    assert session.slowest_reply(scene.run(9.0).trial, 2.0).high == pytest.approx(0.2)


def test_a_question_that_is_said_again_counts_from_the_first_time() -> None:
    scene = quiet()
    scene.from_cable(1.0, S.payment(1))
    scene.from_cable(2.0, S.payment(1))
    scene.from_socket(2.5, S.receipt(1))
    assert session.slowest_reply(scene.run(5.0).trial, 2.0).high == 1.5


def test_a_cable_calls_while_the_socket_boots_so_that_the_newest_hello_counts() -> None:
    scene = quiet()
    for t in (1.0, 2.0, 3.0):
        scene.from_cable(t, S.hello())
    scene.from_socket(3.4, S.offer())
    assert session.slowest_reply(scene.run(5.0).trial, 2.0).high == pytest.approx(0.4)


def test_what_the_other_side_asks_is_not_held_against_the_device_under_test() -> None:
    scene = quiet(setup=CABLE_UNDER_TEST)
    scene.from_cable(1.0, S.hello())
    scene.from_socket(9.0, S.offer())
    scene.from_cable(9.3, S.funding())
    assert session.slowest_reply(scene.run(12.0).trial, 2.0).high == pytest.approx(0.3)
    both = quiet(setup=PAIR)
    both.from_cable(1.0, S.hello())
    both.from_socket(4.0, S.offer())
    both.from_cable(4.3, S.funding())
    both.from_socket(4.4, S.request(1))
    both.from_cable(4.5, S.payment(1))
    both.from_socket(4.6, S.receipt(1))
    assert session.slowest_reply(both.run(12.0).trial, 2.0).high == 3.0


def test_a_device_that_was_asked_nothing_is_not_idle_but_for_a_cable_that_never_called() -> None:
    with pytest.raises(EvidenceMissing, match="asked anything"):
        session.slowest_reply(quiet().run(5.0).trial, 2.0)
    with pytest.raises(DeviceIdle, match="asked anything"):
        session.slowest_reply(quiet(setup=CABLE_UNDER_TEST).run(5.0).trial, 2.0)


# --- set-up ---------------------------------------------------------------------------------------------------------


def test_the_set_up_counts_from_the_hello_that_was_answered_to_the_first_receipt() -> None:
    scene = quiet()
    scene.from_cable(1.0, S.hello())
    scene.from_cable(4.0, S.hello())
    scene.from_socket(4.1, S.offer())
    scene.from_cable(5.0, S.payment(1))
    scene.from_socket(6.0, S.receipt(1))
    scene.from_socket(7.0, S.receipt(1))
    assert session.set_up(scene.run(9.0).trial, 5.0) == Timed(2.0, 2.0, 4.0)


def test_a_set_up_that_never_ends_is_watched_to_its_limit_and_fails() -> None:
    scene = quiet()
    scene.from_cable(1.0, S.hello(), lost=True)
    scene.from_cable(2.0, S.hello())
    found = session.set_up(scene.run(3.0).trial, 5.0)
    assert found.low == 7.0
    assert judged(found, 5.0) is Verdict.FAIL


def test_a_receipt_without_a_payment_sets_up_nothing() -> None:
    scene = quiet()
    scene.from_cable(1.0, S.hello())
    scene.from_socket(1.1, S.offer(), S.receipt(1))
    assert judged(session.set_up(scene.run(3.0).trial, 5.0), 5.0) is Verdict.FAIL


def test_without_a_hello_there_is_no_set_up_to_be_timed() -> None:
    with pytest.raises(EvidenceMissing, match="no HELLO"):
        session.set_up(quiet().run(3.0).trial, 5.0)


# --- requests -------------------------------------------------------------------------------------------------------


def test_the_shortest_time_between_first_requests_counts() -> None:
    scene = quiet()
    for t, n in ((1.0, 1), (5.0, 2), (5.5, 2), (8.0, 3)):
        scene.from_socket(t, S.request(n))
    found = session.between_requests(scene.run(9.0).trial, 0.0)
    assert found == Timed(3.0, 3.0, 5.0)
    check = timed("apart", Limit("s", low=3.1), session.between_requests, Source.LINE)
    assert check.take(scene.trial).verdict is Verdict.FAIL


def test_the_time_between_requests_has_the_bounds_of_both_stamps() -> None:
    scene = Scene(metered=False, bound=0.01)
    scene.from_socket(1.0, S.request(1))
    scene.from_socket(4.0, S.request(2))
    found = session.between_requests(scene.run(9.0).trial, 0.0)
    assert found.low == pytest.approx(2.98)
    assert found.high == pytest.approx(3.02)


def test_one_request_has_no_time_between() -> None:
    scene = quiet()
    scene.from_socket(1.0, S.request(1))
    with pytest.raises(EvidenceMissing, match="fewer than two"):
        session.between_requests(scene.run(2.0).trial, 0.0)


def buying(energy_mwh: int = 2000, second: Session = S) -> Scene:
    """A socket that asks for the second payment at 1 kW after 2 Wh, and claims so much."""
    scene = Scene(Truth(((2.0, 60.0),)))
    scene.from_socket(1.0, S.offer())
    scene.from_cable(1.2, S.payment(1))
    scene.from_socket(1.3, S.receipt(1))
    scene.from_socket(9.2, second.request(2, energy_mwh))
    return scene.run(9.3)


def test_the_credit_at_a_request_is_reckoned_by_the_lab_meter() -> None:
    found = session.credit_at_requests(buying(1).trial)
    assert found.low <= 2.0 <= found.high
    assert found.high - found.low < 0.25


def test_the_credit_that_the_socket_reports_is_by_its_own_word() -> None:
    assert session.reported_credit_at_requests(buying(2000).trial, Limit("mWh", 1900, 2100)) == Counted(2000)
    assert session.reported_credit_at_requests(buying(500).trial, Limit("mWh", 1900, 2100)) == Counted(3500)


def test_a_request_of_another_session_is_no_further_one() -> None:
    with pytest.raises(EvidenceMissing, match="no further payment"):
        session.credit_at_requests(buying(second=Session(2)).trial)


def test_the_credit_of_a_later_session_counts_from_its_own_offer() -> None:
    other = Session(2)
    scene = buying()
    scene.from_socket(20.0, other.offer())
    scene.from_cable(20.2, other.payment(1))
    scene.from_socket(20.3, other.receipt(1))
    scene.from_socket(25.4, other.request(2))
    found = session.credit_at_requests(scene.run(26.0).trial)
    assert found.low <= 2.0
    assert found.high >= 4.0 - 1.5
    assert found.high - found.low < 1.0


# --- meters ---------------------------------------------------------------------------------------------------------


def test_the_devices_meter_is_held_against_the_labs_at_the_instant_of_its_word() -> None:
    scene = Scene(Truth(((1.0, 37.0),)))
    scene.from_socket(10.0, S.meter(2500))
    scene.from_socket(38.0, S.meter(10_200))
    found = session.meter_error(scene.run(38.0).trial)
    assert found.low <= 2.0 <= found.high
    assert found.high - found.low < 1.0


def test_the_cables_word_is_none_of_the_sockets() -> None:
    scene = Scene(Truth(((1.0, 4.0),)))
    scene.from_cable(5.0, S.meter(800))
    with pytest.raises(DeviceIdle, match="told no energy"):
        session.meter_error(scene.run(6.0).trial)


def test_without_energy_no_meter_can_be_compared() -> None:
    scene = Scene(Truth())
    scene.from_socket(1.0, S.close(energy_mwh=5))
    with pytest.raises(EvidenceMissing, match="no energy flowed"):
        session.meter_error(scene.run(2.0).trial)


def test_what_is_billed_beyond_the_lab_meter_adds_up_over_sessions() -> None:
    other = Session(2)
    scene = Scene(Truth(((1.0, 4.6),)))
    scene.from_socket(3.0, S.meter(400))
    scene.from_socket(4.0, S.request(2, 700), S.meter(600))
    scene.from_cable(4.1, S.meter(9000))
    scene.from_socket(5.0, other.close(energy_mwh=800))
    found = session.billed_beyond_delivered(scene.run(6.0).trial)
    assert found.low <= 0.5 <= found.high
    assert found.high - found.low < 0.05


def test_a_socket_that_said_nothing_of_energy_billed_nothing_that_can_be_judged() -> None:
    with pytest.raises(EvidenceMissing, match="said nothing of energy"):
        session.billed_beyond_delivered(Scene().run(2.0).trial)


# --- the end --------------------------------------------------------------------------------------------------------


def test_only_the_close_of_a_device_under_test_with_this_reason_counts() -> None:
    scene = quiet()
    scene.from_socket(1.0, S.close(CloseReason.CREDIT_SPENT))
    scene.from_cable(1.1, S.close(CloseReason.PEER_CLOSED))
    trial = scene.run(2.0).trial
    assert session.closed_as(trial, "CREDIT_SPENT") == Counted(1)
    assert session.closed_as(trial, "PEER_CLOSED") == Counted(0)
    trial.plan.setup = PAIR
    assert session.closed_as(trial, "PEER_CLOSED") == Counted(1)


def test_a_reason_that_is_none_is_the_authors_mistake() -> None:
    session.refuse_unknown_reason("CREDIT_SPENT")
    with pytest.raises(AuthorError, match=r"'CREDIT_SPEND' is no reason to close.*CREDIT_SPENT"):
        session.refuse_unknown_reason("CREDIT_SPEND")


def test_the_mode_of_a_session_does_not_change_its_credit_at_the_first_request() -> None:
    per_payment = Session(mode=Mode.PER_PAYMENT)
    scene = Scene(Truth(((2.0, 60.0),)), mode="per-payment")
    scene.from_socket(1.0, per_payment.offer())
    scene.from_cable(1.2, per_payment.payment(1))
    scene.from_socket(1.3, per_payment.receipt(1))
    scene.from_socket(9.2, per_payment.request(2))
    found = session.credit_at_requests(scene.run(9.3).trial)
    assert found.low <= 2.0 <= found.high

"""How soon each question is answered, on made timelines."""

from __future__ import annotations

import math

import pytest

from hil.evidence.documents import Verdict
from hil.evidence.observations import DeviceIdle, EvidenceMissing, Source, Timed
from hil.protocol.codes import CloseReason
from hil.scenario.check import within_time
from hil.scenario.measurements import session
from hil.tests.scenario.sessions import Session
from hil.tests.scenario.timelines import CABLE_UNDER_TEST, PAIR, Scene

S = Session()


def judged(found: Timed, limit: float) -> Verdict:
    return within_time("reply", limit, lambda *_: found, Source.LINE).take(Scene(metered=False).observer).verdict


def test_the_slowest_of_all_answers_counts() -> None:
    scene = Scene(metered=False)
    for t, question, answer, took in (
        (1.0, S.hello(), S.offer(), 0.1),
        (2.0, S.funding(), S.request(1), 0.7),
        (3.0, S.payment(1), S.receipt(1), 0.3),
    ):
        scene.from_cable(t, question)
        scene.from_socket(t + took, answer)
    found = session.slowest_reply(scene.run(5.0).observer, 2.0)
    assert (round(found.low, 6), round(found.high, 6), found.began) == (0.7, 0.7, 2.0)
    assert judged(found, 0.69) is Verdict.FAIL
    assert judged(found, 0.71) is Verdict.PASS


def test_a_question_without_an_answer_fails_when_its_time_is_over() -> None:
    scene = Scene(metered=False)
    scene.from_cable(1.0, S.hello())
    scene.from_socket(1.1, S.offer())
    scene.from_cable(2.0, S.funding())
    found = session.slowest_reply(scene.run(2.5).observer, 2.0)
    assert scene.clock.now() == 6.0
    assert math.isinf(found.high)
    assert judged(found, 2.0) is Verdict.FAIL


def test_an_answer_that_comes_while_the_question_is_watched_counts() -> None:
    scene = Scene(metered=False)
    scene.from_cable(2.0, S.payment(1))
    scene.from_socket(3.5, S.receipt(1))
    assert session.slowest_reply(scene.run(2.0).observer, 2.0).high == 1.5


def test_a_question_that_is_overdue_is_not_watched_any_longer() -> None:
    scene = Scene(metered=False)
    scene.from_cable(2.0, S.payment(1))
    assert session.slowest_reply(scene.run(9.0).observer, 2.0).low == 7.0
    assert scene.clock.now() == 9.0


def test_a_question_that_the_link_lost_is_none() -> None:
    scene = Scene(metered=False)
    scene.from_cable(1.0, S.hello())
    scene.from_socket(1.2, S.offer())
    scene.from_cable(2.0, S.funding(), lost=True)
    assert session.slowest_reply(scene.run(9.0).observer, 2.0).high == pytest.approx(0.2)


def test_a_question_that_is_said_again_counts_from_the_first_time() -> None:
    scene = Scene(metered=False)
    scene.from_cable(1.0, S.payment(1))
    scene.from_cable(2.0, S.payment(1))
    scene.from_socket(2.5, S.receipt(1))
    assert session.slowest_reply(scene.run(5.0).observer, 2.0).high == 1.5


def test_a_cable_calls_while_the_socket_boots_so_that_the_newest_hello_counts() -> None:
    scene = Scene(metered=False)
    for t in (1.0, 2.0, 3.0):
        scene.from_cable(t, S.hello())
    scene.from_socket(3.4, S.offer())
    assert session.slowest_reply(scene.run(5.0).observer, 2.0).high == pytest.approx(0.4)


def test_what_the_other_side_asks_is_not_held_against_the_device_under_test() -> None:
    scene = Scene(metered=False, setup=CABLE_UNDER_TEST)
    scene.from_cable(1.0, S.hello())
    scene.from_socket(9.0, S.offer())
    scene.from_cable(9.3, S.funding())
    assert session.slowest_reply(scene.run(12.0).observer, 2.0).high == pytest.approx(0.3)
    both = Scene(metered=False, setup=PAIR)
    both.from_cable(1.0, S.hello())
    both.from_socket(4.0, S.offer())
    both.from_cable(4.3, S.funding())
    both.from_socket(4.4, S.request(1))
    both.from_cable(4.5, S.payment(1))
    both.from_socket(4.6, S.receipt(1))
    assert session.slowest_reply(both.run(12.0).observer, 2.0).high == 3.0


def test_a_device_that_was_asked_nothing_is_not_idle_but_for_a_cable_that_never_called() -> None:
    with pytest.raises(EvidenceMissing, match=r"^no device under test was asked anything$"):
        session.slowest_reply(Scene(metered=False).run(5.0).observer, 2.0)
    with pytest.raises(DeviceIdle, match=r"^no device under test was asked anything$"):
        session.slowest_reply(Scene(metered=False, setup=CABLE_UNDER_TEST).run(5.0).observer, 2.0)


def test_a_question_whose_time_is_over_at_this_very_instant_fails_only_after_it() -> None:
    scene = Scene(metered=False)
    scene.from_cable(2.0, S.payment(1))
    found = session.slowest_reply(scene.run(4.0).observer, 2.0)
    assert scene.clock.now() == 6.0
    assert judged(found, 2.0) is Verdict.FAIL


def test_of_two_open_questions_the_newer_one_is_watched_until_its_time_is_over() -> None:
    scene = Scene(metered=False)
    scene.from_cable(1.2, S.funding())
    scene.from_cable(5.0, S.payment(1))
    scene.from_socket(5.5, S.request(1))
    found = session.slowest_reply(scene.run(5.2).observer, 5.0)
    assert scene.clock.now() == 12.0
    assert judged(found, 5.0) is Verdict.FAIL


def test_while_an_older_question_is_overdue_a_newer_one_is_not_watched() -> None:
    scene = Scene(metered=False)
    scene.from_cable(1.0, S.funding())
    scene.from_cable(5.0, S.payment(1))
    assert session.slowest_reply(scene.run(5.2).observer, 2.0) == Timed(4.2, math.inf, 1.0)
    assert scene.clock.now() == 5.2


def test_a_question_that_was_asked_while_another_was_watched_and_has_time_yet_says_nothing() -> None:
    scene = Scene(metered=False)
    scene.from_cable(2.0, S.payment(1))
    scene.from_socket(2.5, S.receipt(1))
    scene.from_cable(4.0, S.payment(2))
    found = session.slowest_reply(scene.run(2.0).observer, 2.0)
    assert scene.clock.now() == 6.0
    assert found == Timed(0.5, 0.5, 2.0)


def test_a_question_that_was_asked_while_another_was_watched_and_is_overdue_fails() -> None:
    scene = Scene(metered=False)
    scene.from_cable(2.0, S.payment(1))
    scene.from_socket(2.5, S.receipt(1))
    scene.from_cable(3.9, S.payment(2))
    found = session.slowest_reply(scene.run(2.0).observer, 2.0)
    assert judged(found, 2.0) is Verdict.FAIL


def test_what_passed_before_a_question_at_the_same_instant_does_not_answer_it() -> None:
    scene = Scene(metered=False)
    scene.from_cable(1.0, S.payment(1))
    scene.from_socket(1.25, S.receipt(1))
    scene.from_cable(1.25, S.payment(2))
    scene.from_socket(3.0, S.receipt(2))
    assert session.slowest_reply(scene.run(5.0).observer, 2.0) == Timed(1.75, 1.75, 1.25)


def test_what_was_sent_before_a_question_and_read_after_it_does_not_answer_it() -> None:
    errors = iter([0.0, 0.0, -0.1, 0.0])
    scene = Scene(metered=False, error=lambda: next(errors))
    scene.from_cable(1.0, S.payment(1))
    scene.from_cable(1.5, S.payment(1))
    scene.from_socket(1.5, S.receipt(1))  # it came at 1.4 s
    scene.from_socket(3.0, S.receipt(1))
    assert session.slowest_reply(scene.run(5.0).observer, 2.0) == Timed(1.5, 1.5, 1.5)


def test_the_other_sides_own_close_answers_none_of_its_questions() -> None:
    scene = Scene(metered=False)
    scene.from_cable(1.0, S.payment(1))
    scene.from_cable(1.2, S.close(CloseReason.UNPLUGGED))
    scene.from_socket(2.5, S.receipt(1))
    assert session.slowest_reply(scene.run(5.0).observer, 2.0).high == 1.5


def test_a_question_after_one_that_the_link_lost_counts() -> None:
    scene = Scene(metered=False)
    scene.from_cable(1.0, S.payment(1), lost=True)
    scene.from_cable(2.0, S.payment(1))
    scene.from_socket(3.5, S.receipt(1))
    assert session.slowest_reply(scene.run(5.0).observer, 2.0) == Timed(1.5, 1.5, 2.0)


def test_an_answer_at_the_instant_of_the_question_took_no_time() -> None:
    scene = Scene(metered=False)
    scene.from_cable(1.0, S.hello())
    scene.from_socket(1.0, S.offer())
    assert session.slowest_reply(scene.run(5.0).observer, 2.0) == Timed(0.0, 0.0, 1.0)


def test_the_hello_before_an_offer_at_the_same_instant_is_the_one_that_was_answered() -> None:
    scene = Scene(metered=False)
    scene.from_cable(1.0, S.hello())
    scene.from_cable(2.5, S.hello())
    scene.from_socket(2.5, S.offer())
    assert session.slowest_reply(scene.run(5.0).observer, 2.0) == Timed(0.0, 0.0, 2.5)


def test_a_socket_that_answers_no_hello_is_late_from_the_first_on() -> None:
    scene = Scene(metered=False)
    for t in (1.0, 2.0, 3.0):
        scene.from_cable(t, S.hello())
    assert session.slowest_reply(scene.run(3.5).observer, 2.0) == Timed(2.5, math.inf, 1.0)


def test_a_reply_has_the_bounds_of_both_stamps() -> None:
    scene = Scene(metered=False, bound=0.01)
    scene.from_cable(1.0, S.payment(1))
    scene.from_socket(2.5, S.receipt(1))
    found = session.slowest_reply(scene.run(5.0).observer, 2.0)
    assert found.low == pytest.approx(1.48)
    assert found.high == pytest.approx(1.52)

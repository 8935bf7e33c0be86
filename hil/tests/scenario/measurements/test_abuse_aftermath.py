"""What must go on after an abuse, must hold or is turned away, on made timelines."""

from __future__ import annotations

import pytest

from hil.evidence.documents import Verdict
from hil.evidence.observations import Counted, Timed
from hil.links.abuses.catalogue import Must
from hil.protocol.codes import ErrorCode
from hil.scenario.measurements import abuse
from hil.tests.scenario.abuses import cheated, plan, row, verdicts
from hil.tests.scenario.sessions import Session
from hil.tests.scenario.timelines import CABLE_UNDER_TEST, Scene

S = Session()


def test_a_session_that_must_go_on_is_shown_by_the_next_receipt_or_payment() -> None:
    made = row(must=Must.GO_ON, codes=(), within_s=3.0)
    scene = cheated(made)
    scene.from_socket(5.1, S.receipt(1))
    scene.from_socket(6.0, S.receipt(2))
    checks = abuse.answer(plan(made), "socket")
    assert [each.measurement.name for each in checks] == ["pay-less to the next receipt"]
    found = checks[0].take(scene.run(5.5).observer)
    assert found.observed is not None
    assert found.observed.high == 1.0

    theirs = row(who="socket", must=Must.GO_ON, codes=(), within_s=3.0)
    cable = cheated(theirs, setup=CABLE_UNDER_TEST)
    cable.strike(6.0, S.request(2), "to cable")
    cable.from_cable(6.5, S.payment(3))
    assert verdicts(cable.run(7.0), theirs, "cable") == [Verdict.PASS]


def test_the_payments_of_a_later_session_count_although_their_numbers_begin_anew() -> None:
    made, later = row(must=Must.GO_ON, codes=(), within_s=3.0), Session(2)
    scene = cheated(made)
    scene.from_socket(5.1, later.offer())
    scene.from_cable(5.2, later.payment(1))
    scene.from_socket(5.5, later.receipt(1))
    assert verdicts(scene.run(7.0), made) == [Verdict.PASS]


def test_what_objects_must_go_on_as_well() -> None:
    made = row(must=Must.OBJECT)
    for goes_on in (True, False):
        scene = cheated(made)
        scene.from_socket(5.1, S.error(ErrorCode.UNDERPAID))
        if goes_on:
            scene.from_socket(6.5, S.receipt(2))
        assert verdicts(scene.run(5.2), made) == [Verdict.PASS, Verdict.PASS if goes_on else Verdict.FAIL]


def test_what_must_hold_is_watched_for_its_time_and_fails_if_it_is_paid() -> None:
    made = row(must=Must.HOLD, within_s=4.0)
    for receipt_at, verdict in ((None, Verdict.PASS), (8.0, Verdict.FAIL), (9.8, Verdict.PASS)):
        scene = cheated(made)
        if receipt_at is not None:
            scene.from_socket(receipt_at, S.receipt(2))
        assert verdicts(scene.run(5.5), made) == [verdict]
        assert scene.clock.now() == 9.5


def test_what_is_turned_away_may_boot_first_and_is_timed_from_the_newest_abuse() -> None:
    made = row(must=Must.TURN_AWAY, from_payment=1)
    scene = cheated(made)
    scene.strike(60.0, S.forged(2))
    scene.from_socket(60.2, S.error(ErrorCode.UNDERPAID))
    scene.strike(61.0, S.forged(2))
    found = abuse.answer(plan(made), "socket")[0].take(scene.run(5.1).observer)
    assert found.observed is not None
    assert found.observed.high == pytest.approx(0.2)


def test_a_receipt_at_the_instant_of_the_abuse_is_for_what_was_paid_before() -> None:
    made = row(must=Must.HOLD, within_s=4.0)
    scene = cheated(made)
    scene.from_socket(5.0, S.receipt(2))
    assert verdicts(scene.run(5.5), made) == [Verdict.PASS]


def test_what_must_hold_counts_each_payment_that_was_credited_all_the_same() -> None:
    made = row(must=Must.HOLD, within_s=4.0)
    scene = cheated(made)
    scene.from_socket(6.0, S.receipt(2))
    scene.from_socket(7.0, S.receipt(3))
    found = abuse.answer(plan(made), "socket")[0].take(scene.run(5.5).observer)
    assert found.observed == Counted(2)


def test_a_receipt_that_the_cheat_says_itself_credits_nothing() -> None:
    made = row(must=Must.HOLD, within_s=4.0)
    scene = cheated(made)
    scene.from_cable(6.0, S.receipt(9))
    assert verdicts(scene.run(5.5), made) == [Verdict.PASS]


def test_the_first_payment_of_all_may_come_after_the_abuse() -> None:
    made = row(must=Must.OBJECT, from_payment=0)
    scene = Scene(metered=False)
    scene.observer.plan.abuse = plan(made)
    scene.strike(1.0, S.hello())
    scene.from_socket(2.0, S.receipt(1))
    assert abuse.answer(plan(made), "socket")[1].take(scene.run(2.5).observer).observed == Counted(1)


def test_a_session_that_was_objected_to_and_stands_still_is_watched_a_little_longer() -> None:
    made = row(must=Must.OBJECT)
    scene = cheated(made).run(6.0)
    found = abuse.answer(plan(made), "socket")[1].take(scene.observer)
    assert (found.verdict, found.observed) == (Verdict.FAIL, Counted(0))
    assert scene.clock.now() == 8.0


def test_the_payments_after_an_objection_are_counted_from_the_abuse_on() -> None:
    made = row(must=Must.OBJECT)
    scene = cheated(made)
    scene.from_socket(5.5, S.receipt(2), S.receipt(3))
    found = abuse.answer(plan(made), "socket")[1].take(scene.run(6.0).observer)
    assert found.observed == Counted(2)
    assert scene.clock.now() == 6.0


def test_what_is_turned_away_and_never_answered_is_watched_until_a_device_must_have_booted() -> None:
    made = row(must=Must.TURN_AWAY, from_payment=1)
    scene = cheated(made).run(5.1)
    assert verdicts(scene, made) == [Verdict.FAIL]
    assert scene.clock.now() == pytest.approx(5.1 + 0.5 + 120.0)


@pytest.mark.parametrize("more", [(), (30.0,), (30.0, 60.0), (30.0, 60.0, 61.0)])
def test_of_all_that_is_turned_away_the_answer_is_timed_from_the_newest_before_it(more: tuple[float, ...]) -> None:
    made = row(must=Must.TURN_AWAY, from_payment=1)
    scene = cheated(made)
    for t in more:
        scene.strike(t, S.forged(2))
    scene.from_socket(60.5, S.error(ErrorCode.UNDERPAID))
    observed = abuse.answer(plan(made), "socket")[0].take(scene.run(62.0).observer).observed
    assert isinstance(observed, Timed)
    assert observed.began == max(t for t in (5.0, *more) if t < 60.5)


def test_an_answer_at_the_instant_of_the_newest_abuse_is_timed_from_that() -> None:
    made = row(must=Must.TURN_AWAY, from_payment=1)
    scene = cheated(made)
    scene.strike(60.0, S.forged(2))
    scene.from_socket(60.0, S.error(ErrorCode.UNDERPAID))
    assert abuse.answer(plan(made), "socket")[0].take(scene.run(5.1).observer).observed == Timed(0.0, 0.0, 60.0)

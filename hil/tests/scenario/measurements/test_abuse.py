"""What is demanded of the answer to an abuse, and the refusals, on made timelines."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hil.errors import AuthorError
from hil.evidence.documents import Verdict
from hil.evidence.limits import Limit
from hil.evidence.observations import Source, Timed
from hil.links.abuses.catalogue import AbuseRow, Must
from hil.protocol.codes import CloseReason, ErrorCode
from hil.scenario.abuse_plan import COUNTERPART, AbusePlan
from hil.scenario.measurements import abuse
from hil.tests.scenario.abuses import CABLES, REFUSE, cheated, plan, row, seconds_on_the_line, verdicts
from hil.tests.scenario.sessions import Session
from hil.tests.scenario.timelines import Scene, Truth

S = Session()


def test_only_the_device_that_is_cheated_can_answer() -> None:
    assert abuse.row_of(plan(REFUSE), "socket") is REFUSE
    for made in (None, AbusePlan("underpay", 1)):
        with pytest.raises(AuthorError) as none:
            abuse.row_of(made, "socket")
        assert str(none.value) == "no abuse of the catalogue in this scenario. Write 'Given the cable will …'."
    with pytest.raises(AuthorError, match=r"^it is the socket that answers 'pay-less', not the cable$"):
        abuse.row_of(plan(REFUSE), "cable")


def test_a_counterpart_has_struck_once_it_cheated() -> None:
    observer = Scene(metered=False).observer
    assert not abuse.struck(observer)
    observer.abuse = cast("Any", SimpleNamespace(strikes=0))
    assert not abuse.struck(observer)
    observer.abuse = cast("Any", SimpleNamespace(strikes=1))
    assert abuse.struck(observer)


METER_TOO = (Source.LINE, Source.LAB_METER)


@pytest.mark.parametrize(
    ("made", "demanded"),
    [
        (
            row(codes=("UNDERPAID", "ALTERED")),
            [
                ("pay-less to ERROR UNDERPAID or ALTERED", Limit("s", high=0.5), (Source.LINE,)),
                ("pay-less to zero power", Limit("s", high=0.5), METER_TOO),
            ],
        ),
        (
            row(must=Must.CLOSE, codes=("REFUSED",)),
            [
                ("pay-less to CLOSE REFUSED", Limit("s", high=0.5), (Source.LINE,)),
                ("pay-less to zero power", Limit("s", high=0.5), METER_TOO),
            ],
        ),
        (row(must=Must.TURN_AWAY), [("pay-less to ERROR UNDERPAID", Limit("s", high=0.5), (Source.LINE,))]),
        (
            row(must=Must.OBJECT),
            [
                ("pay-less to ERROR UNDERPAID", Limit("s", high=0.5), (Source.LINE,)),
                ("payments after pay-less", Limit("count", low=1), (Source.LINE,)),
            ],
        ),
        (
            row(must=Must.HOLD, codes=(), within_s=4.5),
            [("payments in 4.5 s after pay-less", Limit("count", high=0), (Source.LINE,))],
        ),
        (row(must=Must.GO_ON, codes=()), [("pay-less to the next receipt", Limit("s", high=0.5), (Source.LINE,))]),
        (
            row(who="socket", must=Must.GO_ON, codes=()),
            [("pay-less to the next payment", Limit("s", high=0.5), (Source.LINE,))],
        ),
    ],
)
def test_what_the_catalogue_demands_is_declared_with_its_limit_and_by_whose_word(
    made: AbuseRow, demanded: list[tuple[str, Limit, tuple[Source, ...]]]
) -> None:
    checks = [each.measurement for each in abuse.answer(plan(made), made.device)]
    assert [(each.name, each.limit, each.sources) for each in checks] == demanded


def test_what_an_abuse_may_cost_is_declared_with_its_limit_and_by_whose_word() -> None:
    energy = abuse.loss(plan(row(loses_mwh=250)), "socket").measurement
    assert (energy.name, energy.limit) == ("energy delivered and not paid for", Limit("Wh", high=0.25))
    assert energy.sources == (Source.LAB_METER, Source.LEDGER, Source.LINE)
    money = abuse.loss(plan(CABLES), "cable").measurement
    assert (money.name, money.limit) == ("signed away and not delivered", Limit("sat", high=10_000))
    assert money.sources == METER_TOO
    assert abuse.loss(plan(row(loses_mwh=None)), "socket").measurement.limit.high == 0
    assert abuse.loss(plan(row(who="socket", loses_sat=None)), "cable").measurement.limit.high == 0


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_refusal_in_time_with_the_power_cut_passes_both_checks() -> None:
    scene = cheated(REFUSE, Truth(((1.0, 5.1),)))
    scene.from_socket(5.2, S.error(ErrorCode.UNDERPAID))
    assert verdicts(scene.run(5.3), REFUSE) == [Verdict.PASS, Verdict.PASS]


def test_a_refusal_that_leaves_the_power_on_fails_the_second_check() -> None:
    scene = cheated(REFUSE, Truth(((1.0, math.inf),)))
    scene.from_socket(5.2, S.error(ErrorCode.UNDERPAID))
    assert verdicts(scene.run(5.3), REFUSE) == [Verdict.PASS, Verdict.FAIL]


def test_an_abuse_before_any_power_has_no_power_to_cut() -> None:
    assert len(abuse.answer(plan(row(from_payment=1)), "socket")) == 1
    assert len(abuse.answer(plan(row(from_payment=2)), "socket")) == 2
    assert len(abuse.answer(AbusePlan("", 1, row=REFUSE), "socket")) == 1


@pytest.mark.parametrize(
    ("code", "at"), [(ErrorCode.OVERPAID, 5.2), (ErrorCode.UNDERPAID, 4.9), (ErrorCode.UNDERPAID, 6.0)]
)
def test_an_answer_with_another_code_or_before_the_abuse_or_too_late_is_none(code: ErrorCode, at: float) -> None:
    made = row(from_payment=1)
    scene = cheated(made)
    scene.from_socket(at, S.error(code))
    scene.from_cable(5.2, S.error(ErrorCode.UNDERPAID))
    assert verdicts(scene.run(5.1), made) == [Verdict.FAIL]


def test_no_answer_is_watched_for_past_its_limit() -> None:
    made = row(from_payment=1)
    scene = cheated(made).run(5.1)
    assert verdicts(scene, made) == [Verdict.FAIL]
    assert scene.clock.now() == pytest.approx(5.1 + 0.5 + 2.0)


def test_who_looks_on_is_told_what_is_awaited() -> None:
    made = row(from_payment=1)
    scene = cheated(made).run(5.1)
    awaited: list[str] = []
    scene.at(5.2, lambda: awaited.append(scene.observer.watch.awaited))
    verdicts(scene, made)
    assert awaited == ["the answer to the abuse"]


def test_a_late_answer_is_waited_for_so_that_the_report_says_by_how_much() -> None:
    made = row(from_payment=1)
    scene = cheated(made)
    scene.from_socket(7.5, S.error(ErrorCode.UNDERPAID))
    found = abuse.answer(plan(made), "socket")[0].take(scene.run(5.1).observer)
    assert found.observed is not None
    assert (found.verdict, found.observed.high) == (Verdict.FAIL, 2.5)


def test_an_answer_that_never_comes_is_open_from_the_last_byte_of_the_abuse() -> None:
    made = row(from_payment=1)
    scene = cheated(made)
    observed = abuse.answer(plan(made), "socket")[0].take(scene.run(5.1).observer).observed
    assert isinstance(observed, Timed)
    assert observed.low == pytest.approx(2.6 - seconds_on_the_line(scene, 5.0))
    assert (observed.high, observed.began) == (math.inf, 5.0)


def test_an_answer_at_the_instant_of_the_abuse_answers_it() -> None:
    made = row(from_payment=1)
    scene = cheated(made)
    scene.from_socket(5.0, S.error(ErrorCode.UNDERPAID))
    found = abuse.answer(plan(made), "socket")[0].take(scene.run(5.1).observer)
    assert (found.verdict, found.observed) == (Verdict.PASS, Timed(0.0, 0.0, 5.0))


def test_power_is_cut_after_the_last_byte_of_the_first_abuse() -> None:
    scene = cheated(REFUSE, Truth(((1.0, 5.35),)))
    scene.strike(5.2, S.forged(2))
    cut = abuse.answer(plan(REFUSE), "socket")[1]
    observed = cut.take(scene.run(6.0).observer).observed
    assert isinstance(observed, Timed)
    assert observed.low <= 0.35 <= observed.high
    assert observed.began == 5.0
    # the first reading without power is that of 5.5 s
    assert observed.high == pytest.approx(0.5)


def test_power_that_is_not_cut_is_watched_for_past_the_limit_of_its_row() -> None:
    made = row(within_s=3.0)
    scene = cheated(made, Truth(((1.0, math.inf),))).run(5.1)
    assert abuse.answer(plan(made), "socket")[1].take(scene.observer).verdict is Verdict.FAIL
    assert scene.clock.now() == pytest.approx(5.0 + 3.0 + 2.0, abs=0.05)


@pytest.mark.parametrize(("stamp", "counts"), [(5.0, True), (5.0625, True), (5.0626, False)])
def test_on_a_wall_clock_the_bytes_of_the_abuse_have_a_stamp_right_after_its_own(stamp: float, counts: bool) -> None:
    """The clock's bound is 1/64 s: both stamps are true within it, twice over."""
    made = row(from_payment=1)
    scene = Scene(metered=False, bound=1 / 64)
    scene.observer.plan.abuse = plan(made)
    scene.fault(5.0, COUNTERPART, "cheats")
    scene.from_socket(5.0, S.meter(1))  # goes the other way
    scene.from_cable(stamp, S.forged(2))
    scene.from_socket(5.3, S.error(ErrorCode.UNDERPAID))
    observed = abuse.answer(plan(made), "socket")[0].take(scene.run(6.0).observer).observed
    assert observed is not None
    assert observed.low == pytest.approx(0.3 - 2 / 64 - (seconds_on_the_line(scene, stamp) if counts else 0.0))
    assert observed.high == pytest.approx(0.3 + 2 / 64)


def test_the_answer_counts_from_the_last_byte_of_the_abuse_on_either_clock() -> None:
    made = row(from_payment=1)
    for bound in (0.0, 0.002):
        scene = cheated(made, bound=bound)
        scene.from_socket(5.3, S.error(ErrorCode.UNDERPAID))
        check = abuse.answer(plan(made), "socket")[0]
        observed = check.take(scene.run(6.0).observer).observed
        assert observed is not None
        assert observed.low == pytest.approx(0.3 - seconds_on_the_line(scene, 5.0) - 2 * bound)
        assert observed.high == pytest.approx(0.3 + 2 * bound)


def test_a_close_answers_where_a_close_is_due_and_an_error_does_not() -> None:
    made = row(must=Must.CLOSE, codes=("REFUSED",), from_payment=1)
    scene = cheated(made)
    scene.from_socket(5.1, S.error(ErrorCode.UNDERPAID), S.close(CloseReason.FAULT))
    scene.from_socket(5.2, S.close(CloseReason.REFUSED))
    found = abuse.answer(plan(made), "socket")[0].take(scene.run(6.0).observer)
    assert found.measurement.name == "pay-less to CLOSE REFUSED"
    assert (found.verdict, found.observed and round(found.observed.high, 3)) == (Verdict.PASS, 0.2)


def test_without_a_strike_nothing_can_be_answered() -> None:
    made = row(from_payment=1)
    scene = Scene(metered=False)
    scene.observer.plan.abuse = plan(made)
    found = abuse.answer(plan(made), "socket")[0].take(scene.run(1.0).observer)
    assert (found.verdict, found.detail) == (Verdict.INCONCLUSIVE, "the counterpart did not get to cheat")
    owing = Scene(metered=False)
    owing.observer.plan.abuse = plan(made)
    owing.from_cable(1.0, S.hello())
    assert verdicts(owing.run(9.0), made) == [Verdict.FAIL]

"""How a device took an abuse of the catalogue, on made timelines."""

from __future__ import annotations

import dataclasses
import math
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hil.errors import AuthorError
from hil.evidence.documents import Verdict
from hil.evidence.observations import EvidenceMissing, Sampled, Source
from hil.links.abuses.catalogue import AbuseRow, Must
from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.policy import Mode
from hil.scenario.measurements import abuse
from hil.scenario.stimuli.abuse import AbusePlan
from hil.tests.scenario.sessions import QUANTUM_SAT, Session, signed
from hil.tests.scenario.timelines import CABLE_UNDER_TEST, Scene, Truth

S, P = Session(), Session(mode=Mode.PER_PAYMENT)

REFUSE = AbuseRow(
    id="pay-less", who="cable", how="", trick="pay-less", codes=("UNDERPAID",), within_s=0.5, loses_mwh=100, source="-"
)


def row(**changes: Any) -> AbuseRow:
    return REFUSE.model_copy(update=changes)


def plan(made: AbuseRow) -> AbusePlan:
    return AbusePlan("", None, row=made)


def cheated(made: AbuseRow, truth: Truth | None = None, **options: Any) -> Scene:
    """The counterpart cheats at 5 s with its second payment."""
    scene = Scene(truth, metered=truth is not None, **options)
    scene.trial.plan.abuse = plan(made)
    scene.from_socket(0.2, S.offer())
    scene.from_cable(0.4, S.payment(1))
    scene.from_socket(0.9, S.receipt(1))
    scene.strike(5.0, S.forged(2))
    return scene


def verdicts(scene: Scene, made: AbuseRow, device: str = "socket") -> list[Verdict]:
    return [each.take(scene.trial).verdict for each in abuse.answer(plan(made), device)]


def test_only_the_device_that_is_cheated_can_answer() -> None:
    assert abuse.row_of(plan(REFUSE), "socket") is REFUSE
    with pytest.raises(AuthorError, match="no abuse of the catalogue"):
        abuse.row_of(None, "socket")
    with pytest.raises(AuthorError, match="no abuse of the catalogue"):
        abuse.row_of(AbusePlan("underpay", 1), "socket")
    with pytest.raises(AuthorError, match="it is the socket that answers 'pay-less', not the cable"):
        abuse.row_of(plan(REFUSE), "cable")


def test_a_counterpart_has_struck_once_it_cheated() -> None:
    trial = Scene(metered=False).trial
    assert not abuse.struck(trial)
    trial.abuse = cast("Any", SimpleNamespace(strikes=0))
    assert not abuse.struck(trial)
    trial.abuse = cast("Any", SimpleNamespace(strikes=1))
    assert abuse.struck(trial)


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


def test_the_answer_counts_from_the_last_byte_of_the_abuse_on_either_clock() -> None:
    made = row(from_payment=1)
    for bound in (0.0, 0.002):
        scene = cheated(made, bound=bound)
        scene.from_socket(5.3, S.error(ErrorCode.UNDERPAID))
        check = abuse.answer(plan(made), "socket")[0]
        observed = check.take(scene.run(6.0).trial).observed
        assert observed is not None
        sent = len(next(str(each.event.data["bytes"]) for each in scene.recorder.frames if each.t >= 4.99)) / 2
        assert observed.low == pytest.approx(0.3 - sent * 10 / 115_200 - 2 * bound)
        assert observed.high == pytest.approx(0.3 + 2 * bound)


def test_a_close_answers_where_a_close_is_due_and_an_error_does_not() -> None:
    made = row(must=Must.CLOSE, codes=("REFUSED",), from_payment=1)
    scene = cheated(made)
    scene.from_socket(5.1, S.error(ErrorCode.UNDERPAID), S.close(CloseReason.FAULT))
    scene.from_socket(5.2, S.close(CloseReason.REFUSED))
    found = abuse.answer(plan(made), "socket")[0].take(scene.run(6.0).trial)
    assert found.measurement.name == "pay-less to CLOSE REFUSED"
    assert (found.verdict, found.observed and round(found.observed.high, 3)) == (Verdict.PASS, 0.2)


def test_without_a_strike_nothing_can_be_answered() -> None:
    made = row(from_payment=1)
    scene = Scene(metered=False)
    scene.trial.plan.abuse = plan(made)
    assert verdicts(scene.run(1.0), made) == [Verdict.INCONCLUSIVE]


# --- what must go on --------------------------------------------------------------------------------------------------


def test_a_session_that_must_go_on_is_shown_by_the_next_receipt_or_payment() -> None:
    made = row(must=Must.GO_ON, codes=(), within_s=3.0)
    scene = cheated(made)
    scene.from_socket(5.1, S.receipt(1))
    scene.from_socket(6.0, S.receipt(2))
    checks = abuse.answer(plan(made), "socket")
    assert [each.measurement.name for each in checks] == ["pay-less to the next receipt"]
    found = checks[0].take(scene.run(5.5).trial)
    assert found.observed is not None
    assert found.observed.high == 1.0

    theirs = row(who="socket", must=Must.GO_ON, codes=(), within_s=3.0)
    cable = cheated(theirs, setup=CABLE_UNDER_TEST)
    cable.strike(6.0, S.request(2), "to cable")
    cable.from_cable(6.5, S.payment(3))
    assert verdicts(cable.run(7.0), theirs, "cable") == [Verdict.PASS]


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
    found = abuse.answer(plan(made), "socket")[0].take(scene.run(5.1).trial)
    assert found.observed is not None
    assert found.observed.high == pytest.approx(0.2)


# --- the loss ---------------------------------------------------------------------------------------------------------


def lost(scene: Scene, made: AbuseRow, device: str) -> Sampled:
    found = abuse.loss(plan(made), device).take(scene.trial).observed
    assert isinstance(found, Sampled)
    return found


def test_a_socket_loses_the_energy_that_nothing_on_the_ledger_pays_for() -> None:
    scene = cheated(REFUSE, Truth(((1.0, 5.5),)))
    scene.run(6.0)
    assert (lost(scene, REFUSE, "socket").low + lost(scene, REFUSE, "socket").high) / 2 == pytest.approx(1.25, abs=0.01)
    scene.ledger.take(signed(S, 1).serialize())
    assert (lost(scene, REFUSE, "socket").low + lost(scene, REFUSE, "socket").high) / 2 == pytest.approx(
        -2.75, abs=0.01
    )
    assert abuse.loss(plan(REFUSE), "socket").take(scene.trial).verdict is Verdict.PASS
    assert abuse.loss(plan(REFUSE), "socket").measurement.limit.high == 0.1
    assert Source.LEDGER in abuse.loss(plan(REFUSE), "socket").measurement.sources


def test_while_a_session_goes_on_the_payments_on_the_line_pay() -> None:
    made = row(must=Must.GO_ON)
    scene = cheated(made, Truth(((1.0, 5.5),))).run(6.0)
    assert lost(scene, made, "socket").high < -2.7


def test_without_an_offer_nothing_was_paid() -> None:
    scene = Scene(Truth(((1.0, 2.8),))).run(4.0)
    scene.trial.plan.abuse = plan(REFUSE)
    assert lost(scene, REFUSE, "socket").low == pytest.approx(0.5, abs=0.02)


CABLES = row(who="socket", loses_mwh=None, loses_sat=10_000)


def test_a_cable_loses_what_it_signed_away_beside_its_change_less_what_was_delivered() -> None:
    scene = Scene(Truth(((2.0, 5.6),)), setup=CABLE_UNDER_TEST)
    scene.from_socket(0.2, S.offer())
    scene.from_cable(0.3, S.funding())
    for n in (1, 2):
        scene.from_cable(n + 0.4, S.payment(n))
    found = lost(scene.run(6.0), CABLES, "cable")
    assert found.low <= 2 * QUANTUM_SAT - 2500 <= found.high
    assert found.high - found.low < 60
    scene.trial.plan.mode = "per-payment"
    assert lost(scene, CABLES, "cable").high - found.high == pytest.approx(QUANTUM_SAT)


def test_what_was_signed_away_in_two_sessions_adds_up() -> None:
    other = Session(2)
    scene = Scene(Truth(), setup=CABLE_UNDER_TEST)
    for t, session in ((0.2, S), (2.2, other)):
        scene.from_socket(t, session.offer())
        scene.from_cable(t + 0.1, session.funding())
        scene.from_cable(t + 0.4, session.payment(1))
    assert lost(scene.run(6.0), CABLES, "cable").high == pytest.approx(2 * QUANTUM_SAT, abs=60)


def test_a_cable_that_signed_nothing_lost_nothing() -> None:
    scene = Scene(Truth(), setup=CABLE_UNDER_TEST).run(2.0)
    found = lost(scene, CABLES, "cable")
    assert (found.low, found.high) == (0.0, 0.0)
    assert abuse.loss(plan(CABLES), "cable").measurement.limit.high == 10_000


def test_evidence_that_is_missing_is_no_loss() -> None:
    scene = Scene(metered=False)
    scene.trial.plan.abuse = plan(REFUSE)
    with pytest.raises((EvidenceMissing, IndexError)):
        abuse._unpaid(scene.run(1.0).trial, REFUSE)
    assert dataclasses.is_dataclass(plan(REFUSE))

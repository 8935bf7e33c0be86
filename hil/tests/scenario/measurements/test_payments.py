"""Payments on the line and on the ledger, on made timelines."""

from __future__ import annotations

import pytest
from bitcoin.core import CMutableTransaction, CMutableTxOut, CTransaction
from bitcoin.core.script import CScript

from hil.errors import AuthorError
from hil.evidence.documents import Kind, Verdict
from hil.evidence.limits import Limit
from hil.evidence.observations import Counted, DeviceIdle, EvidenceMissing, Sampled, Source
from hil.links.abuses.model import STRANGER_SCRIPT
from hil.protocol.codes import ErrorCode
from hil.protocol.policy import Mode
from hil.scenario.check import timed, within_time
from hil.scenario.measurements import payments
from hil.tests.scenario.sessions import QUANTUM_SAT, Session, proposed, signed
from hil.tests.scenario.timelines import Scene, Truth

S, P = Session(), Session(mode=Mode.PER_PAYMENT)


def raw(session: Session, n: int) -> bytes:
    return bytes(signed(session, n).serialize())


def traded(session: Session = S, count: int = 2, **options: str) -> Scene:
    """So many payments are asked for, signed and accepted; the last one is asked for and signed twice."""
    scene = Scene(metered=False, **options)  # type: ignore[arg-type]
    scene.from_socket(0.2, session.offer())
    for n in (*range(1, count + 1), count):
        scene.from_socket(float(n), session.request(n))
        scene.from_cable(n + 0.1, session.payment(n))
        scene.from_socket(n + 0.2, session.receipt(n))
    return scene.run(count + 1.0)


def test_payments_are_counted_by_their_numbers_however_often_they_are_said() -> None:
    observer = traded(count=3).observer
    assert payments.accepted(observer) == payments.signed(observer) == payments.asked(observer) == Counted(3)
    assert payments.sessions(observer) == Counted(1)


def test_a_receipt_without_its_payment_is_no_accepted_payment() -> None:
    scene = Scene(metered=False)
    scene.from_socket(0.2, S.offer(), S.receipt(1))
    assert payments.accepted(scene.run(1.0).observer) == Counted(0)
    assert payments.paid(scene.observer) == Counted(0)


def test_what_was_paid_is_the_newest_in_single_fee_mode_and_the_sum_in_per_payment_mode() -> None:
    assert payments.paid(traded().observer) == Counted(2 * QUANTUM_SAT)
    assert payments.paid(traded(P, mode="per-payment").observer) == Counted(2 * QUANTUM_SAT)
    single = traded(count=3).observer
    assert payments.paid(single) == Counted(3 * QUANTUM_SAT)


def test_a_number_without_a_receipt_pays_nothing_although_a_later_one_has_one() -> None:
    scene = Scene(metered=False, mode="per-payment")
    scene.from_socket(0.2, P.offer())
    scene.from_cable(1.0, P.payment(1), P.payment(2))
    scene.from_socket(2.0, P.receipt(2))
    assert payments.paid(scene.run(3.0).observer) == Counted(QUANTUM_SAT)


def test_the_newest_receipt_and_each_payment_that_was_signed_are_told_with_their_times() -> None:
    scene, other = Scene(metered=False), Session(2)
    assert payments.newest_receipt(scene.observer) == payments.signed_in_order(scene.observer) == ""
    scene.from_socket(0.2, S.offer())
    scene.from_cable(0.5, S.payment(1), S.payment(1))
    scene.from_socket(0.9, S.receipt(1))
    scene.from_cable(2.5, other.payment(1))
    scene.run(3.0)
    assert payments.newest_receipt(scene.observer) == "the newest RECEIPT is for payment 1, at 0.900 s"
    told = "the cable signed payment 1 of session 1 at 0.500 s, then payment 1 of session 2 at 2.500 s"
    assert payments.signed_in_order(scene.observer) == told


def test_sessions_are_told_apart_by_their_ids() -> None:
    scene = Scene(metered=False)
    scene.from_socket(0.2, S.offer(), S.offer(), Session(2).offer())
    assert payments.sessions(scene.run(1.0).observer) == Counted(2)


# --- the boot -------------------------------------------------------------------------------------------------------


def booted(accepted_at: float | None, forged: bool = False) -> Scene:
    scene = Scene(metered=False)
    scene.power_on(1.0)
    scene.from_socket(2.0, S.offer())
    if accepted_at is not None:
        scene.from_cable(accepted_at - 0.5, S.forged(1) if forged else S.payment(1))
        scene.from_socket(accepted_at, S.receipt(1))
    return scene.run(3.0)


def test_the_boot_counts_from_the_supply_to_the_first_accepted_payment() -> None:
    found = payments.boot_to_payment(booted(26.0).run(27.0).observer, 27.0)
    assert (found.low, found.high, found.began) == (25.0, 25.0, 1.0)


def test_a_boot_that_never_ends_is_watched_to_its_limit_and_fails() -> None:
    for scene in (booted(None), booted(10.0, forged=True)):
        check = within_time("boot", 27.0, payments.boot_to_payment, Source.LINE)
        assert check.take(scene.observer).verdict is Verdict.FAIL
        assert scene.clock.now() == 30.0


def test_a_boot_that_was_to_be_slow_passes_when_it_is_slow() -> None:
    check = timed("boot", Limit("s", low=20.0), payments.boot_to_payment, Source.LINE)
    assert check.take(booted(26.0).run(27.0).observer).verdict is Verdict.PASS
    assert check.take(booted(10.0).run(27.0).observer).verdict is Verdict.FAIL


def test_devices_that_were_not_switched_on_did_not_boot() -> None:
    with pytest.raises(EvidenceMissing, match=r"^the devices were not switched on$"):
        payments.boot_to_payment(Scene(metered=False).observer, 27.0)


# --- the ledger -----------------------------------------------------------------------------------------------------


def test_the_newest_payment_is_recorded_mined_and_confirmed() -> None:
    scene = traded()
    scene.ledger.take(raw(S, 2))
    assert payments.newest_confirms(scene.observer) == Counted(1)
    told = [each.data for each in scene.recorder.events if each.kind is Kind.TRANSACTION]
    assert [(each["event"], each["confirmations"]) for each in told] == [("broadcast", 0), ("confirmed", 1)]
    assert told[0]["payment_sat"] == 2 * QUANTUM_SAT


def test_a_newest_payment_that_never_comes_to_the_ledger_has_no_confirmations() -> None:
    scene = traded()
    scene.ledger.take(raw(S, 1))
    assert payments.newest_confirms(scene.observer) == Counted(0)


def test_a_newest_payment_that_is_gone_after_the_block_has_no_confirmations() -> None:
    scene = traded()
    scene.ledger.take(raw(S, 2))
    scene.ledger.mine = lambda blocks=1: scene.ledger.drop(raw(S, 2))  # type: ignore[method-assign]
    assert payments.newest_confirms(scene.observer) == Counted(0)


def test_without_an_accepted_payment_a_socket_that_was_paid_is_idle() -> None:
    scene = Scene(metered=False)
    scene.from_cable(1.0, S.payment(1))
    with pytest.raises(EvidenceMissing, match="no payment was accepted"):
        payments.newest_confirms(scene.run(2.0).observer)
    with pytest.raises(DeviceIdle, match="no payment was accepted"):
        payments.newest_confirms(scene.run(3.5).observer)


def test_settled_transactions_are_confirmed_ones_with_a_fee() -> None:
    scene = traded(P)
    scene.ledger.take(raw(P, 1))
    scene.ledger.take(raw(P, 2), fee_sat=0)
    assert payments.settled(scene.observer) == Counted(1)
    assert [each.data["event"] for each in scene.recorder.events if each.kind is Kind.TRANSACTION] == ["confirmed"] * 2


def test_one_satoshi_is_a_fee_and_what_no_block_holds_is_seen_and_not_settled() -> None:
    scene = traded(P)
    scene.ledger.take(raw(P, 1), fee_sat=1)
    assert payments.settled(scene.observer) == Counted(1)
    late = traded(P)
    late.ledger.take(raw(P, 1))
    late.ledger.mine = lambda blocks=1: None  # type: ignore[method-assign]
    assert payments.settled(late.observer) == Counted(0)
    assert [each.data["event"] for each in late.recorder.events if each.kind is Kind.TRANSACTION] == ["seen"]


def test_only_confirmed_transactions_to_offered_payees_are_received() -> None:
    scene = traded(P)
    scene.ledger.take(raw(P, 1))
    scene.ledger.mine()
    scene.ledger.take(raw(P, 2))
    assert payments.received(scene.observer) == Counted(QUANTUM_SAT)
    scene.ledger.mine()
    assert payments.received(scene.observer) == Counted(2 * QUANTUM_SAT)


def test_without_an_offer_nothing_can_be_received() -> None:
    with pytest.raises(EvidenceMissing, match=r"^no offer passed on the line$"):
        payments.received(Scene(metered=False).observer)


def test_what_a_stranger_received_counts_over_the_cables_coins() -> None:
    scene = traded()
    mutable = CMutableTransaction.from_tx(proposed(S, 1))
    mutable.vout.append(CMutableTxOut(777, CScript(STRANGER_SCRIPT)))
    scene.ledger.take(CTransaction.from_tx(mutable).serialize())
    assert payments.stranger_received(scene.observer) == Counted(777)
    assert payments.stranger_received(traded().observer) == Counted(0)


def test_a_loss_is_the_price_of_the_energy_less_what_is_confirmed_after_a_block() -> None:
    scene = Scene(Truth(((1.0, 19.0),)))
    scene.from_socket(0.2, S.offer())
    scene.ledger.take(raw(S, 1))
    found = payments.loss(scene.run(20.0).observer)
    assert isinstance(found, Sampled)
    assert found.low <= 12_500 - QUANTUM_SAT <= found.high
    assert found.high - found.low < 150
    assert found.covers is not None


# --- errors ---------------------------------------------------------------------------------------------------------


def test_only_errors_of_this_device_with_this_code_count() -> None:
    scene = Scene(metered=False)
    scene.from_socket(1.0, S.error(ErrorCode.CONFLICT), S.error(ErrorCode.ALTERED))
    scene.from_cable(1.0, S.error(ErrorCode.CONFLICT))
    observer = scene.run(2.0).observer
    assert payments.reported(observer, "socket", "CONFLICT") == Counted(1)
    assert payments.reported(observer, "socket", "ALTERED") == Counted(1)
    assert payments.reported(observer, "cable", "CONFLICT") == Counted(1)
    assert payments.reported(observer, "cable", "ALTERED") == Counted(0)


def test_a_code_that_is_none_is_the_authors_mistake() -> None:
    payments.refuse_unknown_code("CONFLICT")
    with pytest.raises(AuthorError, match=r"'CONFLIKT' is no error code.*CONFLICT") as caught:
        payments.refuse_unknown_code("CONFLIKT")
    assert caught.value.remedy == "hil steps --types error_code lists them."

"""What accepted payments pay and buy: by transactions that are really signed, never by a receipt."""

from __future__ import annotations

import dataclasses
from itertools import permutations

import pytest
from bitcoin.core import CMutableTransaction, CMutableTxIn, CMutableTxOut, COutPoint, CTransaction
from bitcoin.core.script import CScript
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.judge import codes
from hil.protocol.payment.coins import Coin
from hil.protocol.payment.signing import sign_transaction
from hil.protocol.payment.transactions import change_coin
from hil.protocol.policy import Mode
from hil.protocol.wire.messages import Message, Payment
from hil.scenario.accepted_payments import AcceptedPayment, accepted_payments, credit_wh
from hil.tests.judged import judged, judged_coin
from hil.tests.scenario.sessions import CABLE, CHANGE, GIVEN, KEYS, QUANTUM_SAT, Session, proposed, signed
from hil.units import Satoshi

S, P = Session(), Session(mode=Mode.PER_PAYMENT)


def accepted(*messages: Message, given: tuple[Coin, ...] = (GIVEN,)) -> list[AcceptedPayment]:
    seen = [(float(number), judged(message)) for number, message in enumerate(messages)]
    return accepted_payments(seen, [judged_coin(coin) for coin in given])


def paid(*messages: Message) -> list[int]:
    return [each.paid_sat for each in accepted(*messages)]


def bought(session: Session, n: int) -> list[Message]:
    return [message for each in range(1, n + 1) for message in (session.payment(each), session.receipt(each))]


def test_a_payment_with_a_receipt_pays_what_its_transaction_pays_to_the_offered_payee() -> None:
    found = accepted(S.offer(), S.payment(1), S.receipt(1, 99_999), S.receipt(1))
    assert found == [AcceptedPayment(S.id, 1, codes.Mode.SINGLE_FEE, 2.0, S.payment(1).transaction, QUANTUM_SAT, 2500)]


@pytest.mark.parametrize("payment", [S.forged(1), S.unsigned(1), Payment(S.id, 1, 1, b"\x00" * 12)])
def test_what_is_not_well_signed_pays_nothing(payment: Payment) -> None:
    assert paid(S.offer(), payment, S.receipt(1)) == [0]


def test_a_payment_over_a_coin_that_the_cable_never_had_pays_nothing() -> None:
    assert accepted(S.offer(), S.payment(1), S.receipt(1), given=())[0].paid_sat == 0


def test_a_payment_to_another_sessions_payee_pays_nothing() -> None:
    raw = Session(2).payment(1).transaction
    assert paid(S.offer(), Payment(S.id, 1, 1, raw), S.receipt(1)) == [0]


def test_a_payment_that_creates_money_pays_nothing() -> None:
    poor = dataclasses.replace(GIVEN, value=Satoshi(QUANTUM_SAT))
    assert accepted(S.offer(), S.payment(1), S.receipt(1), given=(poor,))[0].paid_sat == 0


def paying(*outputs_sat: int) -> Payment:
    """Return a payment that is well signed over the cable's coin: to the payee, then back to itself."""
    made = CMutableTransaction.from_tx(proposed(S, 1))
    made.vout = [
        CMutableTxOut(each, CScript(script))
        for each, script in zip(outputs_sat, (S.payee, CABLE.p2wpkh_script), strict=False)
    ]
    return Payment(S.id, 1, 1, sign_transaction(CTransaction.from_tx(made), [GIVEN], KEYS).serialize())


@pytest.mark.parametrize(
    ("outputs_sat", "pays"),
    [
        ((GIVEN.value,), GIVEN.value),
        ((GIVEN.value + 1,), 0),
        ((GIVEN.value, 1), 0),
        ((GIVEN.value - 1, 1), GIVEN.value - 1),
        ((1000, 0), 1000),
        ((1000, -1), 0),
        ((GIVEN.value + 1, -1), 0),
    ],
)
def test_a_well_signed_payment_pays_if_it_creates_no_money(outputs_sat: tuple[int, ...], pays: int) -> None:
    assert paid(S.offer(), paying(*outputs_sat), S.receipt(1)) == [pays]


def test_a_payment_that_spends_a_coin_twice_pays_nothing() -> None:
    made = CMutableTransaction.from_tx(proposed(S, 1))
    made.vin, made.vout = list(made.vin) * 2, [CMutableTxOut(GIVEN.value + 1, CScript(S.payee))]
    raw = sign_transaction(CTransaction.from_tx(made), [GIVEN, GIVEN], KEYS).serialize()
    assert paid(S.offer(), Payment(S.id, 1, 1, raw), S.receipt(1)) == [0]


@pytest.mark.parametrize(
    "messages", [(S.payment(1), S.receipt(1)), (S.offer(), S.receipt(1)), (S.offer(), S.receipt(1), S.payment(1))]
)
def test_a_receipt_without_an_offer_or_without_its_payment_before_it_accepts_nothing(messages: list[Message]) -> None:
    assert accepted(*messages) == []


def test_a_forgery_beside_the_payment_takes_nothing_from_it() -> None:
    assert paid(S.offer(), S.payment(1), S.forged(1), S.receipt(1)) == [QUANTUM_SAT]
    assert paid(S.offer(), S.forged(1), S.payment(1), S.receipt(1)) == [QUANTUM_SAT]


def test_payments_may_spend_the_change_of_those_before_but_not_that_of_a_forgery() -> None:
    assert paid(P.offer(), *bought(P, 3)) == [QUANTUM_SAT] * 3
    assert paid(P.offer(), P.forged(1), P.receipt(1), P.payment(2), P.receipt(2)) == [0, 0]


def test_in_single_fee_mode_the_newest_payment_is_the_credit_and_in_per_payment_mode_their_sum() -> None:
    assert credit_wh(accepted(S.offer(), *bought(S, 3))) == 12.0
    assert credit_wh(accepted(P.offer(), *bought(P, 3))) == 12.0
    assert credit_wh([]) == 0.0


def test_two_sessions_add_up_unless_they_pay_from_the_same_coin() -> None:
    again = Session(2)
    change = change_coin(signed(S, 2), CHANGE.p2wpkh_script)
    assert change is not None
    then = Session(3, coin=change)
    first = [S.offer(), *bought(S, 2)]
    assert credit_wh(accepted(*first, again.offer(), *bought(again, 1))) == 8.0
    assert credit_wh(accepted(*first, again.offer(), *bought(again, 3))) == 12.0
    assert credit_wh(accepted(*first, then.offer(), *bought(then, 1))) == 12.0


def test_the_tariff_of_each_session_decides_what_its_payments_buy() -> None:
    dear = Session(2, tariff=5000, mode=Mode.PER_PAYMENT)
    assert credit_wh(accepted(dear.offer(), *bought(dear, 2))) == 4.0


def test_what_pays_nothing_buys_nothing_and_conflicts_with_nothing() -> None:
    assert credit_wh(accepted(S.offer(), S.forged(1), S.receipt(1))) == 0.0
    assert credit_wh(accepted(S.offer(), *bought(S, 1), S.forged(2), S.receipt(2))) == 4.0


def test_garbage_that_a_receipt_accepts_buys_nothing() -> None:
    assert credit_wh(accepted(S.offer(), Payment(S.id, 1, 1, b"\x00" * 12), S.receipt(1))) == 0.0


def spending(coins: set[int], paid_sat: int) -> AcceptedPayment:
    """Return a payment of ``paid_sat`` that spends coins by their number."""
    vin = [CMutableTxIn(COutPoint(bytes([each]) * 32, 0)) for each in sorted(coins)]
    raw = CTransaction.from_tx(CMutableTransaction(vin, [CMutableTxOut(paid_sat, CScript(S.payee))])).serialize()
    return AcceptedPayment(S.id, 1, codes.Mode.PER_PAYMENT, 1.0, raw, paid_sat, 1)


def test_one_satoshi_buys_what_it_pays_for() -> None:
    assert credit_wh([spending({1}, 1)]) == 1.0


def test_payments_that_conflict_by_way_of_another_one_count_as_one() -> None:
    chain = [spending({1}, 30), spending({1, 2}, 10), spending({2}, 20), spending({3}, 5)]
    for order in permutations(chain):
        assert credit_wh(order) == 35.0


@settings(max_examples=25)
@given(st.lists(st.sampled_from(["honest", "forged", "none"]), min_size=1, max_size=4), st.integers(0, 10**6))
def test_credit_is_never_more_than_the_well_signed_payments_buy_whatever_receipts_say(
    kinds: list[str], claimed: int
) -> None:
    messages: list[Message] = [S.offer()]
    for n, kind in enumerate(kinds, start=1):
        messages += {"honest": [S.payment(n)], "forged": [S.forged(n)], "none": []}[kind]
        messages.append(S.receipt(n, claimed))
    honest = [n for n, kind in enumerate(kinds, start=1) if kind == "honest"]
    assert credit_wh(accepted(*messages)) == 4.0 * max(honest, default=0)

"""Each abuse does what its words say, with valid signatures: only the checks of the other side can find it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from bitcoin.core import CTransaction

from hil.errors import AuthorError
from hil.links.abuses.simple import (
    STRANGER_SCRIPT,
    Abuse,
    DemandMore,
    DivertChange,
    PayStranger,
    Underpay,
    WithholdPayment,
)
from hil.protocol.checks import Refusal, check_payment, check_proposal
from hil.protocol.codes import ErrorCode
from hil.protocol.payment.coins import Coin
from hil.protocol.payment.signing import sign_transaction, verify_signatures
from hil.protocol.payment.transactions import build_payment, change_coin, parse_transaction, without_signatures
from hil.protocol.policy import CableLimits, Mode
from hil.protocol.wire.messages import Message, Meter, Payment, PaymentRequest
from hil.tests.protocol.desk import CABLE, CHANGE, KEYS, PAYEE, SESSIONS, coin_of
from hil.tests.protocol.samples import offer

COINS = [coin_of(40_000), coin_of(60_000, 2, CABLE.p2pkh_script)]
MAKE: dict[str, Callable[[int], Abuse]] = {
    "underpay": lambda n: Underpay(1_000, n, COINS, KEYS, CHANGE.p2wpkh_script),
    "stranger": lambda n: PayStranger(n, COINS, KEYS, CHANGE.p2wpkh_script),
    "withhold": WithholdPayment,
    "demand more": lambda n: DemandMore(1_000, n),
    "divert": DivertChange,
}


def proposal(n: int, coins: Sequence[Coin] = COINS) -> CTransaction:
    return build_payment(coins, PAYEE.p2wpkh_script, n, 10_000, CHANGE.p2wpkh_script, 10)


def payment(n: int, coins: Sequence[Coin] = COINS, quanta: int | None = None) -> Payment:
    unsigned = proposal(quanta or n, coins)
    return Payment(SESSIONS[0], n, n, sign_transaction(unsigned, coins, KEYS).serialize())


def request(n: int, coins: Sequence[Coin] = COINS) -> PaymentRequest:
    return PaymentRequest(SESSIONS[0], n, n, proposal(n, coins).serialize(), 8_000 * (n - 1) - 2_000 if n > 1 else 0)


def cheated(abuse: Abuse, message: Message) -> CTransaction:
    (sent,) = abuse.before_sending(message)
    assert isinstance(sent, Payment | PaymentRequest)
    assert (sent.session, sent.sequence) == (message.session, message.sequence)
    return parse_transaction(sent.transaction)


def test_a_counterpart_that_is_dormant_is_honest_and_cheats_when_it_is_woken() -> None:
    abuse = DemandMore(1_000, 1)
    abuse.dormant = True
    assert abuse.before_sending(request(1)) == (request(1),)
    assert abuse.strikes == 0
    abuse.dormant = False
    assert cheated(abuse, request(1)) != proposal(1)
    assert abuse.strikes == 1


def outputs(transaction: CTransaction) -> list[tuple[int, bytes]]:
    return [(output.nValue, bytes(output.scriptPubKey)) for output in transaction.vout]


@pytest.mark.parametrize(("name", "code"), [("underpay", ErrorCode.UNDERPAID), ("stranger", ErrorCode.WRONG_PAYEE)])
def test_a_cheating_cable_signs_validly_and_is_found_by_the_sockets_checks(name: str, code: ErrorCode) -> None:
    transaction = cheated(MAKE[name](2), payment(2))
    verify_signatures(transaction, COINS)
    with pytest.raises(Refusal) as caught:
        check_payment(proposal(2).serialize(), transaction.serialize(), COINS)
    assert caught.value.code is code


def test_an_underpaid_payment_lacks_just_the_satoshi_that_come_back_as_change() -> None:
    (paid, payee), (change, own) = outputs(cheated(MAKE["underpay"](1), payment(1)))
    (honest_paid, honest_payee), (honest_change, honest_own) = outputs(proposal(1))
    assert (honest_paid - paid, change - honest_change) == (1_000, 1_000)
    assert (payee, own) == (honest_payee, honest_own)


def test_underpaying_without_change_leaves_the_rest_to_the_fee() -> None:
    tight = [coin_of(11_200)]
    abuse = Underpay(1_000, 1, tight, KEYS, CHANGE.p2wpkh_script)
    transaction = cheated(abuse, payment(1, tight))
    assert outputs(transaction) == [(9_000, PAYEE.p2wpkh_script)]
    verify_signatures(transaction, tight)


def test_nobody_can_underpay_by_more_than_there_is_to_pay() -> None:
    with pytest.raises(AuthorError, match="payment 1 of 10000 sat cannot be 10000 sat short"):
        Underpay(10_000, 1, COINS, KEYS, CHANGE.p2wpkh_script).before_sending(payment(1))


def test_a_stranger_gets_all_that_the_payee_should_and_nothing_else_differs() -> None:
    honest = proposal(2)
    transaction = cheated(MAKE["stranger"](2), payment(2))
    assert outputs(transaction) == [(20_000, STRANGER_SCRIPT), outputs(honest)[1]]
    assert without_signatures(transaction).vin == honest.vin


@pytest.mark.parametrize("name", ["underpay", "stranger"])
def test_a_cheating_cable_signs_for_the_change_of_its_payments_too(name: str) -> None:
    abuse, coins = MAKE[name](2), COINS
    for n in (1, 2, 3):
        honest = payment(n, coins, quanta=1)
        (sent,) = abuse.before_sending(honest)
        assert isinstance(sent, Payment)
        verify_signatures(parse_transaction(sent.transaction), coins)
        change = change_coin(parse_transaction(honest.transaction), CHANGE.p2wpkh_script)
        assert change is not None
        coins = [change]


def test_a_withheld_payment_is_not_sent_at_all() -> None:
    abuse = MAKE["withhold"](2)
    assert list(abuse.before_sending(payment(1))) == [payment(1)]
    assert list(abuse.before_sending(payment(2))) == []
    assert list(abuse.before_sending(payment(3))) == []


@pytest.mark.parametrize(("name", "code"), [("demand more", ErrorCode.OVERPAID), ("divert", ErrorCode.CHANGE_DIVERTED)])
def test_a_cheating_sockets_proposal_is_found_by_the_cables_checks(name: str, code: ErrorCode) -> None:
    (sent,) = MAKE[name](2).before_sending(request(2))
    assert isinstance(sent, PaymentRequest)
    with pytest.raises(Refusal) as caught:
        check_proposal(
            sent,
            expected_n=2,
            offer=offer(Mode.SINGLE_FEE, payee_script=PAYEE.p2wpkh_script),
            coins=COINS,
            change_script=CHANGE.p2wpkh_script,
            limits=CableLimits(),
            used_mwh=6_000,
        )
    assert caught.value.code is code


def test_a_socket_that_demands_more_takes_it_out_of_the_change() -> None:
    (paid, _), (change, _) = outputs(cheated(MAKE["demand more"](1), request(1)))
    (honest_paid, _), (honest_change, _) = outputs(proposal(1))
    assert (paid - honest_paid, honest_change - change) == (1_000, 1_000)


def test_a_socket_that_demands_more_than_the_change_leaves_none() -> None:
    assert outputs(cheated(DemandMore(90_000, 1), request(1))) == [(100_000, PAYEE.p2wpkh_script)]
    tight = [coin_of(11_200)]
    assert outputs(cheated(DemandMore(1, 1), request(1, tight))) == [(10_001, PAYEE.p2wpkh_script)]


def test_diverted_change_goes_to_the_stranger_whole() -> None:
    honest = outputs(proposal(1))
    assert outputs(cheated(MAKE["divert"](1), request(1))) == [honest[0], (honest[1][0], STRANGER_SCRIPT)]


def test_where_there_is_no_change_none_is_diverted() -> None:
    struck: list[None] = []
    abuse, tight = DivertChange(1), [coin_of(11_200)]
    abuse.on_strike = lambda: struck.append(None)
    assert list(abuse.before_sending(request(1, tight))) == [request(1, tight)]
    assert struck == []


@pytest.mark.parametrize("name", MAKE)
def test_an_abuse_strikes_from_its_payment_on_says_so_and_lets_all_else_pass(name: str) -> None:
    abuse, struck = MAKE[name](3), []
    abuse.on_strike = lambda: struck.append(1)
    for message in (Meter(SESSIONS[0], 1, 0), payment(1), request(1), payment(2), request(2)):
        assert list(abuse.before_sending(message)) == [message]
    assert struck == []
    its_own = payment if name in {"underpay", "stranger", "withhold"} else request
    for n in (3, 4):
        assert list(abuse.before_sending(its_own(n))) != [its_own(n)]
    assert len(struck) == 2
    assert "from payment 3 on" in abuse.words

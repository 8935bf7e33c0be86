from __future__ import annotations

import pytest

from hil.endpoints.ledger_checks import TEMPORARY_REJECTIONS, judge_coins, judge_payment, settle
from hil.ports import Acceptance
from hil.protocol.codes import ErrorCode
from hil.protocol.effects import ExaminePayment
from hil.protocol.payment.signing import sign_transaction
from hil.protocol.payment.transactions import build_payment
from hil.tests.devices.device_pair import FallibleLedger
from hil.tests.protocol.desk import CABLE, CHANGE, KEYS, PAYEE, coin_of

COINS = (coin_of(40_000), coin_of(60_000, 2))
PAYMENT = sign_transaction(
    build_payment(COINS, PAYEE.p2wpkh_script, 1, 10_000, CHANGE.p2wpkh_script, 10), COINS, KEYS
).serialize()


class RefusingLedger(FallibleLedger):
    """Refuses every transaction for one reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(list(COINS))
        self.reason = reason

    def accepts(self, transaction: bytes) -> Acceptance:
        return Acceptance(allowed=False, reason=self.reason)


def examine(*, broadcast: bool) -> ExaminePayment:
    return ExaminePayment(1, 1, PAYMENT, COINS, 1, broadcast)


def test_coins_that_are_as_declared_pass() -> None:
    assert judge_coins(FallibleLedger(list(COINS)), COINS, 6) is None


@pytest.mark.parametrize(
    ("coin", "confirmations", "code"),
    [
        (coin_of(40_000, 3), 1, ErrorCode.COIN_UNKNOWN),
        (coin_of(40_001), 1, ErrorCode.COIN_DIFFERS),
        (coin_of(40_000, script=CABLE.p2pkh_script), 1, ErrorCode.COIN_DIFFERS),
        (coin_of(40_000), 7, ErrorCode.COIN_UNCONFIRMED),
    ],
)
def test_the_first_bad_coin_is_named(coin: object, confirmations: int, code: ErrorCode) -> None:
    refusal = judge_coins(FallibleLedger(list(COINS)), [COINS[1], coin], confirmations)  # type: ignore[list-item]
    assert refusal is not None
    assert refusal.code is code


@pytest.mark.parametrize("broadcast", [False, True])
def test_a_payment_is_sent_only_if_it_is_to_be_broadcast(broadcast: bool) -> None:
    ledger = FallibleLedger(list(COINS))
    assert judge_payment(ledger, examine(broadcast=broadcast)) is None
    assert ledger.sent == ([PAYMENT] if broadcast else [])


@pytest.mark.parametrize("broadcast", [False, True])
def test_a_payment_that_the_ledger_has_already_is_taken(broadcast: bool) -> None:
    ledger = FallibleLedger(list(COINS))
    ledger.broadcast(PAYMENT)
    assert judge_coins(ledger, COINS, 1) is not None
    assert judge_payment(ledger, examine(broadcast=broadcast)) is None


def test_coins_that_another_transaction_has_spent_before_the_payment_came_are_unknown() -> None:
    ledger = FallibleLedger(list(COINS))
    ledger.spend_elsewhere()
    refusal = judge_payment(ledger, examine(broadcast=False))
    assert refusal is not None
    assert refusal.code is ErrorCode.COIN_UNKNOWN


@pytest.mark.parametrize("broadcast", [False, True])
def test_what_the_ledger_would_not_take_is_refused_in_its_words(broadcast: bool) -> None:
    refusal = judge_payment(RefusingLedger("tx-size"), examine(broadcast=broadcast))
    assert refusal is not None
    assert (refusal.code, refusal.text) == (ErrorCode.LEDGER_REFUSED, "tx-size")


def test_a_settlement_that_the_ledger_has_is_settled_also_the_second_time() -> None:
    ledger = FallibleLedger(list(COINS))
    assert settle(ledger, PAYMENT).failure is None
    assert settle(ledger, PAYMENT).failure is None
    assert ledger.sent == [PAYMENT]


def test_a_settlement_is_lost_when_the_coins_are_gone_and_tried_again_when_only_the_mempool_is_full() -> None:
    for reason in ("missing-inputs", "insufficient fee", "txn-mempool-conflict"):
        assert settle(RefusingLedger(reason), PAYMENT).lost
    for reason in TEMPORARY_REJECTIONS:
        outcome = settle(RefusingLedger(reason), PAYMENT)
        assert (outcome.failure, outcome.lost) == (reason, False)


def test_a_ledger_out_of_reach_is_no_lost_settlement_and_raises_nothing() -> None:
    ledger = FallibleLedger(list(COINS))
    ledger.available = False
    outcome = settle(ledger, PAYMENT)
    assert (outcome.failure, outcome.lost) == ("no answer", False)

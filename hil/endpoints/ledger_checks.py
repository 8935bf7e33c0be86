"""What a socket asks its view of the ledger before it believes a coin or a payment (docs/system.md, SPEC "Checks")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hil.errors import RigFault
from hil.protocol.checks import Refusal
from hil.protocol.codes import ErrorCode
from hil.protocol.payment.coins import OutPoint
from hil.protocol.payment.transactions import parse_transaction, txid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.ports import LedgerView
    from hil.protocol.effects import ExaminePayment
    from hil.protocol.payment.coins import Coin

TEMPORARY_REJECTIONS: Final = frozenset(
    {"mempool min fee not met", "min relay fee not met", "mempool full", "too-long-mempool-chain"}
)
"""Reasons for which a node rejects a transaction that it may take later (research/bitcoin.md): its mempool is full."""


MISSING_INPUTS: Final = "missing-inputs"
"""The reason for which a node rejects a transaction whose coins do not exist, or are spent in a block."""


@dataclass(frozen=True)
class Settlement:
    """What became of the attempt to settle a session.

    :param failure: None if the ledger has the transaction, else why not.
    :param lost: it never will; otherwise it is worth trying again.
    """

    failure: str | None
    lost: bool = False


def settle(ledger: LedgerView, transaction: bytes) -> Settlement:
    """Broadcast the newest transaction of a session; never raises for a ledger that cannot be asked."""
    try:
        answer = ledger.broadcast(transaction)
    except RigFault as unavailable:
        return Settlement(unavailable.what)
    if answer.allowed:
        return Settlement(None)
    return Settlement(answer.reason, lost=answer.reason not in TEMPORARY_REJECTIONS)


def judge_coins(ledger: LedgerView, coins: Sequence[Coin], min_confirmations: int) -> Refusal | None:
    """Return what is wrong with the first bad coin, None if all exist as declared, unspent and confirmed."""
    for coin in coins:
        status = ledger.coin(coin.outpoint)
        if status is None:
            return Refusal(ErrorCode.COIN_UNKNOWN, f"{coin.outpoint} does not exist or is spent")
        if status.value != coin.value or status.script != coin.script:
            return Refusal(ErrorCode.COIN_DIFFERS, f"{coin.outpoint} is worth {status.value} sat, not as declared")
        if status.confirmations < min_confirmations:
            text = f"{coin.outpoint} has {status.confirmations} of {min_confirmations} confirmations"
            return Refusal(ErrorCode.COIN_UNCONFIRMED, text)
    return None


def judge_payment(ledger: LedgerView, payment: ExaminePayment) -> Refusal | None:
    """Return why the ledger would not take the payment, None if it would (and has, if it was to be broadcast).

    A payment that the ledger has already is taken: what spent its coins is the payment itself.
    """
    refusal = judge_coins(ledger, payment.coins, payment.min_confirmations)
    if refusal is not None:
        own_output = OutPoint(txid(parse_transaction(payment.transaction)), 0)
        had = refusal.code is ErrorCode.COIN_UNKNOWN and ledger.coin(own_output) is not None
        return None if had else refusal
    answer = ledger.broadcast(payment.transaction) if payment.broadcast else ledger.accepts(payment.transaction)
    return None if answer.allowed else Refusal(ErrorCode.LEDGER_REFUSED, answer.reason)

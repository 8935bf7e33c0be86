"""What the socket asks its ledger, and how the answers are judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from hil.second.codes import ErrorCode
from hil.second.money.transactions import txid_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.second.coins import Coin

_FOR_NOW = ("mempool min fee not met", "min relay fee not met", "mempool full", "too-long-mempool-chain")
"""What a node's reason holds if it may take the transaction another time."""


class LedgerSilent(Exception):
    """The ledger gave no answer in time (``ledger_answer_s``), or one that counts as none."""


@dataclass(frozen=True)
class Output:
    """An output that nothing spends, in chain and mempool together.

    :param value_sat: what it holds.
    :param script: its scriptPubKey.
    :param confirmations: blocks on it, its own counted; 0 in the mempool.
    """

    value_sat: int
    script: bytes
    confirmations: int


class Ledger(Protocol):
    """The socket's view of the ledger. Each question raises LedgerSilent if there is no answer in time."""

    def coin(self, txid: str, index: int) -> Output | None:
        """Return an output that nothing spends; None if there is none. ``txid`` as people write it."""

    def accepts(self, raw: bytes) -> str | None:
        """Return why the node would not take a transaction; None if it would."""

    def broadcast(self, raw: bytes) -> str | None:
        """Send a transaction; return why the node does not take it, None if it has it now or had it already."""

    def conflict(self, raw: bytes) -> str | None:
        """Return the id of another transaction, in mempool or chain, that spends an input of this one; or None."""


@dataclass(frozen=True)
class ExamineCoins:
    """Does the ledger have these coins as they were declared?"""

    coins: tuple[Coin, ...]
    min_confirmations: int


@dataclass(frozen=True)
class ExaminePayment:
    """Does the ledger take this payment?

    :param coins: the declared coins that it spends.
    :param broadcast: it is sent, not just shown (per-payment).
    """

    n: int
    raw: bytes
    coins: tuple[Coin, ...]
    min_confirmations: int
    broadcast: bool


@dataclass(frozen=True)
class Settle:
    """Send the newest transaction."""

    raw: bytes


Question = ExamineCoins | ExaminePayment | Settle


@dataclass(frozen=True)
class Verdict:
    """The answer about coins or a payment: None if all is well, and a text for people."""

    code: ErrorCode | None
    text: str = ""


@dataclass(frozen=True)
class Settlement:
    """The answer to ``Settle``: why the ledger has not got it, None if it has, and whether it is lost for good."""

    failure: str | None
    lost: bool = False


def examine_coins(question: ExamineCoins, ledger: Ledger) -> Verdict:
    """Return the ledger's verdict on declared coins. Raises LedgerSilent."""
    for coin in question.coins:
        code = _judge_coin(coin, question.min_confirmations, ledger)
        if code is not None:
            return Verdict(code, f"{code.name}: {coin.txid}:{coin.index}")
    return Verdict(None)


def examine_payment(question: ExaminePayment, ledger: Ledger) -> Verdict:
    """Return the ledger's verdict on a payment. Raises LedgerSilent."""
    verdict = examine_coins(ExamineCoins(question.coins, question.min_confirmations), ledger)
    if verdict.code is ErrorCode.COIN_UNKNOWN and ledger.coin(txid_of(question.raw), 0) is not None:
        return Verdict(None, "the ledger has this very payment")
    if verdict.code is not None:
        return verdict
    reason = ledger.broadcast(question.raw) if question.broadcast else ledger.accepts(question.raw)
    return Verdict(ErrorCode.LEDGER_REFUSED, reason) if reason is not None else Verdict(None)


def settle(question: Settle, ledger: Ledger) -> Settlement:
    """Send the newest transaction; return what became of it. Raises LedgerSilent."""
    reason = ledger.broadcast(question.raw)
    if reason is None:
        return Settlement(None)
    return Settlement(reason, lost=not any(each in reason for each in _FOR_NOW))


def _judge_coin(coin: Coin, min_confirmations: int, ledger: Ledger) -> ErrorCode | None:
    output = ledger.coin(coin.txid, coin.index)
    if output is None:
        return ErrorCode.COIN_UNKNOWN
    if (output.value_sat, output.script) != (coin.value_sat, coin.script):
        return ErrorCode.COIN_DIFFERS
    return ErrorCode.COIN_UNCONFIRMED if output.confirmations < min_confirmations else None


def declared_coins(spent: Sequence[Coin], declared: Sequence[Coin]) -> tuple[Coin, ...]:
    """Return those coins that a payment spends and FUNDING declared."""
    return tuple(coin for coin in spent if coin in declared)

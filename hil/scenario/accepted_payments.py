"""Which payments were accepted, and what they pay: by the transactions that passed on the line and the offered tariff.

A receipt tells that the socket accepted; what was paid, and what that buys, is reckoned from the transaction. One that
is not well signed over coins of the cable pays nothing, whatever the receipt says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bitcoin.core import CTransaction

from hil.judge.codes import Mode
from hil.judge.messages import Coin, Message, Offer, Payment, Receipt
from hil.judge.signatures import flaw_of
from hil.judge.transactions import NoTransaction, parse, txid_of

OutPoint: TypeAlias = tuple[str, int]
"""Id of a transaction and number of its output."""


@dataclass(frozen=True)
class AcceptedPayment:
    """A payment with a receipt.

    :param t: second of the scenario at which the first receipt for it passed.
    :param paid_sat: what its transaction pays to the payee that its session was offered; 0 if it is not valid.
    :param tariff_sat_per_wh: of the session's offer.
    """

    session: bytes
    n: int
    mode: Mode
    t: float
    transaction: bytes
    paid_sat: int
    tariff_sat_per_wh: int


def accepted_payments(messages: Iterable[tuple[float, Message]], given: Sequence[Coin]) -> list[AcceptedPayment]:
    """Return the payments that were accepted, in the order of their first receipts.

    A receipt without its payment, or without an offer, accepts nothing. Of several transactions that passed for one
    payment, as somebody on the line can send another one, the one that pays most was accepted; of equals the newest.

    :param messages: all that passed on the line, with the second at which it did, oldest first.
    :param given: the coins that the cable had at first; the change of its payments comes on top.
    """
    offers: dict[bytes, Offer] = {}
    signed: dict[tuple[bytes, int], list[bytes]] = {}
    accepted: dict[tuple[bytes, int], AcceptedPayment] = {}
    coins = {(coin.txid, coin.index): coin for coin in given}
    valid: dict[bytes, CTransaction] = {}
    for t, message in messages:
        if isinstance(message, Offer):
            offers[message.session] = message
        elif isinstance(message, Payment):
            signed.setdefault((message.session, message.n), []).append(message.transaction)
            transaction = valid.get(message.transaction) or _valid(message.transaction, coins)
            if transaction is not None:
                valid[message.transaction] = transaction
                _note_change(coins, transaction)
        elif isinstance(message, Receipt):
            key = (message.session, message.n)
            offer, raws = offers.get(message.session), signed.get(key)
            if offer is not None and raws and key not in accepted:
                paid, raw = _best(raws, valid, offer.payee_script)
                accepted[key] = AcceptedPayment(*key, offer.mode, t, raw, paid, offer.tariff_sat_per_wh)
    return list(accepted.values())


def credit_wh(payments: Iterable[AcceptedPayment]) -> float:
    """Return what these payments buy, in Wh: the last of :func:`credits_wh`."""
    return [0.0, *credits_wh(payments)][-1]


def credits_wh(payments: Iterable[AcceptedPayment]) -> Iterator[float]:
    """Yield what these payments buy, in Wh, up to each of them.

    Of those that spend a coin in common only one can come to the ledger: the one that buys most counts. In single-fee
    mode that is one of each session.
    """
    groups: list[tuple[set[OutPoint], float]] = []
    for each in payments:
        if each.paid_sat > 0:
            spent, bought = set(_spent(parse(each.transaction))), each.paid_sat / each.tariff_sat_per_wh
            rest = []
            for others, most in groups:
                if others & spent:
                    spent, bought = spent | others, max(bought, most)
                else:
                    rest.append((others, most))
            groups = [*rest, (spent, bought)]
        yield sum(bought for _, bought in groups)


def _best(raws: Sequence[bytes], valid: Mapping[bytes, CTransaction], payee: bytes) -> tuple[int, bytes]:
    """Return what the best of several transactions pays to ``payee``, and that transaction."""

    def paid(raw: bytes) -> int:
        outputs = valid[raw].vout if raw in valid else ()
        return sum(int(output.nValue) for output in outputs if bytes(output.scriptPubKey) == payee)

    best = max(reversed(raws), key=paid)
    return paid(best), best


def _note_change(coins: dict[OutPoint, Coin], transaction: CTransaction) -> None:
    """Add the outputs of a transaction to the coins that the next ones may spend."""
    name = txid_of(transaction)
    for index, output in enumerate(transaction.vout):
        coins.setdefault((name, index), Coin(name, index, int(output.nValue), bytes(output.scriptPubKey)))


def _valid(raw: bytes, coins: Mapping[OutPoint, Coin]) -> CTransaction | None:
    """Return a transaction if it is well signed over ``coins``, each spent once, and pays no more than they hold."""
    try:
        transaction = parse(raw)
        spent = {each: coins[each] for each in _spent(transaction)}
    except (NoTransaction, KeyError):
        return None
    if flaw_of(transaction, list(spent.values())):  # a coin that is spent twice is one too few
        return None
    values = [int(output.nValue) for output in transaction.vout]
    return transaction if min(values) >= 0 and sum(values) <= sum(coin.value_sat for coin in spent.values()) else None


def _spent(transaction: CTransaction) -> list[OutPoint]:
    return [(bytes(each.prevout.hash)[::-1].hex(), int(each.prevout.n)) for each in transaction.vin]

"""Which payments were accepted, and what they pay: by the transactions that passed on the line and the offered tariff.

A receipt tells that the socket accepted; what was paid, and what that buys, is reckoned from the transaction. One that
is not well signed over coins of the cable pays nothing, whatever the receipt says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bitcoin.core import CTransaction, b2lx

from hil.errors import HilError
from hil.protocol.coins import Coin, OutPoint
from hil.protocol.messages import Message, Offer, Payment, Receipt
from hil.protocol.policy import Mode
from hil.protocol.signing import verify_signatures
from hil.protocol.transactions import parse_transaction
from hil.units import Satoshi


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

    A receipt without its payment, or without an offer, accepts nothing.

    :param messages: all that passed on the line, with the second at which it did, oldest first.
    :param given: the coins that the cable had at first; the change of its payments comes on top.
    """
    offers: dict[bytes, Offer] = {}
    signed: dict[tuple[bytes, int], bytes] = {}
    accepted: dict[tuple[bytes, int], AcceptedPayment] = {}
    coins = {str(coin.outpoint): coin for coin in given}
    for t, message in messages:
        if isinstance(message, Offer):
            offers[message.session] = message
        elif isinstance(message, Payment):
            signed[message.session, message.n] = message.transaction
            _note_change(coins, message.transaction)
        elif isinstance(message, Receipt):
            key = (message.session, message.n)
            offer, raw = offers.get(message.session), signed.get(key)
            if offer is not None and raw is not None and key not in accepted:
                paid, tariff = _paid(raw, offer.payee_script, coins), offer.tariff_sat_per_wh
                accepted[key] = AcceptedPayment(*key, offer.mode, t, raw, paid, tariff)
    return list(accepted.values())


def credit_wh(payments: Iterable[AcceptedPayment]) -> float:
    """Return what these payments buy, in Wh: in single-fee mode the most that one of a session pays, else their sum."""
    by_session: dict[bytes, float] = {}
    for each in payments:
        bought = each.paid_sat / each.tariff_sat_per_wh
        before = by_session.get(each.session, 0.0)
        by_session[each.session] = max(before, bought) if each.mode is Mode.SINGLE_FEE else before + bought
    return sum(by_session.values())


def _note_change(coins: dict[str, Coin], raw: bytes) -> None:
    """Add the outputs of a transaction to the coins that the next ones may spend."""
    try:
        transaction = parse_transaction(raw)
    except HilError:
        return
    identity = str(b2lx(transaction.GetTxid()))
    for index, output in enumerate(transaction.vout):
        outpoint = OutPoint(identity, index)
        coins.setdefault(str(outpoint), Coin(outpoint, Satoshi(output.nValue), bytes(output.scriptPubKey)))


def _paid(raw: bytes, payee: bytes, coins: dict[str, Coin]) -> int:
    try:
        transaction = parse_transaction(raw)
        spent = [coins[_outpoint(transaction, index)] for index in range(len(transaction.vin))]
        verify_signatures(transaction, spent)
    except (HilError, KeyError):
        return 0
    if sum(output.nValue for output in transaction.vout) > sum(coin.value for coin in spent):
        return 0
    return sum(int(output.nValue) for output in transaction.vout if bytes(output.scriptPubKey) == payee)


def _outpoint(transaction: CTransaction, index: int) -> str:
    spent = transaction.vin[index].prevout
    return str(OutPoint(str(b2lx(spent.hash)), spent.n))

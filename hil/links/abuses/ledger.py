"""Tricks of a cable that broadcasts transactions of its own: it spends a coin that it offers, or did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from bitcoin.core import COutPoint, CTransaction, CTxIn, CTxOut, lx
from bitcoin.core.script import CScript

from hil.errors import AuthorError
from hil.links.abuses.model import Cheat, Trick
from hil.ports import Acceptance
from hil.protocol.payment.signing import sign_transaction
from hil.protocol.payment.transactions import txid
from hil.protocol.wire.messages import Funding, Message, Meter, Payment
from hil.units import Satoshi


def _to_itself(cheat: Cheat) -> CTransaction:
    """Return a signed transaction of the first declared coin to the cable's own change, for a fee of ``amount``."""
    coin = cheat.tools.coins[0]
    inputs = [CTxIn(COutPoint(lx(coin.outpoint.txid), coin.outpoint.index), nSequence=0xFFFFFFFF)]
    unsigned = CTransaction(inputs, [CTxOut(coin.value - cheat.amount, CScript(cheat.tools.change))], 0, 2)
    return sign_transaction(unsigned, [coin], cheat.tools.keys)


def _broadcast(cheat: Cheat, raw: bytes) -> Acceptance:
    if cheat.tools.ledger is None:
        raise AuthorError(f"'{cheat.words}' broadcasts a transaction, and this bench gave it no ledger")
    return cheat.tools.ledger.broadcast(raw)


def _must_take(cheat: Cheat, raw: bytes) -> None:
    answer = _broadcast(cheat, raw)
    if not answer.allowed:
        raise AuthorError(f"'{cheat.words}': the ledger does not take the cable's own transaction: {answer.reason}")


def _spend_elsewhere(cheat: Cheat, message: Message) -> Sequence[Message]:
    _must_take(cheat, _to_itself(cheat).serialize())
    return (message,)


def _conflict_in_vain(cheat: Cheat, message: Message) -> Sequence[Message]:
    """Try a conflict whose fee is too small to replace what the ledger has; the node refuses it."""
    answer = _broadcast(cheat, _to_itself(cheat).serialize())
    if answer.allowed:
        raise AuthorError(f"'{cheat.words}': the ledger took the cheaper conflict")
    return (message,)


def _broadcast_before(cheat: Cheat, message: Message) -> Sequence[Message]:
    """Broadcast the payment before this one, as if the session were over."""
    older = [each for each in cheat.earlier[Payment] if isinstance(each, Payment)]
    _must_take(cheat, older[-1].transaction)
    return (message,)


def _broadcast_older(cheat: Cheat, message: Message) -> Sequence[Message]:
    """Broadcast the payment before the newest, which the socket has credited meanwhile."""
    older = [each for each in cheat.earlier[Payment] if isinstance(each, Payment) and each.n < cheat.payment]
    _must_take(cheat, older[-1].transaction)
    return (message,)


def _broadcast_first(cheat: Cheat, message: Message) -> Sequence[Message] | None:
    """Broadcast this payment before the socket can."""
    if not isinstance(message, Payment):
        return None
    _must_take(cheat, message.transaction)
    return (message,)


def _declare_unconfirmed(cheat: Cheat, message: Message) -> Sequence[Message] | None:
    if not isinstance(message, Funding):
        return None
    spend = _to_itself(cheat)
    _must_take(cheat, spend.serialize())
    first, *rest = message.coins
    child = replace(
        first, txid=txid(spend), index=0, value_sat=Satoshi(spend.vout[0].nValue), script=cheat.tools.change
    )
    return (replace(message, coins=(child, *rest)),)


LEDGER_TRICKS: Mapping[str, Trick] = MappingProxyType(
    {
        "spend-while-delivering": Trick(Meter, _spend_elsewhere, once=True),
        "spend-before-paying": Trick(Payment, _spend_elsewhere, once=True),
        "conflict-in-vain": Trick(Meter, _conflict_in_vain, once=True),
        "broadcast-payment-before": Trick(Payment, _broadcast_before, once=True),
        "broadcast-older-payment": Trick(Meter, _broadcast_older, once=True),
        "broadcast-payment-first": Trick(Payment, _broadcast_first, once=True),
        "declare-spent": Trick(Funding, _spend_elsewhere),
        "declare-unconfirmed": Trick(Funding, _declare_unconfirmed),
    }
)

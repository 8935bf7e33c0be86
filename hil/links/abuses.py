"""How a counterpart cheats: what it does to a message of an honest machine before the message leaves.

Each abuse names itself in words for the evidence, says when it strikes, and strikes from then on. The machine behind
it stays honest, so whatever else happens is by the book.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from bitcoin.core import CTransaction, CTxOut
from bitcoin.core.script import CScript

from hil.errors import AuthorError
from hil.protocol.coins import Coin, OutPoint
from hil.protocol.messages import Message, Payment, PaymentRequest
from hil.protocol.signing import Key, sign_transaction
from hil.protocol.transactions import change_coin, parse_transaction, without_signatures

STRANGER_SCRIPT = b"\x00\x14" + b"\x5a" * 20
"""A P2WPKH script of nobody's: whoever is paid there is not the offered payee."""


class Abuse(Protocol):
    """What a cheating counterpart does. ``words`` describes it; ``on_strike`` is called each time it acts."""

    words: str
    on_strike: Callable[[], None]

    def before_sending(self, message: Message) -> Sequence[Message]: ...


def _nobody_watches() -> None:
    """Until the bench asks to be told of strikes."""


class _CablePaymentAbuse:
    """Alters payments from number ``from_payment`` on and signs them again, as a cheating cable would."""

    words = "alters the payment"

    def __init__(self, from_payment: int, coins: Sequence[Coin], keys: Mapping[bytes, Key], change: bytes) -> None:
        self.from_payment = from_payment
        self.on_strike = _nobody_watches
        self._coins = {coin.outpoint: coin for coin in coins}
        self._keys = keys
        self._change = change

    def before_sending(self, message: Message) -> Sequence[Message]:
        if not isinstance(message, Payment):
            return (message,)
        coin = change_coin(parse_transaction(message.transaction), self._change)
        if coin is not None:  # per-payment: the next payment spends this change
            self._coins[coin.outpoint] = coin
        if message.n < self.from_payment:
            return (message,)
        self.on_strike()
        return self._cheat(message)

    def _cheat(self, payment: Payment) -> Sequence[Message]:
        raise NotImplementedError  # pragma: no cover - abstract

    def _resign(self, payment: Payment, outputs: Sequence[CTxOut]) -> Payment:
        honest = without_signatures(parse_transaction(payment.transaction))
        altered = CTransaction(honest.vin, outputs, honest.nLockTime, honest.nVersion)
        coins = [self._coins[OutPoint(txin.prevout.hash[::-1].hex(), txin.prevout.n)] for txin in altered.vin]
        return dataclasses.replace(payment, transaction=sign_transaction(altered, coins, self._keys).serialize())


class Underpay(_CablePaymentAbuse):
    """Pays ``missing_sat`` less than asked for, and keeps them as change.

    Raises AuthorError when it strikes a payment that is not larger than that.
    """

    def __init__(
        self, missing_sat: int, from_payment: int, coins: Sequence[Coin], keys: Mapping[bytes, Key], change: bytes
    ) -> None:
        super().__init__(from_payment, coins, keys, change)
        self.missing_sat = missing_sat
        self.words = f"underpays by {missing_sat} sat from payment {from_payment} on"

    def _cheat(self, payment: Payment) -> Sequence[Message]:
        paid, *rest = parse_transaction(payment.transaction).vout
        if self.missing_sat >= paid.nValue:
            raise AuthorError(f"payment {payment.n} of {paid.nValue} sat cannot be {self.missing_sat} sat short")
        less = CTxOut(paid.nValue - self.missing_sat, paid.scriptPubKey)
        more = [CTxOut(output.nValue + self.missing_sat, output.scriptPubKey) for output in rest]
        return (self._resign(payment, [less, *more]),)


class PayStranger(_CablePaymentAbuse):
    """Pays the full amount, but to a script that the socket never offered."""

    def __init__(self, from_payment: int, coins: Sequence[Coin], keys: Mapping[bytes, Key], change: bytes) -> None:
        super().__init__(from_payment, coins, keys, change)
        self.words = f"pays a stranger from payment {from_payment} on"

    def _cheat(self, payment: Payment) -> Sequence[Message]:
        paid, *rest = parse_transaction(payment.transaction).vout
        return (self._resign(payment, [CTxOut(paid.nValue, CScript(STRANGER_SCRIPT)), *rest]),)


class WithholdPayment(_CablePaymentAbuse):
    """Does not answer a payment request."""

    def __init__(self, from_payment: int) -> None:
        super().__init__(from_payment, (), {}, b"")
        self.words = f"does not pay from payment {from_payment} on"

    def _cheat(self, payment: Payment) -> Sequence[Message]:
        return ()


class _SocketRequestAbuse:
    """Alters the proposals from number ``from_payment`` on, as a cheating socket would."""

    words = "alters the proposal"

    def __init__(self, from_payment: int) -> None:
        self.from_payment = from_payment
        self.on_strike = _nobody_watches

    def before_sending(self, message: Message) -> Sequence[Message]:
        if not isinstance(message, PaymentRequest) or message.n < self.from_payment:
            return (message,)
        honest = parse_transaction(message.transaction)
        outputs = self._cheat(honest.vout)
        if outputs is None:
            return (message,)
        self.on_strike()
        altered = CTransaction(honest.vin, outputs, honest.nLockTime, honest.nVersion)
        return (dataclasses.replace(message, transaction=altered.serialize()),)

    def _cheat(self, outputs: Sequence[CTxOut]) -> Sequence[CTxOut] | None:
        """Return the outputs to ask for, None if this proposal leaves nothing to cheat with."""
        raise NotImplementedError  # pragma: no cover - abstract


class DemandMore(_SocketRequestAbuse):
    """A cheating socket: asks for ``extra_sat`` more than agreed, out of the cable's change or, for want of it, fee."""

    def __init__(self, extra_sat: int, from_payment: int) -> None:
        super().__init__(from_payment)
        self.extra_sat = extra_sat
        self.words = f"asks for {extra_sat} sat too much from payment {from_payment} on"

    def _cheat(self, outputs: Sequence[CTxOut]) -> Sequence[CTxOut] | None:
        paid, *rest = outputs
        change = [CTxOut(output.nValue - self.extra_sat, output.scriptPubKey) for output in rest]
        more = CTxOut(paid.nValue + self.extra_sat, paid.scriptPubKey)
        return [more, *(output for output in change if output.nValue > 0)]


class DivertChange(_SocketRequestAbuse):
    """A cheating socket: sends the cable's change to a script that is not the cable's; honest where there is none."""

    def __init__(self, from_payment: int) -> None:
        super().__init__(from_payment)
        self.words = f"diverts the change from payment {from_payment} on"

    def _cheat(self, outputs: Sequence[CTxOut]) -> Sequence[CTxOut] | None:
        paid, *rest = outputs
        return [paid, *(CTxOut(output.nValue, CScript(STRANGER_SCRIPT)) for output in rest)] if rest else None

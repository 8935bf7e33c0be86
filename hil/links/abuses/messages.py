"""Tricks with messages that both sides know: other fields, messages too many, and messages that do not come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from hil.links.abuses.model import Cheat, Trick
from hil.protocol.wire.messages import (
    Close,
    Error,
    Funding,
    Hello,
    Message,
    Meter,
    Offer,
    Payment,
    PaymentRequest,
    Receipt,
)

M = TypeVar("M", Hello, Offer, Funding, PaymentRequest, Payment, Receipt, Meter)

ANYTHING: tuple[type[Message], ...] = (Hello, Offer, Funding, PaymentRequest, Payment, Receipt, Meter, Close, Error)
OTHER_SESSION = b"\x5a" * 8
NO_TRANSACTION = bytes(10)
LAST_SEQUENCE = 2**32 - 1


def edit(kind: type[M], change: Callable[[M, Cheat], M], *, once: bool = False) -> Trick:
    """Send another message of the same kind instead."""

    def act(cheat: Cheat, message: Message) -> Sequence[Message] | None:
        return (change(message, cheat),) if isinstance(message, kind) else None

    return Trick(kind, act, once=once)


def precede(kind: type[M], make: Callable[[M, Cheat], Message]) -> Trick:
    """Say something else before the message, once."""

    def act(cheat: Cheat, message: Message) -> Sequence[Message] | None:
        if not isinstance(message, kind):
            return None
        return replace(make(message, cheat), sequence=message.sequence), cheat.insert(message)

    return Trick(kind, act, once=True)


def follow(kind: type[M], make: Callable[[M, Cheat], Message]) -> Trick:
    """Say something else after the message, once."""

    def act(cheat: Cheat, message: Message) -> Sequence[Message] | None:
        if not isinstance(message, kind):
            return None
        return message, cheat.insert(replace(make(message, cheat), sequence=message.sequence))

    return Trick(kind, act, once=True)


def withhold(*kinds: type[Message]) -> Trick:
    """Say nothing where such a message is due."""
    return Trick(kinds, lambda cheat, message: ())


def repeat(kind: type[Message]) -> Trick:
    """Say the message ``amount`` times more, each with a sequence number of its own."""

    def act(cheat: Cheat, message: Message) -> Sequence[Message]:
        sent = [message]
        for _ in range(cheat.amount):
            sent.append(cheat.insert(sent[-1]))
        return sent

    return Trick(kind, act, once=True)


def flood(kind: type[Message]) -> Trick:
    """Say METER ``amount`` times behind the message."""

    def act(cheat: Cheat, message: Message) -> Sequence[Message]:
        sent = [message]
        for _ in range(cheat.amount):
            sent.append(cheat.insert(Meter(message.session, sent[-1].sequence, 0)))
        return sent

    return Trick(kind, act, once=True)


def earlier(cheat: Cheat, kind: type[M]) -> M:
    """Return the newest message of a kind that the machine sent before."""
    found = [each for each in cheat.earlier[kind] if isinstance(each, kind)]
    return found[-1]

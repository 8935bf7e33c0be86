"""The nine messages as the judge reads them (SPEC, "Messages"): which items each has, in which ranges, in which order.

A message has exactly one encoding, so one that ``cbor2`` would encode otherwise is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, ClassVar, TypeAlias

import cbor2

from hil.errors import PeerViolation
from hil.judge.codes import CloseReason, ErrorCode, Mode, Network

VERSION = 1
SESSION_BYTES = 8
MOST_COINS = 16
MOST_MONEY = 21_000_000 * 100_000_000
"""All bitcoin that there will ever be, in satoshi."""
MOST_UINT32 = 2**32 - 1


class MessageFlaw(PeerViolation):
    """A payload that is no message."""


@dataclass(frozen=True)
class Sent:
    """What every message begins with."""

    NAME: ClassVar[str]

    session: bytes
    sequence: int


@dataclass(frozen=True)
class Coin:
    """A coin of FUNDING. ``txid`` is as people write it."""

    txid: str
    index: int
    value_sat: int
    script: bytes


@dataclass(frozen=True)
class Hello(Sent):
    NAME = "HELLO"

    version: int
    modes: tuple[Mode, ...]
    network: Network


@dataclass(frozen=True)
class Offer(Sent):
    NAME = "OFFER"

    tariff_sat_per_wh: int
    quantum_sat: int
    payee_script: bytes
    fee_rate_sat_per_vb: int
    mode: Mode
    max_payments: int
    min_confirmations: int
    max_power_w: int


@dataclass(frozen=True)
class Funding(Sent):
    NAME = "FUNDING"

    coins: tuple[Coin, ...]
    change_script: bytes
    max_payments: int


@dataclass(frozen=True)
class PaymentRequest(Sent):
    NAME = "PAYMENT_REQUEST"

    n: int
    transaction: bytes
    energy_mwh: int


@dataclass(frozen=True)
class Payment(Sent):
    NAME = "PAYMENT"

    n: int
    transaction: bytes


@dataclass(frozen=True)
class Receipt(Sent):
    NAME = "RECEIPT"

    n: int
    credited_mwh: int


@dataclass(frozen=True)
class Meter(Sent):
    NAME = "METER"

    energy_mwh: int


@dataclass(frozen=True)
class Close(Sent):
    NAME = "CLOSE"

    reason: CloseReason
    energy_mwh: int
    txid: str
    """As people write it; empty if no transaction settles the session."""


@dataclass(frozen=True)
class Error(Sent):
    NAME = "ERROR"

    code: ErrorCode
    text: str


Message: TypeAlias = Hello | Offer | Funding | PaymentRequest | Payment | Receipt | Meter | Close | Error

_Read: TypeAlias = Callable[[Any], Any]


def _uint(low: int, high: int) -> _Read:
    def read(item: Any) -> int:
        if type(item) is not int or not low <= item <= high:
            raise MessageFlaw(f"{item!r:.40} is no unsigned integer from {low} to {high}")
        return item

    return read


def _bytes(low: int, high: int) -> _Read:
    def read(item: Any) -> bytes:
        if type(item) is not bytes or not low <= len(item) <= high:
            raise MessageFlaw(f"{item!r:.40} is no byte string of {low} to {high} bytes")
        return item

    return read


def _number_of(kind: type[IntEnum]) -> _Read:
    known = {int(each): each for each in kind}

    def read(item: Any) -> IntEnum:
        if type(item) is not int or item not in known:
            raise MessageFlaw(f"{item!r:.40} is no {kind.__name__}")
        return known[item]

    return read


def _different(read_item: _Read, most: int) -> _Read:
    def read(items: Any) -> tuple[Any, ...]:
        if type(items) is not list or not 1 <= len(items) <= most:
            raise MessageFlaw(f"{items!r:.40} is no array of 1 to {most} items")
        found = tuple(map(read_item, items))
        if len(set(found)) < len(found):
            raise MessageFlaw("an item of an array is there twice")
        return found

    return read


def _txid(item: Any) -> str:
    """Return a transaction id as people write it: the reverse of how it travels."""
    return bytes(reversed(_bytes(32, 32)(item))).hex()


def _txid_or_none(item: Any) -> str:
    return "" if type(item) is bytes and not item else _txid(item)


def _coin(items: Any) -> Coin:
    if type(items) is not list or len(items) != 4:
        raise MessageFlaw(f"{items!r:.40} is no coin of 4 items")
    txid, index, value_sat, script = items
    return Coin(_txid(txid), _uint(0, MOST_UINT32)(index), _amount(value_sat), _script(script))


def _text(item: Any) -> str:
    if type(item) is not str or len(item) > 200 or not (item.isascii() and item.isprintable()):
        raise MessageFlaw(f"{item!r:.40} is no text of at most 200 characters from 0x20 to 0x7e")
    return item


_session, _sequence = _bytes(SESSION_BYTES, SESSION_BYTES), _uint(0, MOST_UINT32)
_amount, _script, _transaction = _uint(1, MOST_MONEY), _bytes(1, 42), _bytes(10, 3500)
_payments, _energy = _uint(1, 65535), _uint(0, MOST_UINT32)

_KINDS: Mapping[int, tuple[type[Message], tuple[_Read, ...]]] = {
    1: (Hello, (_uint(VERSION, VERSION), _different(_number_of(Mode), 8), _number_of(Network))),
    2: (
        Offer,
        (
            _uint(1, 1_000_000_000),
            _amount,
            _script,
            _uint(1, 1_000_000),
            _number_of(Mode),
            _payments,
            _uint(0, 100),
            _uint(1, 1_000_000),
        ),
    ),
    3: (Funding, (_different(_coin, MOST_COINS), _script, _payments)),
    4: (PaymentRequest, (_payments, _transaction, _energy)),
    5: (Payment, (_payments, _transaction)),
    6: (Receipt, (_payments, _energy)),
    7: (Meter, (_energy,)),
    8: (Close, (_number_of(CloseReason), _energy, _txid_or_none)),
    9: (Error, (_number_of(ErrorCode), _text)),
}
"""By the type's number: the message, and how each of its fields is read."""

MESSAGES: Mapping[str, type[Message]] = {kind.NAME: kind for kind, _ in _KINDS.values()}
"""By the names of SPEC."""


def message_name(message: Message | type[Message]) -> str:
    """Return the name that SPEC uses, e.g. ``PAYMENT_REQUEST``."""
    return message.NAME


def decode_message(payload: bytes) -> Message:
    """Return the message that ``payload`` is the encoding of; raises MessageFlaw, and nothing else."""
    try:
        items = cbor2.loads(payload)
        again = cbor2.dumps(items)
    except Exception as error:  # whatever the library makes of hostile bytes, they are no message
        raise MessageFlaw(f"bad CBOR: {error}") from None
    if again != payload:
        raise MessageFlaw("bad CBOR: not the shortest form, or bytes behind the message")
    if type(items) is not list or len(items) < 3 or type(items[0]) is not int or items[0] not in _KINDS:
        raise MessageFlaw("no array that begins with the type of a message, session and sequence")
    kind, reads = _KINDS[items[0]]
    if len(items) != 3 + len(reads):
        raise MessageFlaw(f"{kind.NAME} has {len(items)} items, {3 + len(reads)} are specified")
    try:
        head = _session(items[1]), _sequence(items[2])
        return kind(*head, *(read(item) for read, item in zip(reads, items[3:], strict=True)))
    except MessageFlaw as flaw:
        raise MessageFlaw(f"{kind.NAME}: {flaw.what}") from None


Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"


_FIELDS: Mapping[type[object], tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind)) for kind in (Coin, *MESSAGES.values())
}


def describe(message: Message | Coin) -> dict[str, Json]:
    """Return the fields as people read them: bytes in hex, numbers of a list by name."""
    return {name: _shown(getattr(message, name)) for name in _FIELDS[type(message)]}


def _shown(value: Any) -> Json:
    kind = type(value)
    if kind is int or kind is str:
        shown: Json = value
        return shown
    if kind is bytes:
        return str(value.hex())
    if kind is tuple:
        return [_shown(each) for each in value]
    return describe(value) if kind is Coin else str(value.name)


def told_end(message: Message) -> str:
    """Return the name of a message, and of an ERROR or CLOSE why it was sent."""
    if isinstance(message, Error):
        return f"{message.NAME} {message.code.name} ({message.text.removeprefix(f'{message.code.name}: ')})"
    return f"{message.NAME} {message.reason.name}" if isinstance(message, Close) else message.NAME

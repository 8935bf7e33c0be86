"""The nine messages: their fields, in the order of the line, each with its form."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, ClassVar, get_type_hints

from hil.second.codes import CloseReason, ErrorCode, Mode, Network
from hil.second.coins import MOST_SATOSHI, Coin
from hil.second.wire import cbor
from hil.second.wire.forms import BadValue, Bytes, CoinForm, Form, Listed, Several, Text, Uint, bytes_of

VERSION = 1
"""The version of the protocol that is spoken here."""
MOST_SEQUENCE = 0xFFFFFFFF
"""Where sequence numbers end."""
_SESSION = bytes_of(8, 8)
_UINT32 = Uint(0, MOST_SEQUENCE)
_SCRIPT = bytes_of(1, 42)
_TRANSACTION = bytes_of(10, 3500)
_COUNT = Uint(1, 65535)


@dataclass(frozen=True)
class Message:
    """What every message begins with.

    :param session: the id of the session, 8 bytes.
    :param sequence: counts the messages of its sender in the session.
    """

    number: ClassVar[int]
    session: Annotated[bytes, _SESSION]
    sequence: Annotated[int, _UINT32]


@dataclass(frozen=True)
class Hello(Message):
    """The cable calls."""

    number = 1
    version: Annotated[int, Uint(1, 255)]
    modes: Annotated[tuple[Mode, ...], Several(Listed(Mode), 8)]
    network: Annotated[Network, Listed(Network)]


@dataclass(frozen=True)
class Offer(Message):
    """The socket's terms."""

    number = 2
    tariff_sat_per_wh: Annotated[int, Uint(1, 1_000_000_000)]
    quantum_sat: Annotated[int, Uint(1, MOST_SATOSHI)]
    payee_script: Annotated[bytes, _SCRIPT]
    fee_rate_sat_per_vb: Annotated[int, Uint(1, 1_000_000)]
    mode: Annotated[Mode, Listed(Mode)]
    max_payments: Annotated[int, _COUNT]
    min_confirmations: Annotated[int, Uint(0, 100)]
    max_power_w: Annotated[int, Uint(1, 1_000_000)]


@dataclass(frozen=True)
class Funding(Message):
    """The coins that the cable pays with."""

    number = 3
    coins: Annotated[tuple[Coin, ...], Several(CoinForm(), 16)]
    change_script: Annotated[bytes, _SCRIPT]
    max_payments: Annotated[int, _COUNT]


@dataclass(frozen=True)
class PaymentRequest(Message):
    """The socket asks for payment ``n`` and proposes its transaction, unsigned."""

    number = 4
    n: Annotated[int, _COUNT]
    transaction: Annotated[bytes, _TRANSACTION]
    energy_mwh: Annotated[int, _UINT32]


@dataclass(frozen=True)
class Payment(Message):
    """The cable's signed transaction of payment ``n``."""

    number = 5
    n: Annotated[int, _COUNT]
    transaction: Annotated[bytes, _TRANSACTION]


@dataclass(frozen=True)
class Receipt(Message):
    """What is credited in the session in all, after payment ``n``."""

    number = 6
    n: Annotated[int, _COUNT]
    credited_mwh: Annotated[int, _UINT32]


@dataclass(frozen=True)
class Meter(Message):
    """The energy of the session by the sender's own meter."""

    number = 7
    energy_mwh: Annotated[int, _UINT32]


@dataclass(frozen=True)
class Close(Message):
    """The session is over; ``txid`` settles it, in the byte order of transactions, empty if there is none."""

    number = 8
    reason: Annotated[CloseReason, Listed(CloseReason)]
    energy_mwh: Annotated[int, _UINT32]
    txid: Annotated[bytes, Bytes(range(0, 33, 32))]


@dataclass(frozen=True)
class Error(Message):
    """Something was refused; the text is for people."""

    number = 9
    code: Annotated[ErrorCode, Listed(ErrorCode)]
    text: Annotated[str, Text(200)]


MESSAGES: dict[int, type[Message]] = {
    kind.number: kind for kind in (Hello, Offer, Funding, PaymentRequest, Payment, Receipt, Meter, Close, Error)
}
"""The types of message by their number."""


def _forms_of(kind: type[Message]) -> tuple[tuple[str, Form], ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple((field.name, hints[field.name].__metadata__[0]) for field in fields(kind))


_FORMS = {kind: _forms_of(kind) for kind in MESSAGES.values()}


class Undecodable(Exception):
    """A payload that is no message of this version.

    :param code: ``MALFORMED`` or ``UNSUPPORTED_VERSION``.
    :param session: the session that it names, if it names one.
    """

    def __init__(self, code: ErrorCode, session: bytes | None, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.session = session
        self.text = text


def encode(message: Message) -> bytes:
    """Return the payload of a message."""
    forms = _FORMS[type(message)]
    return cbor.encode([message.number, *(form.item(getattr(message, name)) for name, form in forms)])


def decode(payload: bytes) -> Message:
    """Return the message of a payload. Raises Undecodable."""
    try:
        items = cbor.decode(payload)
    except cbor.NotCbor as error:
        raise Undecodable(ErrorCode.MALFORMED, None, str(error)) from None
    if not isinstance(items, list) or not items:
        raise Undecodable(ErrorCode.MALFORMED, None, "a message is an array that begins with its type")
    session = _named_session(items)
    version = items[3] if items[0] == Hello.number and len(items) > 3 else VERSION
    if isinstance(version, int) and version != VERSION:
        text = f"HELLO.version is {version}, spoken is {VERSION}"
        raise Undecodable(ErrorCode.UNSUPPORTED_VERSION, session, text)
    try:
        return _message(items)
    except BadValue as error:
        raise Undecodable(ErrorCode.MALFORMED, session, str(error)) from None


def _message(items: list[cbor.Item]) -> Message:
    number, *values = items
    kind = MESSAGES.get(number) if isinstance(number, int) else None
    if kind is None:
        raise BadValue("no type of message has this number")
    forms = _FORMS[kind]
    if len(values) != len(forms):
        raise BadValue(f"{kind.__name__} has {len(forms)} fields, not {len(values)}")
    return kind(*(form.value(item) for (_, form), item in zip(forms, values, strict=True)))


def _named_session(items: list[cbor.Item]) -> bytes | None:
    try:
        return _SESSION.value(items[1])
    except (IndexError, BadValue):
        return None

"""The nine messages and their bytes (SPEC, "Messages").

A message is one CBOR array: type number, session id, sequence number, then the fields in the order of the class.
Decoding is strict: number and type of fields, ranges and lengths; nothing unknown is skipped. A message that needs
another field needs another protocol version. Whether a well-formed message makes sense is for ``checks``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias, get_args

from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.policy import Misuse, Mode, Network
from hil.protocol.wire import cbor_subset as plain_cbor
from hil.protocol.wire.fields import (
    Field,
    Json,
    MessageError,
    MessageErrorCode,
    blob,
    choice,
    printable,
    record,
    several,
    transaction_id,
    uint,
)
from hil.units import Satoshi

PROTOCOL_VERSION: Final = 1
"""Goes into HELLO; a HELLO of another version is refused as such, its other fields are not looked at."""
SESSION_SIZE: Final = 8
"""Bytes of a session id."""
MAX_COINS: Final = 16
"""Coins in one FUNDING; more inputs would only raise the fee."""
MAX_TRANSACTION: Final = 3500
"""Longest transaction in bytes: 16 signed P2PKH inputs and two outputs have at most 2 446."""
MAX_ERROR_TEXT: Final = 200
"""Characters in ERROR."""

# All the bitcoin there will ever be, in satoshi: the consensus limit MAX_MONEY.
AMOUNT: Final = uint(1, 21_000_000 * 100_000_000)
MOST_ENERGY_MWH: Final = 2**32 - 1
"""Most energy that a message can tell, 4.3 MWh; a meter that went further stays here."""
LAST_SEQUENCE: Final = 2**32 - 1
"""The sequence does not wrap: a sender that came here stays here, its peer drops all that follows as repeated."""
ENERGY: Final = uint(0, MOST_ENERGY_MWH)
PAYMENTS: Final = uint(1, 2**16 - 1)
# 42 bytes is the longest witness program (BIP 141); which types are accepted is for ``checks``.
SCRIPT: Final = blob(1, 42)
TRANSACTION: Final = blob(10, MAX_TRANSACTION)


@dataclass(frozen=True)
class Header:
    """What every message starts with."""

    session: Annotated[bytes, blob(SESSION_SIZE, SESSION_SIZE)]
    """Session id, chosen by the cable in HELLO."""
    sequence: Annotated[int, uint(0, LAST_SEQUENCE)]
    """Counts the messages of this sender in this session."""


@dataclass(frozen=True)
class DeclaredCoin:
    """An unspent output that the cable offers to spend."""

    txid: Annotated[str, transaction_id()]
    """As people and RPC write it: 64 hex digits, lower case."""
    index: Annotated[int, uint(0, 2**32 - 1)]
    value_sat: Annotated[Satoshi, AMOUNT]
    script: Annotated[bytes, SCRIPT]
    """scriptPubKey."""


@dataclass(frozen=True)
class Hello(Header):
    """Cable: I am here, and speak this."""

    version: Annotated[int, uint(1, 255)]
    modes: Annotated[tuple[Mode, ...], several(choice(Mode), 8)]
    """Best first, each once."""
    network: Annotated[Network, choice(Network)]


@dataclass(frozen=True)
class Offer(Header):
    """Socket: what I sell, and how."""

    tariff_sat_per_wh: Annotated[int, uint(1, 10**9)]
    quantum_sat: Annotated[int, AMOUNT]
    payee_script: Annotated[bytes, SCRIPT]
    """scriptPubKey of a fresh address."""
    fee_rate_sat_per_vb: Annotated[int, uint(1, 10**6)]
    mode: Annotated[Mode, choice(Mode)]
    max_payments: Annotated[int, PAYMENTS]
    min_confirmations: Annotated[int, uint(0, 100)]
    max_power_w: Annotated[int, uint(1, 10**6)]


@dataclass(frozen=True)
class Funding(Header):
    """Cable: I agree, and pay from these coins."""

    coins: Annotated[tuple[DeclaredCoin, ...], several(record(DeclaredCoin), MAX_COINS)]
    """In the order of the inputs."""
    change_script: Annotated[bytes, SCRIPT]
    max_payments: Annotated[int, PAYMENTS]
    """The cable's budget; the smaller of this and the offer's counts."""


@dataclass(frozen=True)
class PaymentRequest(Header):
    """Socket: please sign payment ``n``."""

    n: Annotated[int, PAYMENTS]
    transaction: Annotated[bytes, TRANSACTION]
    """Unsigned, as serialised."""
    energy_mwh: Annotated[int, ENERGY]
    """Energy delivered in this session so far, by the socket's meter."""


@dataclass(frozen=True)
class Payment(Header):
    """Cable: payment ``n``, signed."""

    n: Annotated[int, PAYMENTS]
    transaction: Annotated[bytes, TRANSACTION]


@dataclass(frozen=True)
class Receipt(Header):
    """Socket: payment ``n`` is accepted."""

    n: Annotated[int, PAYMENTS]
    credited_mwh: Annotated[int, ENERGY]
    """Energy paid for in this session in all."""


@dataclass(frozen=True)
class Meter(Header):
    """Either side: energy of this session so far, by the sender's own meter."""

    energy_mwh: Annotated[int, ENERGY]


@dataclass(frozen=True)
class Close(Header):
    """Either side: the session is over."""

    reason: Annotated[CloseReason, choice(CloseReason)]
    energy_mwh: Annotated[int, ENERGY]
    txid: Annotated[str, transaction_id(optional=True)]
    """The transaction that settles the session, empty if there is none."""


@dataclass(frozen=True)
class Error(Header):
    """Either side: I refuse, and why."""

    code: Annotated[ErrorCode, choice(ErrorCode)]
    text: Annotated[str, printable(MAX_ERROR_TEXT)]
    """For people. Encoding cuts a longer text and puts ``?`` for what is not printable ASCII."""


Message: TypeAlias = Hello | Offer | Funding | PaymentRequest | Payment | Receipt | Meter | Close | Error

MESSAGE_TYPES: Final[dict[int, type[Message]]] = dict(enumerate(get_args(Message), start=1))
"""The type number on the wire of each message."""

_NUMBERS: Final = {kind: number for number, kind in MESSAGE_TYPES.items()}
_LAYOUTS: Final[dict[type[Message], Field]] = {kind: record(kind) for kind in _NUMBERS}
_NAMES: Final = {kind: "PAYMENT_REQUEST" if kind is PaymentRequest else kind.__name__.upper() for kind in _NUMBERS}


def message_name(message: Message | type[Message]) -> str:
    """Return the name that the specification uses, e.g. ``PAYMENT_REQUEST``."""
    return _NAMES[message if isinstance(message, type) else type(message)]


def encode_message(message: Message) -> bytes:
    """Return the one encoding of ``message``; Misuse if a field is not what the specification allows."""
    layout = _LAYOUTS[type(message)]
    try:
        plain: list[object] = layout.to_plain(message)
        layout.check(plain, message_name(message))
    except (MessageError, ValueError, TypeError) as error:
        raise Misuse(f"cannot encode {message_name(message)}: {error}") from error
    return plain_cbor.dumps([_NUMBERS[type(message)], *plain])


def decode_message(data: bytes) -> Message:
    """Return the message that ``data`` encodes; raises MessageError, and nothing else, for any other bytes."""
    try:
        plain = plain_cbor.loads(data)
    except plain_cbor.CborError as error:
        raise MessageError(MessageErrorCode.BAD_CBOR, error.what) from None
    if type(plain) is not list or not plain:
        raise MessageError(MessageErrorCode.WRONG_TYPE, "a message is an array that starts with its type number")
    number, *fields = plain
    session = _session_of(fields)
    kind = MESSAGE_TYPES.get(number) if type(number) is int else None
    if kind is None:
        raise MessageError(MessageErrorCode.UNKNOWN_TYPE, f"no message has the type {number!r:.40}", session)
    # Another version may have other fields, so its number is read before anything else is judged.
    if kind is Hello and len(fields) > 2 and type(fields[2]) is int and fields[2] != PROTOCOL_VERSION:
        text = f"HELLO.version is {fields[2]}, spoken is {PROTOCOL_VERSION}"
        raise MessageError(MessageErrorCode.UNSUPPORTED_VERSION, text, session)
    layout = _LAYOUTS[kind]
    try:
        layout.check(fields, message_name(kind))
    except MessageError as error:
        raise MessageError(error.code, error.text, session) from None
    message: Message = layout.from_plain(fields)
    return message


def describe(message: Message) -> dict[str, Json]:
    """Return the fields as people read them, for evidence and consoles: bytes in hex, enumerations by name."""
    shown: dict[str, Json] = _LAYOUTS[type(message)].show(message)
    return shown


def _session_of(fields: list[object]) -> bytes | None:
    first = fields[0] if fields else None
    return first if isinstance(first, bytes) and len(first) == SESSION_SIZE else None

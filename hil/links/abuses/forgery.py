"""What an attacker on the line can do to messages: change them, and invent new ones (SPEC, "The line").

The attacker sees session, sequence numbers and transactions on the line. It has no key, so it signs nothing. Money
that it redirects goes to :data:`hil.links.abuses.model.STRANGER_SCRIPT`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

from bitcoin.core import CTransaction, CTxOut
from bitcoin.core.script import CScript

from hil.links.abuses.model import STRANGER_SCRIPT
from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.payment.transactions import parse_transaction
from hil.protocol.policy import Mode, Network
from hil.protocol.wire.fields import MessageError
from hil.protocol.wire.framing import DELIMITER, FrameDecoder, encode_frame
from hil.protocol.wire.messages import (
    PROTOCOL_VERSION,
    SESSION_SIZE,
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
    decode_message,
    encode_message,
    message_name,
)

Alteration: TypeAlias = Callable[[Message], Message]

STRANGE_SESSION = b"\x5a" * SESSION_SIZE
"""Session id of an invented HELLO."""

FAR_AHEAD = 1_000_000
"""By so much the sequence number of a message "far ahead" exceeds the true sender's."""

OVERCLAIM_MWH = 5000
"""Added to the energy of a METER, in mWh: more than the 2 % and 100 mWh that a cable tolerates of its first 245 Wh."""


def _redirect(message: Message, output: int) -> Message:
    if not isinstance(message, Payment | PaymentRequest):
        raise AssertionError("holds no transaction")
    honest = parse_transaction(message.transaction)
    outputs = list(honest.vout)
    if output < len(outputs):
        outputs[output] = CTxOut(outputs[output].nValue, CScript(STRANGER_SCRIPT))
    forged = CTransaction(honest.vin, outputs, honest.nLockTime, honest.nVersion, honest.wit)
    return replace(message, transaction=bytes(forged.serialize()))


def _redirect_payee(message: Message) -> Message:
    return replace(message, payee_script=STRANGER_SCRIPT) if isinstance(message, Offer) else _redirect(message, 0)


def _redirect_change(message: Message) -> Message:
    return replace(message, change_script=STRANGER_SCRIPT) if isinstance(message, Funding) else _redirect(message, 1)


def _falsify_energy(message: Message) -> Message:
    match message:
        case Receipt(credited_mwh=credited):
            return replace(message, credited_mwh=credited // 2)
        case Meter(energy_mwh=energy):
            return replace(message, energy_mwh=energy + OVERCLAIM_MWH)
    raise AssertionError("tells no energy")


def _hello(session: bytes, sequence: int) -> Hello:
    return Hello(session, sequence, PROTOCOL_VERSION, (Mode.SINGLE_FEE, Mode.PER_PAYMENT), Network.REGTEST)


ALTERATIONS: Mapping[str, tuple[Alteration, frozenset[type[Message]]]] = MappingProxyType(
    {
        "payee": (_redirect_payee, frozenset({Offer, PaymentRequest, Payment})),
        "change": (_redirect_change, frozenset({Funding, PaymentRequest, Payment})),
        "energy": (_falsify_energy, frozenset({Receipt, Meter})),
    }
)
"""What is changed, how, and the messages that hold it."""

INVENTIONS: Mapping[str, Callable[[bytes, int], Message]] = MappingProxyType(
    {
        message_name(Close): lambda session, sequence: Close(session, sequence, CloseReason.APPLIANCE_FINISHED, 0, ""),
        message_name(Error): lambda session, sequence: Error(session, sequence, ErrorCode.BAD_SIGNATURE, ""),
        message_name(Hello): lambda _, __: _hello(STRANGE_SESSION, 1),
        f"{message_name(Hello)} of another network": lambda _, __: replace(
            _hello(STRANGE_SESSION, 1), network=Network.MAINNET
        ),
        f"{message_name(Hello)} of this session": _hello,
        f"{message_name(Meter)} of 5 Wh": lambda session, sequence: Meter(session, sequence, OVERCLAIM_MWH),
        f"{message_name(Meter)} far ahead": lambda session, sequence: Meter(session, sequence + FAR_AHEAD, 0),
    }
)
"""Invented messages, given the running session and the next sequence number of the side that seems to speak."""


def altered(frame: bytes, what: str) -> bytes:
    """Return the frame with ``what`` of ``ALTERATIONS`` changed; one that holds no such message stays as it is."""
    alter, kinds = ALTERATIONS[what]
    (payload,) = FrameDecoder().feed(frame) if frame.endswith(DELIMITER) else [b""]
    try:
        message = decode_message(payload) if isinstance(payload, bytes) else None
    except MessageError:
        return frame
    return encode_frame(encode_message(alter(message))) if type(message) in kinds and message is not None else frame


def renumbered(frame: bytes, sequence: int) -> bytes:
    """Return the frame of a message under another sequence number."""
    (payload,) = FrameDecoder().feed(frame)
    if not isinstance(payload, bytes):
        raise payload
    return encode_frame(encode_message(replace(decode_message(payload), sequence=sequence)))


def invented(what: str, session: bytes, sequence: int) -> bytes:
    """Return the frame of a message of ``INVENTIONS``."""
    return encode_frame(encode_message(INVENTIONS[what](session, sequence)))

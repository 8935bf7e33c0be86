"""Tricks on the letter of frames and messages: what is nearly one, and what a lax reader would take for one.

Each flawed message would end the session if it were taken, and each bad frame would be answered: so a lax reader shows.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import cbor2
from cobs import cobs

from hil.links.abuses.messages import OTHER_SESSION
from hil.links.abuses.model import Cheat, Trick
from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.wire.framing import DELIMITER, encode_frame
from hil.protocol.wire.messages import Funding, Message, Payment, PaymentRequest

HELLO, FUNDING, PAYMENT, METER, CLOSE, ERROR = 1, 3, 5, 7, 8, 9
REGTEST = 3

FULL_BLOCK = 254
"""Bytes without a zero that COBS puts into one block."""


def _session(session: bytes) -> bytes:
    return bytes(cbor2.dumps(session))


def _flawed_ends(session: bytes, sequence: int) -> list[bytes]:
    """Return messages that would end a session, were they well-formed."""
    fault = int(CloseReason.FAULT)
    count = bytes(cbor2.dumps(sequence))
    head, body = b"\x86\x08" + _session(session) + count, b"\x0a\x00\x40"
    plain = [CLOSE, session, sequence, fault, 0, b""]
    refusal = [ERROR, session, sequence, int(ErrorCode.BAD_SIGNATURE)]
    return [
        b"\x98\x06" + head[1:] + body,  # heads that are longer than they need be
        b"\x86\x18\x08" + head[2:] + body,
        b"\x86\x08\x58\x08" + session + count + body,
        b"\x86\x08" + _session(session) + b"\x1a" + sequence.to_bytes(4, "big") + body,
        head + b"\x18\x0a\x00\x40",
        head + b"\x0a\x18\x00\x40",
        head + b"\x0a\x00\x58\x00",
        head + body + b"\x00",
        *(
            bytes(cbor2.dumps(items))
            for items in (
                [*plain, 0],
                plain[:-1],
                [*plain[:3], 0, 0, b""],
                [*plain[:3], 12, 0, b""],
                [*plain[:4], -1, b""],
                [*plain[:4], 2**32, b""],
                [*plain[:5], bytes(31)],
                [*plain[:5], ""],
                [*refusal, "x" * 201],
                [*refusal, "clear\x1b[2J"],
                [*refusal, "caf\u00e9"],
                [ERROR, session, sequence, 10, "no such code"],
            )
        ),
    ]


def _flawed_beginnings(session: bytes, sequence: int, funding: Funding) -> list[bytes]:
    """Return messages of a cable that name something twice, or nothing, where different items are asked for."""
    coin = [bytes.fromhex(funding.coins[0].txid)[::-1], 0, 1, funding.change_script]
    return [
        bytes(cbor2.dumps(items))
        for items in (
            [HELLO, OTHER_SESSION, 1, 1, [1, 1], REGTEST],
            [HELLO, OTHER_SESSION, 1, 1, [], REGTEST],
            [HELLO, OTHER_SESSION, 1, 1, [1, 3], REGTEST],
            [HELLO, OTHER_SESSION, 1, 1, [1], 4],
            [FUNDING, session, sequence, [coin, coin], funding.change_script, 1],
            [FUNDING, session, sequence, [], funding.change_script, 1],
        )
    ]


def _other_versions() -> list[bytes]:
    """Return calls in versions other than 1, each under an id of its own, with more and with fewer fields."""
    calls: Sequence[Sequence[object]] = (
        [0, [1], REGTEST],
        [2, [1], REGTEST],
        [2, [1], REGTEST, 5],
        [2],
        [255, "later"],
        [256, [1], REGTEST],
    )
    return [bytes(cbor2.dumps([HELLO, bytes([0xA0 + turn]) * 8, 1, *call])) for turn, call in enumerate(calls)]


def _bad_frames() -> list[bytes]:
    """Return frames that must be dropped; a socket would answer the messages in them, whose sessions do not exist."""
    payloads = [bytes(cbor2.dumps([METER, bytes([0xB0 + turn]) * 8, 1, 1])) for turn in range(6)]
    frames = [_with_crc(payload, _spoilt(turn)) for turn, payload in enumerate(payloads)]
    return [*frames, cobs.encode(_full_block()) + b"\x01" + DELIMITER]


def _with_crc(payload: bytes, spoil: Callable[[bytes], bytes]) -> bytes:
    return bytes(cobs.encode(payload + spoil(zlib.crc32(payload).to_bytes(4, "big")))) + DELIMITER


def _spoilt(turn: int) -> Callable[[bytes], bytes]:
    """Return what spoils a checksum: each byte in turn, then their order, then all of them."""
    if turn < 4:
        return lambda crc: bytes(each ^ (0x10 if place == turn else 0) for place, each in enumerate(crc))
    return (lambda crc: crc[::-1]) if turn == 4 else (lambda crc: bytes(4))


def _full_block() -> bytes:
    """Return payload and checksum that fill one block of COBS: an empty one behind it would be another spelling."""
    for fill in range(1, 256):
        transaction = bytes([fill]) * (FULL_BLOCK - 4 - 15)
        payload = bytes(cbor2.dumps([PAYMENT, bytes([0xBF]) * 8, 1, 1, transaction]))
        whole = payload + zlib.crc32(payload).to_bytes(4, "big")
        if len(whole) == FULL_BLOCK and 0 not in whole:
            return whole
    raise AssertionError("no such message has a checksum without a zero")


UNHEARD = 20
"""So much ahead is a sequence number that was not taken yet, and has one byte as that of a short session."""


def _write_all(cheat: Cheat, frames: Sequence[bytes]) -> None:
    for frame in frames:
        cheat.tools.write(frame)


def _send_flawed(cheat: Cheat, message: Message) -> Sequence[Message]:
    payloads = _flawed_ends(message.session, message.sequence + UNHEARD)
    fundings = [each for each in cheat.earlier.get(Funding, []) if isinstance(each, Funding)]
    if fundings:  # it is a cable
        payloads += _flawed_beginnings(message.session, message.sequence + UNHEARD, fundings[-1])
    _write_all(cheat, [encode_frame(payload) for payload in payloads])
    return (message,)


def _send_versions(cheat: Cheat, message: Message) -> Sequence[Message]:
    _write_all(cheat, [encode_frame(payload) for payload in _other_versions()])
    return (message,)


def _send_bad_frames(cheat: Cheat, message: Message) -> Sequence[Message]:
    _write_all(cheat, _bad_frames())
    return (message,)


def flawed_tricks(kind: type[Payment] | type[PaymentRequest]) -> Mapping[str, Trick]:
    """Return the tricks by name; ``kind`` is what they wait for."""
    tricks = {"flawed-messages": Trick(kind, _send_flawed, once=True)}
    if kind is Payment:
        tricks["other-versions"] = Trick(kind, _send_versions, once=True)
        tricks["bad-frames"] = Trick(kind, _send_bad_frames, once=True)
    return MappingProxyType(tricks)

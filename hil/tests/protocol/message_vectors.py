"""The vectors of frames and messages: frames.json, messages.json."""

from __future__ import annotations

import zlib

import cbor2
from cobs import cobs

from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.payment.transactions import txid
from hil.protocol.policy import Mode, Network
from hil.protocol.wire.fields import MessageError
from hil.protocol.wire.framing import FrameDecoder, FrameError, encode_frame
from hil.protocol.wire.messages import (
    Close,
    DeclaredCoin,
    Error,
    Funding,
    Hello,
    Message,
    Meter,
    Payment,
    Receipt,
    decode_message,
    describe,
    encode_message,
    message_name,
)
from hil.tests.protocol.samples import CABLE, COINS, SESSION, SOCKET, offer, proposal, request, signed
from hil.tests.protocol.vector_files import Json


def frames() -> Json:
    """Payloads with their frame, and streams with what a decoder makes of them."""
    payloads = {
        "one byte": b"\x01",
        "one zero": b"\x00",
        "zeros": bytes(20),
        "message": encode_message(Meter(SESSION, 3, 1000)),
        "one full COBS block with its CRC": b"\x55" * 250,
        "more than one COBS block": b"\x55" * 260,
        "longest payload": bytes(range(1, 255)) * 16 + b"\x01" * 32,
    }
    good = encode_frame(b"good")
    flipped = bytes([good[0], good[1] ^ 1]) + good[2:]
    little = cobs.encode(b"good" + zlib.crc32(b"good").to_bytes(4, "little")) + b"\x00"
    streams = {
        "two frames": good + encode_frame(b"next"),
        "empty frame between two frames": good + b"\x00" + good,
        "bit flipped in the payload": flipped + good,
        "CRC in the wrong byte order": little + good,
        "no payload": cobs.encode(zlib.crc32(b"").to_bytes(4, "big")) + b"\x00" + good,
        "COBS code points behind the end": b"\x09abc\x00" + good,
        "COBS block closed twice": cobs.encode(b"\x01" * 250 + zlib.crc32(b"\x01" * 250).to_bytes(4, "big"))
        + b"\x01\x00"
        + good,
        "longer than any frame": b"\x01" * 5000 + b"\x00" + good,
        "noise, then a delimiter": bytes(range(1, 40)) + b"\x00" + good,
        "cut off": good[:5],
    }
    return {
        "frames": [{"name": name, "payload": p.hex(), "frame": encode_frame(p).hex()} for name, p in payloads.items()],
        "streams": [
            {"name": name, "bytes": stream.hex(), "result": decoded(FrameDecoder().feed(stream))}
            for name, stream in streams.items()
        ],
    }


def decoded(items: list[bytes | FrameError]) -> list[Json]:
    """Return the items of a FrameDecoder as they stand in the vectors."""
    return [{"error": item.code.name} if isinstance(item, FrameError) else {"payload": item.hex()} for item in items]


def sample_messages() -> dict[str, Message]:
    """One message of each kind and those at the edges."""
    declared = tuple(DeclaredCoin(c.outpoint.txid, c.outpoint.index, c.value, c.script) for c in COINS)
    last = 2**32 - 1
    return {
        "hello": Hello(SESSION, 0, 1, (Mode.SINGLE_FEE, Mode.PER_PAYMENT), Network.REGTEST),
        "hello, one mode": Hello(bytes(8), last, 1, (Mode.PER_PAYMENT,), Network.MAINNET),
        "offer of the slice of bread": offer(),
        "offer per payment to P2PKH": offer(Mode.PER_PAYMENT, payee_script=SOCKET.p2pkh_script, min_confirmations=0),
        "funding from two coins": Funding(SESSION, 1, declared, CABLE.p2wpkh_script, 5),
        "payment request": request(proposal()),
        "payment": Payment(SESSION, 4, 2, signed(proposal()).serialize()),
        "receipt": Receipt(SESSION, 8, 2, 16_000),
        "meter": Meter(SESSION, 9, 12_345),
        "meter at its end": Meter(SESSION, last, last),
        "close, settled": Close(SESSION, 20, CloseReason.APPLIANCE_FINISHED, 40_000, txid(signed(proposal()))),
        "close, nothing to settle": Close(SESSION, 1, CloseReason.REFUSED, 0, ""),
        "error": Error(SESSION, 5, ErrorCode.UNDERPAID, "underpaid by 1 sat: 19999 sat instead of 20000 sat"),
        "error without text": Error(SESSION, 5, ErrorCode.MALFORMED, ""),
        "error with the first and the last printable character": Error(SESSION, 5, ErrorCode.UNEXPECTED, " ~"),
    }


def refused_messages() -> dict[str, bytes]:
    """Payloads that are no message."""
    meter = encode_message(Meter(SESSION, 3, 1000))
    return {
        "nothing": b"",
        "no array": cbor2.dumps(7),
        "empty array": cbor2.dumps([]),
        "cut off": meter[:-1],
        "byte behind": meter + b"\x00",
        "type 0": cbor2.dumps([0, SESSION, 3, 1000]),
        "type 10": cbor2.dumps([10, SESSION, 3, 1000]),
        "field missing": cbor2.dumps([7, SESSION, 3]),
        "field too many": cbor2.dumps([7, SESSION, 3, 1000, 0]),
        "map instead of array": cbor2.dumps({0: 7}),
        "session of 7 bytes": cbor2.dumps([7, SESSION[:7], 3, 1000]),
        "sequence of 2^32": cbor2.dumps([7, SESSION, 2**32, 1000]),
        "boolean instead of number": cbor2.dumps([7, SESSION, 3, True]),
        "float instead of number": cbor2.dumps([7, SESSION, 3, 1000.0]),
        "negative number": cbor2.dumps([7, SESSION, 3, -1]),
        "null": cbor2.dumps([7, SESSION, 3, None]),
        "tag": cbor2.dumps([7, SESSION, 3, cbor2.CBORTag(1, 1000)]),
        "number with a long head": meter[:-3] + bytes.fromhex("1a000003e8"),
        "array of indefinite length": b"\x9f" + meter[1:] + b"\xff",
        "huge byte string": cbor2.dumps([5, SESSION, 3, 1])[:-1] + bytes.fromhex("015bffffffffffffffff"),
        "huge array": bytes.fromhex("9bffffffffffffffff"),
        "nested 4000 deep": b"\x81" * 4000,
        "text that is not UTF-8": cbor2.dumps([9, SESSION, 3, 1])[:-1] + b"\x01\x62\xc3\x28",
        "version 2": cbor2.dumps([1, SESSION, 0, 2, [1], 3]),
        "version 2 with other fields": cbor2.dumps([1, SESSION, 0, 2, "other"]),
        "no mode": cbor2.dumps([1, SESSION, 0, 1, [], 3]),
        "mode twice": cbor2.dumps([1, SESSION, 0, 1, [1, 1], 3]),
        "unknown mode": cbor2.dumps([1, SESSION, 0, 1, [3], 3]),
        "17 coins": cbor2.dumps([3, SESSION, 1, [[bytes(32), i, 1, b"s"] for i in range(17)], b"s", 1]),
        "coin of 0 sat": cbor2.dumps([3, SESSION, 1, [[bytes(32), 0, 0, b"s"]], b"s", 1]),
        "payment 0": cbor2.dumps([5, SESSION, 4, 0, bytes(10)]),
        "transaction of 3501 bytes": cbor2.dumps([5, SESSION, 4, 1, bytes(3501)]),
        "error text of 201 characters": cbor2.dumps([9, SESSION, 5, 1, "x" * 201]),
        "error text with a line feed": cbor2.dumps([9, SESSION, 5, 1, "a\nb"]),
        "error text with a delete": cbor2.dumps([9, SESSION, 5, 1, "a\x7f"]),
        "error text with a letter that is not ASCII": cbor2.dumps([9, SESSION, 5, 1, "f\u00fcr"]),
    }


def messages() -> Json:
    """Messages with their fields, and payloads that are refused."""
    return {
        "messages": [
            {"name": name, "message": message_name(m), "fields": describe(m), "bytes": encode_message(m).hex()}
            for name, m in sample_messages().items()
        ],
        "refused": [
            {"name": name, "bytes": data.hex(), "code": _message_error(data)}
            for name, data in refused_messages().items()
        ],
    }


def _message_error(data: bytes) -> str:
    try:
        decode_message(data)
    except MessageError as error:
        return error.code.name
    raise AssertionError(f"{data.hex()} is a message")

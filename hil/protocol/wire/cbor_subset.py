"""The part of CBOR (RFC 8949) that messages are made of, checked before the library decodes it.

Unsigned integers, byte strings, text strings and arrays of known length, each in its shortest form, and nothing
behind. Within this part every value has exactly one encoding (deterministic encoding, RFC 8949 §4.2), and a hostile
length or nesting is refused before anything is allocated.
"""

from __future__ import annotations

import enum

import cbor2

from hil.errors import PeerViolation

MAX_DEPTH = 3
"""Arrays within arrays: message, list of coins, coin."""
MAX_ITEMS = 32
"""Most items of one array; the longest in use has 16."""

_UINT, _BYTES, _TEXT, _ARRAY = 0, 2, 3, 4
_KINDS = ("unsigned integer", "negative integer", "byte string", "text", "array", "map", "tag", "float or simple value")


class CborErrorCode(enum.StrEnum):
    """What can be wrong with the encoding of a message."""

    TRUNCATED = "truncated"
    TRAILING = "trailing bytes"
    FORBIDDEN_TYPE = "forbidden type"
    NOT_CANONICAL = "not canonical"
    TOO_DEEP = "nested too deeply"
    TOO_MANY_ITEMS = "too many items"
    BAD_TEXT = "text is not UTF-8"


class CborError(PeerViolation):
    """The bytes are not in the part of CBOR that the protocol uses; ``code`` says why."""

    def __init__(self, code: CborErrorCode, text: str) -> None:
        super().__init__(f"{code.value}: {text}")
        self.code = code


def loads(data: bytes) -> object:
    """Return the one value that ``data`` encodes, made of int, bytes, str and list; raises CborError."""
    end = _scan(data, 0, 0)
    if end != len(data):
        raise CborError(CborErrorCode.TRAILING, f"{len(data) - end} bytes behind the message")
    try:
        value: object = cbor2.loads(data)
    except cbor2.CBORDecodeError as error:
        raise CborError(CborErrorCode.BAD_TEXT, str(error)) from None
    return value


def dumps(value: object) -> bytes:
    """Return the encoding of a value made of int (not negative), bytes, str and list."""
    return cbor2.dumps(value)


def _scan(data: bytes, start: int, depth: int) -> int:
    """Walk over the item at ``start``; return the position behind it."""
    if start >= len(data):
        raise CborError(CborErrorCode.TRUNCATED, f"an item is missing at byte {start}")
    kind, info = data[start] >> 5, data[start] & 0x1F
    if kind not in (_UINT, _BYTES, _TEXT, _ARRAY):
        raise CborError(CborErrorCode.FORBIDDEN_TYPE, f"{_KINDS[kind]} at byte {start}")
    if info == 31:
        raise CborError(CborErrorCode.NOT_CANONICAL, f"indefinite length at byte {start}")
    if info > 27:
        raise CborError(CborErrorCode.FORBIDDEN_TYPE, f"reserved head {data[start]:#04x} at byte {start}")
    position, argument = start + 1, info
    if info >= 24:
        size = 1 << (info - 24)
        position += size
        if position > len(data):
            raise CborError(CborErrorCode.TRUNCATED, f"the head at byte {start} is cut off")
        argument = int.from_bytes(data[start + 1 : position], "big")
        if argument < (24, 1 << 8, 1 << 16, 1 << 32)[info - 24]:
            raise CborError(CborErrorCode.NOT_CANONICAL, f"{argument} at byte {start} has a shorter form")
    if kind == _UINT:
        return position
    if kind == _ARRAY:
        return _scan_array(data, position, argument, depth + 1)
    if argument > len(data) - position:
        raise CborError(CborErrorCode.TRUNCATED, f"{_KINDS[kind]} of {argument} bytes at byte {start} is cut off")
    return position + argument


def _scan_array(data: bytes, position: int, items: int, depth: int) -> int:
    if depth > MAX_DEPTH:
        raise CborError(CborErrorCode.TOO_DEEP, f"more than {MAX_DEPTH} arrays at byte {position}")
    if items > MAX_ITEMS:
        raise CborError(CborErrorCode.TOO_MANY_ITEMS, f"array of {items}, at most {MAX_ITEMS}")
    for _ in range(items):
        position = _scan(data, position, depth)
    return position

"""The part of CBOR that the line allows: unsigned integers, byte strings, text, short arrays, shortest heads.

Encoding is the work of cbor2. Decoding is done here: cbor2 takes more than the line allows, and takes memory for
lengths before it has seen the bytes.
"""

from __future__ import annotations

from typing import TypeAlias

import cbor2

Item: TypeAlias = "int | bytes | str | list[Item]"

MOST_ITEMS = 32
"""Most items of one array."""
MOST_DEPTH = 3
"""Most arrays within each other."""

_UINT, _BYTES, _TEXT, _ARRAY = 0, 2, 3, 4
_LARGEST_IN_HEAD = 23
_LEAST_VALUE = {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}
"""Bytes that follow a head, and the least value that needs so many."""


class NotCbor(Exception):
    """The bytes are not one item of the allowed kinds in its shortest form."""


def encode(item: Item) -> bytes:
    """Return the one encoding of an item."""
    return cbor2.dumps(item)


def decode(data: bytes) -> Item:
    """Return the item that ``data`` is the encoding of, to the last byte. Raises NotCbor."""
    reader = _Reader(data)
    item = reader.item(depth=0)
    if reader.position != len(data):
        raise NotCbor(f"{len(data) - reader.position} bytes behind the message")
    return item


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def item(self, depth: int) -> Item:
        kind, argument = self._head()
        if kind == _UINT:
            return argument
        if kind == _BYTES:
            return self._take(argument)
        if kind == _TEXT:
            try:
                return self._take(argument).decode("utf-8")
            except UnicodeDecodeError:
                raise NotCbor("text that is not UTF-8") from None
        if kind != _ARRAY:
            raise NotCbor(f"major type {kind}")
        if argument > MOST_ITEMS or depth == MOST_DEPTH:
            raise NotCbor(f"an array of {argument} items in {depth} others")
        return [self.item(depth + 1) for _ in range(argument)]

    def _head(self) -> tuple[int, int]:
        kind, info = divmod(self._take(1)[0], 32)
        if info <= _LARGEST_IN_HEAD:
            return kind, info
        size = 1 << (info - 24)
        least = _LEAST_VALUE.get(size)
        if least is None:
            raise NotCbor("an indefinite length, or a reserved head")
        argument = int.from_bytes(self._take(size), "big")
        if argument < least:
            raise NotCbor("a head that is not in its shortest form")
        return kind, argument

    def _take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self._data):
            raise NotCbor("the message is cut off")
        piece = self._data[self.position : end]
        self.position = end
        return piece

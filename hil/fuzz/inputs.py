"""What the fuzzer feeds: the specification's vectors, damaged in every way that a seed draws."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from hil.protocol.wire import cbor_subset as plain_cbor
from hil.protocol.wire.framing import MAX_PAYLOAD, encode_frame

LONGEST: Final = 3 * MAX_PAYLOAD

_SPECIAL: Final = bytes.fromhex("00 01 17 18 19 1a 1b 1c 1f 3b 40 58 5b 5f 60 7b 80 81 9b 9f a0 bf c2 d8 f6 fb ff")

_VALUES: Final[tuple[object, ...]] = (
    *(0, 1, 2, 3, 255, 65_536, 2**32 - 1, 2**32, 2**64 - 1, -1, 1.5, True, None, "", "text", "\x07", [], [[[[1]]]], {}),
    *(bytes(length) for length in (0, 1, 8, 32, 43, 3501)),
)


def corpus(folder: Path) -> list[bytes]:
    """Return the payloads of all vectors in ``fixtures/data/vectors``: good, refused, and not even messages."""
    found: list[bytes] = []
    for name, lists, key in (("frames", ("frames",), "payload"), ("messages", ("messages", "refused"), "bytes")):
        document = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        found += [bytes.fromhex(case[key]) for part in lists for case in document[part]]
    return [payload for payload in found if 1 <= len(payload) <= MAX_PAYLOAD]


class Generator:
    """Makes inputs out of a corpus: streams of frames whose payloads, or which themselves, are damaged."""

    def __init__(self, seeds: Sequence[bytes], seed: str) -> None:
        self._seeds = seeds
        self._messages = [plain for seed_bytes in seeds if isinstance(plain := _plain(seed_bytes), list) and plain]
        self._draw = random.Random(seed)  # noqa: S311 - inputs, no secrets
        self._mutations = (self._flip, self._set, self._insert, self._remove, self._repeat, self._splice, self._length)

    def inputs(self, count: int) -> Iterator[bytes]:
        """Yield ``count`` inputs of at most ``LONGEST`` bytes."""
        for _ in range(count):
            yield b"".join(self._piece() for _ in range(self._draw.choice((1, 1, 1, 2, 3))))[:LONGEST]

    def _piece(self) -> bytes:
        if self._draw.randrange(3) == 0:
            return encode_frame(self._with_another_field()[:MAX_PAYLOAD])
        payload = bytearray(self._draw.choice(self._seeds))
        for _ in range(self._draw.choice((0, 1, 1, 2, 3, 8))):
            self._draw.choice(self._mutations)(payload)
        match self._draw.randrange(40):
            case 0:  # the frame itself is damaged
                frame = bytearray(encode_frame(bytes(payload[:MAX_PAYLOAD]) or b"\0"))
                self._draw.choice(self._mutations)(frame)
                return bytes(frame)
            case 1:  # no frame at all
                return bytes(payload)
            case 2:
                return b"\x01" * self._draw.randrange(2 * MAX_PAYLOAD)
            case 3:
                return b"\0" + encode_frame(b"\x81" * self._draw.randint(1, MAX_PAYLOAD))
        return encode_frame(bytes(payload[:MAX_PAYLOAD]) or b"\0")

    def _with_another_field(self) -> bytes:
        """Return a message that is proper CBOR, with one item changed, doubled or gone."""
        fields = [*self._draw.choice(self._messages)]
        place = self._draw.randrange(len(fields))
        others = (self._draw.choice(self._draw.choice(self._messages)), *_VALUES)
        fields[place : place + 1] = self._draw.choice(((), (self._draw.choice(others),), (fields[place],) * 2))
        return plain_cbor.dumps(fields)

    def _place(self, data: bytearray) -> int:
        # the first bytes decide the most: type, session, lengths
        return self._draw.randrange(min(len(data), self._draw.choice((4, 24, 5000))) + 1)

    def _flip(self, data: bytearray) -> None:
        if data:
            data[self._place(data) % len(data)] ^= 1 << self._draw.randrange(8)

    def _set(self, data: bytearray) -> None:
        if data:
            data[self._place(data) % len(data)] = self._draw.choice(_SPECIAL)

    def _insert(self, data: bytearray) -> None:
        place = self._place(data)
        data[place:place] = self._draw.randbytes(self._draw.choice((1, 1, 2, 9, 300)))

    def _remove(self, data: bytearray) -> None:
        place = self._place(data)
        del data[place : place + self._draw.choice((1, 1, 2, 9, 300))]

    def _repeat(self, data: bytearray) -> None:
        place = self._place(data)
        data[place:place] = data[place : place + self._draw.choice((1, 9, 60))] * self._draw.choice((1, 2, 40))

    def _splice(self, data: bytearray) -> None:
        other = self._draw.choice(self._seeds)
        data[self._place(data) :] = other[self._draw.randrange(len(other)) :]

    def _length(self, data: bytearray) -> None:
        """Announce far more, or far deeper, than comes."""
        place = self._place(data)
        data[place:place] = self._draw.choice((b"\x5b", b"\x7b", b"\x9b", b"\x1b")) + self._draw.randbytes(8)


def _plain(payload: bytes) -> object:
    try:
        return plain_cbor.loads(payload)
    except plain_cbor.CborError:
        return None

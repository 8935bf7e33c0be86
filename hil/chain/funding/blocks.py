"""Empty regtest blocks, built here so that they are the same bytes whatever node and version takes them.

A node's own ``generate…`` shapes its coinbase transaction by version, so the ids of the wallet's first coins would
depend on the provider. Besides, a hundred blocks built here and submitted in one batch are faster.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from hil.protocol.payment.coins import Coin, OutPoint
from hil.units import Satoshi

EPOCH: Final = int(datetime(2017, 6, 6, tzinfo=UTC).timestamp())
"""Time zero of every chain, in Unix seconds: the day of the Global IoT Summit 2017 (docs/system.md)."""

MATURITY: Final = 100
"""A coinbase can be spent in a block this much higher than its own (consensus)."""

_FIRST_SUBSIDY: Final = 50 * 100_000_000
_HALVING: Final = 150
_VERSION: Final = 0x20000000
_BITS: Final = 0x207FFFFF
_TARGET: Final = 0x7FFFFF << (8 * (0x20 - 3))
# consensus and chain parameters of regtest: Bitcoin Core, src/kernel/chainparams.cpp


@dataclass(frozen=True)
class Block:
    """A block that holds only its coinbase, which pays everything to one script."""

    raw: bytes
    hash: str
    coinbase: Coin


def subsidy(height: int) -> Satoshi:
    """Return what the miner of the block at ``height`` gets on regtest, in satoshi."""
    return Satoshi(_FIRST_SUBSIDY >> (height // _HALVING))


def empty_block(previous: str, height: int, time: int, script: bytes) -> Block:
    """Return the block at ``height`` on top of ``previous`` (hash as people read it), stamped ``time`` (Unix seconds).

    The nonce is the first that satisfies regtest's target: two attempts on average.
    """
    coinbase = _coinbase(height, script)
    identity = _hash(coinbase)
    head = struct.pack("<I32s32sII", _VERSION, bytes.fromhex(previous)[::-1], identity, time, _BITS)
    nonce = 0
    while int.from_bytes(digest := _hash(head + struct.pack("<I", nonce)), "little") > _TARGET:
        nonce += 1
    coin = Coin(OutPoint(identity[::-1].hex(), 0), subsidy(height), script)
    return Block(head + struct.pack("<I", nonce) + b"\x01" + coinbase, digest[::-1].hex(), coin)


def _coinbase(height: int, script: bytes) -> bytes:
    # BIP 34: the height comes first, as the node's own CScript pushes it; one more byte, for two are the least
    signature_script = _push_number(height) + b"\x00"
    return b"".join(
        (
            struct.pack("<I", 2),
            b"\x01" + bytes(32) + b"\xff\xff\xff\xff",
            bytes([len(signature_script)]) + signature_script + b"\xff\xff\xff\xff",
            b"\x01" + struct.pack("<Q", subsidy(height)) + bytes([len(script)]) + script,
            struct.pack("<I", 0),
        )
    )


def _push_number(number: int) -> bytes:
    if 1 <= number <= 16:
        return bytes([0x50 + number])
    size = number.bit_length() // 8 + 1  # one bit more for the sign
    return bytes([size]) + number.to_bytes(size, "little")


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()

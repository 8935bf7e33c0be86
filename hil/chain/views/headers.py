"""Block headers and the rules that can be checked from headers alone: link, difficulty, proof of work, time, work.

Consensus numbers and rules: Bitcoin Core ``src/pow.cpp``, ``src/validation.cpp``, ``src/kernel/chainparams.cpp``.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from hil.errors import ConfigurationError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.chain.views.header_store import HeaderStore

SIZE: Final = 80
"""Bytes of a header: version 4, previous 32, Merkle root 32, time 4, bits 4, nonce 4 (slides: 80 B a header)."""

PERIOD: Final = 2016
"""Blocks from one change of the difficulty to the next."""
_TIMESPAN: Final = 14 * 24 * 3600
_MEDIAN_OF: Final = 11


@dataclass(frozen=True)
class Network:
    """What of a network's consensus a header chain must know.

    :param genesis: hash of block 0, as people read it.
    :param limit_bits: the easiest target, in the compact form of headers.
    :param retargets: the difficulty changes every 2016 blocks; on regtest it never does.
    """

    name: str
    genesis: str
    limit_bits: int
    retargets: bool


MAINNET: Final = Network(
    "mainnet", "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f", 0x1D00FFFF, retargets=True
)
REGTEST: Final = Network(
    "regtest", "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206", 0x207FFFFF, retargets=False
)
NETWORKS: Final = {network.name: network for network in (MAINNET, REGTEST)}
"""Testnet and signet are missing on purpose: their rules for difficulty and blocks need more than headers."""


def network_named(name: str) -> Network:
    """Return the network; raises ConfigurationError for a name that is not in the table."""
    if name not in NETWORKS:
        raise ConfigurationError(f"no header rules for network '{name}'{nearest(name, NETWORKS)}")
    return NETWORKS[name]


class HeaderRefused(Exception):
    """A header breaks a rule; the text names height and rule."""


def double_sha256(data: bytes) -> bytes:
    """Return SHA-256 of SHA-256."""
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def hash_of(header: bytes) -> str:
    """Return the block's hash as people read it."""
    return double_sha256(header)[::-1].hex()


@lru_cache(maxsize=4096)
def target_of(bits: int) -> int:
    """Return the target that ``bits`` stand for, 0 if they stand for none (negative, or beyond 256 bits)."""
    exponent, mantissa = bits >> 24, bits & 0x7FFFFF
    target = mantissa << (8 * (exponent - 3)) if exponent > 3 else mantissa >> (8 * (3 - exponent))
    return 0 if bits & 0x800000 or target >> 256 else target


@lru_cache(maxsize=4096)
def work_of(bits: int) -> int:
    """Return the expected number of hashes behind a block of this difficulty; 0 for bits that stand for no target."""
    target = target_of(bits)
    return (1 << 256) // (target + 1) if target else 0


def compact(target: int) -> int:
    """Return the bits for a target, rounded down to three significant bytes as headers hold it."""
    size = (target.bit_length() + 7) // 8
    mantissa = target << (8 * (3 - size)) if size <= 3 else target >> (8 * (size - 3))
    if mantissa & 0x800000:
        mantissa, size = mantissa >> 8, size + 1
    return mantissa | size << 24


def retarget(network: Network, bits: int, first_time: int, last_time: int) -> int:
    """Return the bits of the next period, from the times of the first and the last block of the one that ended."""
    timespan = min(max(last_time - first_time, _TIMESPAN // 4), _TIMESPAN * 4)
    return compact(min(target_of(bits) * timespan // _TIMESPAN, target_of(network.limit_bits)))


def time_of(header: bytes | bytearray | memoryview) -> int:
    """Return the block's time in Unix seconds."""
    return int.from_bytes(header[68:72], "little")


def bits_of(header: bytes | bytearray | memoryview) -> int:
    """Return the compact target that the header names."""
    return int.from_bytes(header[72:76], "little")


class HeaderChain:
    """The chain with the most work that was seen so far, from block 0 on, kept in a store.

    What the store holds is checked like what a server sends; from the first header that breaks a rule on (a power cut
    in the middle of a change, a worn medium) it is dropped, to be loaded anew.
    """

    def __init__(self, network: Network, store: HeaderStore) -> None:
        self.network = network
        self._store = store
        self._headers = bytearray()
        self.work = 0
        """Expected number of hashes behind all blocks of the chain."""
        kept = store.load()
        good = bytearray()
        try:
            for header in self._checked(0, kept):
                good += header
        except HeaderRefused:
            pass
        self._headers = good
        self.work = work_of_headers(good)
        self.dropped = len(kept) // SIZE - len(good) // SIZE
        """How many stored headers were refused."""

    @property
    def height(self) -> int:
        """Height of the tip; -1 while there is no header."""
        return len(self._headers) // SIZE - 1

    def header(self, height: int) -> bytes:
        """Return the header at ``height``, which must be in the chain."""
        if not 0 <= height <= self.height:
            raise IndexError(height)
        return bytes(self._headers[height * SIZE : (height + 1) * SIZE])

    def merkle_root(self, height: int) -> bytes:
        """Return the Merkle root at ``height``, in the order of the wire."""
        return self.header(height)[36:68]

    def work_from(self, start: int) -> int:
        """Return the expected number of hashes behind the blocks from ``start`` on."""
        return work_of_headers(self._headers[start * SIZE :])

    def offer(self, start: int, headers: bytes) -> bool:
        """Take ``headers`` from height ``start`` on instead of our own if they have more work; tell whether they do.

        Raises HeaderRefused if one breaks a rule, or if they don't link to our chain; then nothing changes.
        """
        if not 0 <= start <= self.height + 1 or not headers or len(headers) % SIZE:
            raise HeaderRefused(
                f"{len(headers)} bytes of headers from height {start} do not fit a chain that ends at {self.height}"
            )
        for _ in self._checked(start, headers):
            pass
        gained = work_of_headers(headers)
        lost = self.work_from(start)
        if gained <= lost:
            return False
        self._store.put(start, headers)
        del self._headers[start * SIZE :]
        self._headers += headers
        self.work += gained - lost
        return True

    def _checked(self, start: int, headers: bytes) -> Iterator[bytes]:
        """Yield the headers that go to ``start`` and on, each after it was checked against all before it."""
        own, end = self._headers, start * SIZE
        times = deque((time_of(own[at : at + SIZE]) for at in _last(end, _MEDIAN_OF)), maxlen=_MEDIAN_OF)
        previous = double_sha256(bytes(own[end - SIZE : end])) if start else bytes(32)
        bits = bits_of(own[end - SIZE : end]) if start else self.network.limit_bits
        began = time_of(self.header((start - 1) // PERIOD * PERIOD)) if start else 0  # of the period, its first block
        for index in range(len(headers) // SIZE):
            height, header = start + index, headers[index * SIZE : (index + 1) * SIZE]
            digest = double_sha256(header)
            if height == 0 and digest[::-1].hex() != self.network.genesis:
                raise HeaderRefused(f"block 0 is {digest[::-1].hex()}, not that of {self.network.name}")
            if header[4:36] != previous:
                raise HeaderRefused(f"header at height {height} does not name the one below it")
            if self.network.retargets and height and height % PERIOD == 0:
                bits = retarget(self.network, bits, began, times[-1])
            if bits_of(header) != bits:
                raise HeaderRefused(f"header at height {height} has bits {bits_of(header):08x}; due are {bits:08x}")
            if int.from_bytes(digest, "little") > target_of(bits):
                raise HeaderRefused(f"header at height {height} lacks its proof of work")
            time = time_of(header)
            if times and time <= sorted(times)[len(times) // 2]:
                raise HeaderRefused(f"header at height {height} is not later than the median of the 11 before it")
            times.append(time)
            if height % PERIOD == 0:
                began = time
            previous = digest
            yield header


def _last(size: int, count: int) -> range:
    return range(max(0, size - count * SIZE), size, SIZE)


def work_of_headers(headers: bytes | bytearray) -> int:
    """Return the expected number of hashes behind all these blocks."""
    return sum(work_of(bits_of(headers[at : at + SIZE])) for at in range(0, len(headers), SIZE))

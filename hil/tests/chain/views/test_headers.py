"""The header chain and its stores: consensus rules against the true mainnet, work, reorganisations, power cuts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.chain.attacks.electrum_faults import mine_headers
from hil.chain.funding.blocks import empty_block
from hil.chain.views.header_store import CHUNK, FileHeaders, HeaderStore, MemoryHeaders, RecordHeaders
from hil.chain.views.headers import (
    MAINNET,
    REGTEST,
    SIZE,
    HeaderChain,
    HeaderRefused,
    compact,
    hash_of,
    network_named,
    retarget,
    target_of,
    work_of,
)
from hil.errors import ConfigurationError, RigFault

if TYPE_CHECKING:
    from pathlib import Path

GENESIS_ROOT = "3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a"
REGTEST_GENESIS = bytes.fromhex(f"01000000{'00' * 32}{GENESIS_ROOT}dae5494dffff7f2002000000")
MAINNET_GENESIS = bytes.fromhex(f"01000000{'00' * 32}{GENESIS_ROOT}29ab5f49ffff001d1dac2b7c")
MAINNET_BLOCK_1 = bytes.fromhex(
    "010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000"
    "982051fd1e4ba744bbbe680e1fee14677ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299"
)


class Records:
    """A device's storage in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def read(self, name: str) -> bytes | None:
        return self.kept.get(name)

    def write(self, name: str, record: bytes) -> None:
        self.kept[name] = record


def grown(store: HeaderStore | None = None, blocks: int = 20) -> HeaderChain:
    chain = HeaderChain(REGTEST, store if store is not None else MemoryHeaders())
    chain.offer(0, REGTEST_GENESIS + b"".join(mine_headers(REGTEST_GENESIS, blocks)))
    return chain


def test_the_first_blocks_of_mainnet_are_a_chain() -> None:
    chain = HeaderChain(MAINNET, MemoryHeaders())
    assert chain.offer(0, MAINNET_GENESIS + MAINNET_BLOCK_1)
    assert hash_of(chain.header(1)) == "00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048"
    assert chain.work == 2 * 0x100010001
    with pytest.raises(HeaderRefused, match="not that of regtest"):
        HeaderChain(REGTEST, MemoryHeaders()).offer(0, MAINNET_GENESIS)


# Bitcoin Core, src/test/pow_tests.cpp: real changes of the difficulty and the limits of one
@pytest.mark.parametrize(
    ("bits", "first_time", "last_time", "expected"),
    [
        (0x1D00FFFF, 1261130161, 1262152739, 0x1D00D86A),
        (0x1D00FFFF, 1231006505, 1233061996, 0x1D00FFFF),
        (0x1C05A3F4, 1279008237, 1279297671, 0x1C0168FD),
        (0x1C387F6F, 1263163443, 1269211443, 0x1D00E1FD),
    ],
)
def test_the_difficulty_changes_as_on_mainnet(bits: int, first_time: int, last_time: int, expected: int) -> None:
    assert retarget(MAINNET, bits, first_time, last_time) == expected


@given(st.integers(1, target_of(REGTEST.limit_bits)))
def test_compact_form_keeps_the_leading_digits_of_a_target(target: int) -> None:
    read = target_of(compact(target))
    assert read <= target
    assert compact(read) == compact(target)
    assert target - read < max(1, target >> 15)


@pytest.mark.parametrize("bits", [0x04800001, 0x23000100, 0x01800000])
def test_bits_that_stand_for_no_target_are_worth_no_work(bits: int) -> None:
    assert target_of(bits) == work_of(bits) == 0


def test_headers_of_the_bench_s_own_blocks_are_taken() -> None:
    chain = HeaderChain(REGTEST, MemoryHeaders())
    chain.offer(0, REGTEST_GENESIS)
    block = empty_block(REGTEST.genesis, 1, 1_500_000_000, b"\x51")
    assert chain.offer(1, block.raw[:SIZE])
    assert hash_of(chain.header(1)) == block.hash


@given(st.integers(0, SIZE - 1), st.integers(1, 255), st.integers(1, 5))
def test_a_header_changed_anywhere_is_refused_or_is_another_block(at: int, flip: int, below: int) -> None:
    chain = grown(blocks=6)
    before = [chain.header(height) for height in range(7)]
    changed = bytearray(b"".join(before[below:]))
    changed[at] ^= flip
    with pytest.raises(HeaderRefused):
        chain.offer(below, bytes(changed))
    assert [chain.header(height) for height in range(chain.height + 1)] == before


def test_each_rule_that_is_broken_is_named() -> None:
    chain = grown()
    tip = chain.header(20)
    easy = mine_headers(tip, 1, work=False)[0]
    other_bits = bytearray(mine_headers(tip, 1)[0])
    other_bits[72:76] = (0x1D00FFFF).to_bytes(4, "little")
    early = empty_block(hash_of(tip), 21, 1_296_688_602, b"\x51").raw[:SIZE]
    for header, words in {
        easy: "lacks its proof of work",
        bytes(other_bits): "bits 1d00ffff; due are 207fffff",
        early: "not later than the median",
        mine_headers(chain.header(3), 1)[0]: "does not name the one below",
        b"": "do not fit",
        tip[:-1]: "do not fit",
    }.items():
        with pytest.raises(HeaderRefused, match=words):
            chain.offer(21, header)
    with pytest.raises(HeaderRefused, match="do not fit a chain that ends at 20"):
        chain.offer(23, mine_headers(tip, 1)[0])


@pytest.mark.parametrize(("blocks", "taken"), [(4, False), (5, False), (6, True)])
def test_only_a_branch_of_more_work_replaces_the_known_one(blocks: int, taken: bool) -> None:
    chain = grown()
    branch = mine_headers(chain.header(15), blocks, root=b"\x01" * 32)
    assert chain.offer(16, b"".join(branch)) is taken
    assert (chain.header(16) == branch[0]) is taken
    assert chain.height == (21 if taken else 20)
    assert chain.work == (chain.height + 1) * work_of(REGTEST.limit_bits)


@pytest.mark.parametrize("kind", ["file", "records", "memory"])
def test_a_stored_chain_is_there_again_after_a_restart_and_follows_a_reorganisation(kind: str, tmp_path: Path) -> None:
    records, memory = Records(), MemoryHeaders()

    def store() -> HeaderStore:
        stores: dict[str, HeaderStore] = {
            "file": FileHeaders(tmp_path / "headers"),
            "records": RecordHeaders(records),
            "memory": memory,
        }
        return stores[kind]

    first = grown(store(), blocks=CHUNK + 30)
    assert store().load() == b"".join(first.header(height) for height in range(CHUNK + 31))
    second = HeaderChain(REGTEST, store())
    assert (second.height, second.work, second.dropped) == (CHUNK + 30, first.work, 0)
    branch = b"".join(mine_headers(second.header(CHUNK - 5), 40, root=b"\x01" * 32))
    assert second.offer(CHUNK - 4, branch)
    third_store = store()
    third = HeaderChain(REGTEST, third_store)
    assert (third.height, third.header(third.height)) == (CHUNK + 35, branch[-SIZE:])
    assert third_store.size() == (CHUNK + 36) * SIZE


@given(st.integers(0, 21 * SIZE))
def test_a_store_that_was_cut_off_anywhere_loses_the_end_only(kept: int) -> None:
    memory = MemoryHeaders()
    whole = grown(memory)
    memory.put(0, memory.load()[: kept - kept % SIZE])
    chain = HeaderChain(REGTEST, memory)
    assert chain.height == kept // SIZE - 1
    assert not chain.height >= 0 or chain.header(chain.height) == whole.header(chain.height)


def test_stored_headers_from_a_damaged_one_on_are_dropped_and_can_be_loaded_again(tmp_path: Path) -> None:
    path = tmp_path / "headers"
    whole = grown(FileHeaders(path))
    damaged = bytearray(path.read_bytes())
    damaged[12 * SIZE + 40] ^= 1
    path.write_bytes(damaged + b"torn")
    chain = HeaderChain(REGTEST, FileHeaders(path))
    assert (chain.height, chain.dropped) == (11, 9)
    assert chain.offer(12, b"".join(whole.header(height) for height in range(12, 21)))
    assert path.read_bytes() == b"".join(whole.header(height) for height in range(21))
    assert os.stat(path).st_mode & 0o077 == 0


def test_a_store_that_cannot_be_written_is_a_rig_fault_and_changes_nothing(tmp_path: Path) -> None:
    chain = HeaderChain(REGTEST, FileHeaders(tmp_path / "nowhere" / "headers"))
    with pytest.raises(RigFault, match="cannot be written"):
        chain.offer(0, REGTEST_GENESIS)
    assert chain.height == -1


def test_networks_without_rules_are_refused_by_name() -> None:
    assert network_named("mainnet") is MAINNET
    with pytest.raises(ConfigurationError, match="no header rules for network 'testnet'; known: mainnet, regtest"):
        network_named("testnet")

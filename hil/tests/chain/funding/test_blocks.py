from __future__ import annotations

from bitcoin.core import CBlock, b2lx
from bitcoin.core.script import CScript
from hypothesis import given
from hypothesis import strategies as st

from hil.chain.funding.blocks import empty_block, subsidy

PREVIOUS = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"


@given(st.integers(1, 2**31 - 1), st.integers(1_400_000_000, 2**32 - 1), st.binary(min_size=1, max_size=40))
def test_a_block_says_what_another_implementation_reads(height: int, time: int, script: bytes) -> None:
    block = empty_block(PREVIOUS, height, time, script)
    read = CBlock.deserialize(block.raw)
    coinbase = read.vtx[0]
    assert (b2lx(read.GetHash()), b2lx(read.hashPrevBlock), read.nTime) == (block.hash, PREVIOUS, time)
    assert read.hashMerkleRoot == read.calc_merkle_root()
    assert int.from_bytes(read.GetHash(), "little") <= 0x7FFFFF << (8 * 29)
    assert bytes(coinbase.vin[0].scriptSig).startswith(bytes(CScript([height])))
    assert 2 <= len(coinbase.vin[0].scriptSig) <= 100
    assert (coinbase.vout[0].nValue, bytes(coinbase.vout[0].scriptPubKey)) == (subsidy(height), script)
    assert block.coinbase.outpoint.txid == b2lx(coinbase.GetTxid())


def test_subsidy_halves_every_150_blocks_on_regtest() -> None:
    assert [subsidy(height) for height in (1, 149, 150, 300)] == [
        5_000_000_000,
        5_000_000_000,
        2_500_000_000,
        1_250_000_000,
    ]

"""Merkle proofs and signatures of strangers: what is proven, and the two tricks that prove nothing."""

from __future__ import annotations

import contextlib
import struct

import pytest
from bitcoin.core import CBlock, COutPoint, CTransaction, CTxIn, CTxOut
from bitcoin.core.script import SIGHASH_ALL, SIGHASH_ANYONECANPAY, SIGHASH_NONE, CScript
from hypothesis import given
from hypothesis import strategies as st

from hil.chain.views.headers import double_sha256
from hil.chain.views.proofs import INNER_NODE, ProofFailed, check_inclusion, is_signed, parse, stripped_size, txid_of
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import Key, sign_transaction
from hil.units import Satoshi


def transaction(number: int) -> CTransaction:
    return CTransaction([CTxIn(COutPoint(b"\x07" * 32, number))], [CTxOut(1000 + number, CScript(b"\x51" * 22))])


def branch_to(leaves: list[bytes], position: int) -> list[bytes]:
    branch = []
    while len(leaves) > 1:
        leaves = leaves + leaves[-1:] if len(leaves) % 2 else leaves
        branch.append(leaves[position ^ 1])
        leaves = [double_sha256(leaves[at] + leaves[at + 1]) for at in range(0, len(leaves), 2)]
        position >>= 1
    return branch


@given(st.integers(1, 40), st.data())
def test_every_transaction_of_a_block_is_proven_at_its_place_and_at_no_other(size: int, data: st.DataObject) -> None:
    block = [transaction(number) for number in range(size)]
    root = CBlock.build_merkle_tree_from_txs(block)[-1]
    position = data.draw(st.integers(0, size - 1))
    branch = branch_to([one.GetTxid() for one in block], position)
    check_inclusion(block[position], position, branch, root)
    wrong_place = data.draw(st.integers(0, 63).filter(lambda one: one != position))
    with pytest.raises(ProofFailed):
        check_inclusion(block[position], wrong_place, branch, root)
    with pytest.raises(ProofFailed):
        check_inclusion(transaction(size), position, branch, root)
    if branch:
        level = data.draw(st.integers(0, len(branch) - 1))
        branch[level] = bytes(32)
        with pytest.raises(ProofFailed):
            check_inclusion(block[position], position, branch, root)


def test_the_copy_of_a_last_transaction_has_no_place_of_its_own() -> None:
    block = [transaction(number) for number in range(3)]
    root = CBlock.build_merkle_tree_from_txs(block)[-1]
    branch = branch_to([one.GetTxid() for one in block], 2)
    check_inclusion(block[2], 2, branch, root)
    with pytest.raises(ProofFailed, match="copy of a last transaction"):
        check_inclusion(block[2], 3, branch, root)


def test_a_transaction_that_is_a_node_of_the_tree_proves_nothing() -> None:
    """CVE-2017-12842: a real transaction of 64 bytes whose second half is the hash of a forged payment."""
    forged = transaction(99)
    # as bytes of a transaction: version, one input, its outpoint (36), empty scriptSig, sequence, one output
    left = struct.pack("<IB", 1, 1) + b"\x11" * 27
    whole = left + b"\x11" * 5 + b"\x00" * 4 + b"\x00" + b"\xff" * 4 + b"\x01" + struct.pack("<Q", 0) + b"\x04"
    whole += b"\x51" * 4 + bytes(4)
    assert len(whole) == INNER_NODE
    real = parse(whole)
    assert stripped_size(real) == INNER_NODE
    assert real.serialize() == whole
    # the block holds `real` alone; its second half plays the id of a transaction that is nowhere
    root = real.GetTxid()
    assert root == double_sha256(whole[:32] + whole[32:])

    class Phantom(CTransaction):  # type: ignore[misc]
        """A transaction whose id was ground to be those 32 bytes, which costs an attacker 2^72 or less."""

        def GetTxid(self) -> bytes:  # noqa: N802
            return whole[32:]

    phantom = Phantom(forged.vin, forged.vout)
    with pytest.raises(ProofFailed, match="is itself a transaction"):
        check_inclusion(phantom, 1, [whole[:32]], root)
    with pytest.raises(ProofFailed, match="64 bytes"):
        check_inclusion(real, 0, [], root)


def test_proofs_of_impossible_shape_are_refused() -> None:
    one = transaction(1)
    with pytest.raises(ProofFailed, match="at most 17 levels"):
        check_inclusion(one, 0, [bytes(32)] * 18, bytes(32))
    with pytest.raises(ProofFailed, match="not 32 bytes"):
        check_inclusion(one, 0, [bytes(31)], bytes(32))


@pytest.mark.parametrize("hash_type", [SIGHASH_ALL, SIGHASH_NONE, SIGHASH_ALL | SIGHASH_ANYONECANPAY])
@pytest.mark.parametrize("kind", ["p2wpkh_script", "p2pkh_script"])
def test_a_spend_by_the_owner_is_told_from_a_forged_one(kind: str, hash_type: int) -> None:
    key = Key(b"\x21" * 32)
    coin = Coin(OutPoint("07" * 32, 3), Satoshi(5000), getattr(key, kind))
    signed = sign_transaction(transaction(3), [coin], {coin.script: key}, hash_type)
    assert is_signed(signed, 0, coin) is True
    assert is_signed(signed, 0, Coin(coin.outpoint, coin.value, getattr(Key(b"\x22" * 32), kind))) is False
    assert is_signed(transaction(3), 0, coin) is False
    assert is_signed(signed, 0, Coin(coin.outpoint, coin.value, b"\x51")) is None
    raw = bytearray(signed.serialize())
    raw[raw.index(key.public) - 20] ^= 1
    assert is_signed(parse(bytes(raw)), 0, coin) is False


@given(st.binary(max_size=200))
def test_bytes_that_are_no_transaction_are_a_value_error(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert len(txid_of(parse(data))) == 64
    with pytest.raises(ValueError, match="not a transaction"):
        parse(transaction(1).serialize() + data + b"x")

"""The digest that is signed is the one of python-bitcoinlib, for transactions of any shape."""

from __future__ import annotations

import struct

import pytest
from bitcoin.core import COutPoint, CTransaction, CTxIn, CTxOut
from bitcoin.core.script import SIGHASH_ALL, SIGVERSION_WITNESS_V0, CScript, SignatureHash
from hypothesis import given
from hypothesis import strategies as st

from hil.protocol.payment.bip143 import bip143_digest

NUMBERS = st.integers(0, 2**32 - 1)
INPUTS = st.lists(st.tuples(st.binary(min_size=32, max_size=32), NUMBERS, NUMBERS), min_size=1, max_size=4)
SCRIPTS = st.one_of(st.binary(max_size=40), st.sampled_from([252, 253, 65_536]).map(bytes))
OUTPUTS = st.lists(st.tuples(st.integers(0, 2**62), SCRIPTS), max_size=4)
CODE = CScript(b"\x76\xa9\x14" + bytes(20) + b"\x88\xac")


@given(INPUTS, OUTPUTS, st.integers(0, 2**31 - 1), st.integers(1, 2**62), st.data())
def test_it_is_the_digest_of_the_library(
    inputs: list[tuple[bytes, int, int]],
    outputs: list[tuple[int, bytes]],
    locktime: int,
    value: int,
    data: st.DataObject,
) -> None:
    index = data.draw(st.integers(0, len(inputs) - 1))
    transaction = CTransaction(
        [CTxIn(COutPoint(txid, number), nSequence=sequence) for txid, number, sequence in inputs],
        [CTxOut(paid, CScript(script)) for paid, script in outputs],
        locktime,
        2,
    )
    of_library = SignatureHash(CODE, transaction, index, SIGHASH_ALL, amount=value, sigversion=SIGVERSION_WITNESS_V0)

    assert bip143_digest(transaction, index, CODE, value) == of_library


def test_a_locktime_that_the_library_cannot_pack_is_refused_here_too() -> None:
    with pytest.raises(struct.error):
        bip143_digest(CTransaction([CTxIn()], [], 2**31, 2), 0, CODE, 1)

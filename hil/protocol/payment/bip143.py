"""What is signed for a P2WPKH input with SIGHASH_ALL (BIP 143).

python-bitcoinlib makes the same, but serialises each output through three classes: a transaction of three thousand
outputs took it 25 ms, and such ones fill a mempool by the dozen.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bitcoin.core.script import SIGHASH_ALL
from bitcoin.core.serialize import Hash, VarIntSerializer

if TYPE_CHECKING:
    from bitcoin.core import CTransaction


def _sized(script: bytes) -> bytes:
    """Return a script with its length before it."""
    size = len(script)
    return (bytes((size,)) if size < 0xFD else VarIntSerializer.serialize(size)) + script


def bip143_digest(transaction: CTransaction, index: int, code: bytes, value: int) -> bytes:
    """Return the 32 bytes that are signed for input ``index``, which spends ``value`` satoshi, with SIGHASH_ALL.

    :param code: the script code, without its length.

    Raises struct.error for a locktime from 2^31, as the library does.
    """
    inputs, pack = transaction.vin, struct.pack
    outpoints = [txin.prevout.hash + pack("<I", txin.prevout.n) for txin in inputs]
    sequences = [pack("<I", txin.nSequence) for txin in inputs]
    outputs = [pack("<q", out.nValue) + _sized(out.scriptPubKey) for out in transaction.vout]
    preimage = (
        pack("<i", transaction.nVersion),
        Hash(b"".join(outpoints)),
        Hash(b"".join(sequences)),
        outpoints[index],
        _sized(code),
        pack("<q", value),
        sequences[index],
        Hash(b"".join(outputs)),
        pack("<i", transaction.nLockTime),
        pack("<i", SIGHASH_ALL),
    )
    digest: bytes = Hash(b"".join(preimage))
    return digest

"""What a server says about a transaction, checked by hashing: its id, its place in a block, its signature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bitcoin.core import CTransaction, b2lx
from bitcoin.core.script import CScript, CScriptInvalidError
from bitcoin.core.serialize import SerializationError
from embit.hashes import hash160
from embit.util import secp256k1

from hil.chain.views.headers import double_sha256
from hil.protocol.payment.coins import Coin
from hil.protocol.payment.signing import ScriptType, script_type, signature_digest
from hil.protocol.policy import Misuse

INNER_NODE: Final = 64
"""Bytes that are hashed to a node of the Merkle tree above the leaves: two hashes."""
_DEEPEST: Final = 17
"""Levels above the leaves in a block of 4 000 000 weight units full of the smallest transactions (60 bytes)."""


class ProofFailed(Exception):
    """The proof does not prove what it should; the text says why."""


def parse(raw: bytes) -> CTransaction:
    """Return the transaction in ``raw``; raises ValueError if it is none."""
    try:
        return CTransaction.deserialize(raw)
    except (SerializationError, ValueError) as error:
        raise ValueError(f"not a transaction: {error}") from error


def txid_of(transaction: CTransaction) -> str:
    """Return the transaction's id as people and RPC write it."""
    return str(b2lx(transaction.GetTxid()))


def stripped_size(transaction: CTransaction) -> int:
    """Return the bytes of the transaction without witness: what its id is the hash of."""
    bare = CTransaction(transaction.vin, transaction.vout, transaction.nLockTime, transaction.nVersion)
    return len(bare.serialize())


def check_inclusion(transaction: CTransaction, position: int, branch: Sequence[bytes], root: bytes) -> None:
    """Return if ``branch`` leads from ``transaction`` at ``position`` to the Merkle ``root`` of a block.

    :param branch: the hashes beside the path, from the leaves up, in the order of the wire.

    Raises ProofFailed if not, and for proofs that hash right and yet prove nothing:

    - A transaction of 64 bytes looks like a node of the tree and a node like it, so the hashes below a real one
      of that length "prove" a transaction that is in no block (CVE-2017-12842). Neither the transaction nor any
      node on its path may be the other.
    - A block's last transaction is hashed with itself where a level is odd; a *right* node that equals its left
      neighbour is a copy (CVE-2012-2459) and has no position of its own.
    """
    if stripped_size(transaction) == INNER_NODE:
        raise ProofFailed("a transaction of 64 bytes cannot be told from a node of the Merkle tree")
    if not 0 <= position < 1 << len(branch):
        raise ProofFailed(f"position {position} is not in a block with {len(branch)} levels")
    if len(branch) > _DEEPEST:
        raise ProofFailed(f"a block has at most {_DEEPEST} levels, the proof {len(branch)}")
    node: bytes = transaction.GetTxid()
    for level, beside in enumerate(branch):
        if len(beside) != 32:
            raise ProofFailed("a hash in the proof has not 32 bytes")
        is_right = position >> level & 1
        if is_right and beside == node:
            raise ProofFailed("the proof leads through the copy of a last transaction")
        pair = beside + node if is_right else node + beside
        if _is_transaction(pair):
            raise ProofFailed("a node of the proof is itself a transaction")
        node = double_sha256(pair)
    if node != root:
        raise ProofFailed("the proof does not lead to the Merkle root of the block")


def is_signed(transaction: CTransaction, index: int, coin: Coin) -> bool | None:
    """Tell whether input ``index`` is signed by the owner of ``coin``, with any hash type, as consensus asks.

    None if the coin's script is neither P2WPKH nor P2PKH: then nothing is said.
    """
    kind = script_type(coin.script)
    if kind is None:
        return None
    try:
        signature, public = _signature_and_key(transaction, index, kind)
        key_hash = coin.script[2:] if kind is ScriptType.P2WPKH else coin.script[3:23]
        if hash160(public) != key_hash or not signature:
            return False
        digest = signature_digest(transaction, index, coin, signature[-1])
        # consensus takes both forms of S, libsecp256k1 only the low one
        low = secp256k1.ecdsa_signature_normalize(secp256k1.ecdsa_signature_parse_der(signature[:-1]))
        return bool(secp256k1.ecdsa_verify(low, digest, secp256k1.ec_pubkey_parse(public)))
    except (ValueError, Misuse, CScriptInvalidError):
        return False


def _signature_and_key(transaction: CTransaction, index: int, kind: ScriptType) -> tuple[bytes, bytes]:
    if kind is ScriptType.P2PKH:
        stack = [one if isinstance(one, bytes) else b"" for one in CScript(transaction.vin[index].scriptSig)]
    elif index < len(transaction.wit.vtxinwit):
        stack = [bytes(item) for item in transaction.wit.vtxinwit[index].scriptWitness]
    else:
        stack = []
    if len(stack) != 2:
        raise ValueError("not exactly one signature and one public key")
    return stack[0], stack[1]


def _is_transaction(pair: bytes) -> bool:
    try:
        transaction = parse(pair)
    except ValueError:
        return False
    return bool(transaction.vin)

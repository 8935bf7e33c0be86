"""Signing each input, and judging the signature of each input; the curve is libsecp256k1's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bitcoin.core import CMutableTransaction, CTransaction, CTxIn, CTxInWitness, CTxWitness, Hash160
from bitcoin.core.script import (
    SIGHASH_ALL,
    SIGVERSION_BASE,
    SIGVERSION_WITNESS_V0,
    CScript,
    CScriptWitness,
    SignatureHash,
)
from embit.util import secp256k1

from hil.second.codes import ErrorCode
from hil.second.coins import Coin, ScriptKind, key_hash_of, known_kind_of
from hil.second.money.transactions import Proposal, parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
"""The order of the curve's group."""
_LONGEST_PUSH = 75
"""Most bytes that one opcode of a scriptSig pushes directly."""
_COMPRESSED_KEY = 33


def sign(proposal: Proposal, keys: Mapping[bytes, bytes]) -> bytes:
    """Return the proposal's bytes, signed (RFC 6979).

    :param keys: the secret of each script that it spends, 32 bytes. Raises KeyError if one is not there.
    """
    transaction = parse(proposal.raw)
    inputs, witnesses = [], []
    for index, coin in enumerate(proposal.coins):
        secret = keys[coin.script]
        signed = secp256k1.ecdsa_sign(_digest(transaction, index, coin), secret)
        signature = secp256k1.ecdsa_signature_serialize_der(signed) + bytes([SIGHASH_ALL])
        pair = (signature, secp256k1.ec_pubkey_serialize(secp256k1.ec_pubkey_create(secret)))
        segwit = known_kind_of(coin.script) is ScriptKind.P2WPKH
        script_sig = b"" if segwit else b"".join(bytes([len(each)]) + each for each in pair)
        inputs.append(CTxIn(transaction.vin[index].prevout, CScript(script_sig), transaction.vin[index].nSequence))
        witnesses.append(CTxInWitness(CScriptWitness(pair if segwit else ())))
    signed = CMutableTransaction.from_tx(transaction)
    signed.vin = inputs
    signed.wit = CTxWitness(witnesses)
    raw: bytes = signed.serialize()
    return raw


def judge(transaction: CTransaction, coins: Sequence[Coin]) -> ErrorCode | None:
    """Return what is wrong with the first bad signature; None if every input is well signed.

    :param coins: what the inputs spend, in their order.
    """
    for index, coin in enumerate(coins):
        code = _judge_input(transaction, index, coin)
        if code is not None:
            return code
    return None


def _judge_input(transaction: CTransaction, index: int, coin: Coin) -> ErrorCode | None:
    pair = _signature_and_key(transaction, index, coin)
    if pair is None:
        return ErrorCode.SIGNATURE_SHAPE
    signature, key = pair
    if len(key) != _COMPRESSED_KEY or Hash160(key) != key_hash_of(coin.script):
        return ErrorCode.WRONG_KEY
    if signature[-1] != SIGHASH_ALL:
        return ErrorCode.HASH_TYPE
    s = _s_of_strict_der(signature[:-1])
    if s is None:
        return ErrorCode.SIGNATURE_ENCODING
    if s > _ORDER // 2:
        return ErrorCode.HIGH_S
    try:
        parsed = secp256k1.ecdsa_signature_parse_der(signature[:-1])
        good = secp256k1.ecdsa_verify(parsed, _digest(transaction, index, coin), secp256k1.ec_pubkey_parse(key))
    except ValueError:
        good = False
    return None if good else ErrorCode.BAD_SIGNATURE


def _signature_and_key(transaction: CTransaction, index: int, coin: Coin) -> tuple[bytes, bytes] | None:
    script_sig = bytes(transaction.vin[index].scriptSig)
    witness = tuple(transaction.wit.vtxinwit[index].scriptWitness.stack) if transaction.has_witness() else ()
    if known_kind_of(coin.script) is ScriptKind.P2WPKH:
        parts = witness if not script_sig else ()
    else:
        parts = _direct_pushes(script_sig) if not witness else ()
    if len(parts) != 2 or not all(parts):
        return None
    return bytes(parts[0]), bytes(parts[1])


def _direct_pushes(script_sig: bytes) -> tuple[bytes, ...]:
    """Return what a script pushes; nothing if it holds anything but whole direct pushes."""
    pushes = []
    rest = script_sig
    while rest:
        length = rest[0]
        if not 1 <= length <= min(_LONGEST_PUSH, len(rest) - 1):
            return ()
        pushes.append(rest[1 : 1 + length])
        rest = rest[1 + length :]
    return tuple(pushes)


def _s_of_strict_der(der: bytes) -> int | None:
    """Return S of a signature in strict DER (BIP 66); None if it is encoded otherwise."""
    if len(der) < 2 or der[0] != 0x30 or der[1] != len(der) - 2:
        return None
    r_and_rest = _strict_integer(der[2:])
    if r_and_rest is None:
        return None
    s_and_rest = _strict_integer(r_and_rest[1])
    return s_and_rest[0] if s_and_rest is not None and not s_and_rest[1] else None


def _strict_integer(der: bytes) -> tuple[int, bytes] | None:
    """Return the number, not negative and without needless zeros, at the front of ``der``, and what is behind it."""
    if len(der) < 3 or der[0] != 0x02 or not 1 <= der[1] <= len(der) - 2 or der[1] > 33:
        return None
    body, rest = der[2 : 2 + der[1]], der[2 + der[1] :]
    if body[0] & 0x80 or (len(body) > 1 and body[0] == 0 and not body[1] & 0x80):
        return None
    return int.from_bytes(body, "big"), rest


def _digest(transaction: CTransaction, index: int, coin: Coin) -> bytes:
    segwit = known_kind_of(coin.script) is ScriptKind.P2WPKH
    script = CScript(b"\x76\xa9\x14" + key_hash_of(coin.script) + b"\x88\xac")
    version = SIGVERSION_WITNESS_V0 if segwit else SIGVERSION_BASE
    digest: bytes = SignatureHash(script, transaction, index, SIGHASH_ALL, amount=coin.value_sat, sigversion=version)
    return digest

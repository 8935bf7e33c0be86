"""Signatures as SPEC demands them ("Transactions", "Signatures"): libsecp256k1 verifies, python-bitcoinlib digests."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from bitcoin.core import CTransaction, Hash160
from bitcoin.core.script import SIGHASH_ALL, SIGVERSION_BASE, SIGVERSION_WITNESS_V0, CScript, SignatureHash
from embit.util import secp256k1

from hil.judge.messages import Coin
from hil.judge.transactions import type_of

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Order of secp256k1 (SEC 2)."""

KEY_BYTES = 33


def flaw_of(transaction: CTransaction, coins: Sequence[Coin]) -> str:
    """Return what is wrong with the signatures over ``coins``, in the order of the inputs; ``""`` if nothing is."""
    spent = [(bytes(each.prevout.hash)[::-1].hex(), int(each.prevout.n)) for each in transaction.vin]
    if spent != [(coin.txid, coin.index) for coin in coins]:
        return "the coins are not those of its inputs"
    for number, coin in enumerate(coins):
        if flaw := _flaw_of_input(transaction, number, coin):
            return f"input {number}: {flaw}"
    return ""


def _flaw_of_input(transaction: CTransaction, number: int, coin: Coin) -> str:
    kind = type_of(coin.script)
    if not kind:
        return "its coin is neither P2WPKH nor P2PKH"
    pair = _witness(transaction, number) if kind == "P2WPKH" else _pushes(transaction, number)
    if pair is None:
        return "not exactly one signature and one public key"
    signature, key = pair
    hashed = Hash160(key)
    code = b"\x76\xa9\x14" + hashed + b"\x88\xac"
    if len(key) != KEY_BYTES or coin.script != (b"\x00\x14" + hashed if kind == "P2WPKH" else code):
        return "the key is not the one that the coin demands"
    if signature[-1] != SIGHASH_ALL:
        return f"hash type {signature[-1]:02x} and not 01"
    numbers = _strict_der(signature[:-1])
    if numbers is None:
        return "the signature is not strict DER"
    if numbers[1] > ORDER // 2:
        return "the signature has a high S"
    digest = _digest(transaction, number, kind, code, coin.value_sat)
    try:
        parsed = secp256k1.ecdsa_signature_parse_der(signature[:-1])
        verified = secp256k1.ecdsa_verify(parsed, digest, secp256k1.ec_pubkey_parse(key))
    except ValueError:
        verified = False
    return "" if verified else "the signature does not verify"


def _digest(transaction: CTransaction, number: int, kind: str, code: bytes, value_sat: int) -> bytes:
    version = SIGVERSION_WITNESS_V0 if kind == "P2WPKH" else SIGVERSION_BASE
    try:
        digest: bytes = SignatureHash(CScript(code), transaction, number, SIGHASH_ALL, value_sat, version)
    except Exception:  # the library cannot digest every version and locktime; such a one is not agreed
        return hashlib.sha256(b"no digest").digest()
    return digest


def _witness(transaction: CTransaction, number: int) -> tuple[bytes, bytes] | None:
    witnesses = transaction.wit.vtxinwit
    stack = [bytes(item) for item in witnesses[number].scriptWitness] if number < len(witnesses) else []
    if bytes(transaction.vin[number].scriptSig) or len(stack) != 2 or not stack[0]:
        return None
    return stack[0], stack[1]


def _pushes(transaction: CTransaction, number: int) -> tuple[bytes, bytes] | None:
    """Return signature and key of a scriptSig of exactly two direct pushes."""
    witnesses = transaction.wit.vtxinwit
    if number < len(witnesses) and len(list(witnesses[number].scriptWitness)):
        return None
    script, found = bytes(transaction.vin[number].scriptSig), []
    while script:
        size = script[0]
        if not 1 <= size <= 75 or len(script) <= size:
            return None
        found.append(script[1 : 1 + size])
        script = script[1 + size :]
    return (found[0], found[1]) if len(found) == 2 else None


def _strict_der(signature: bytes) -> tuple[int, int] | None:
    """Return (R, S) of a signature in the one strict DER form (BIP 66); None for another form."""
    if len(signature) < 8 or signature[0] != 0x30 or signature[1] != len(signature) - 2:
        return None
    rest, numbers = signature[2:], []
    while rest:
        if len(rest) < 3 or rest[0] != 0x02 or not 1 <= rest[1] <= len(rest) - 2:
            return None
        body, rest = rest[2 : 2 + rest[1]], rest[2 + rest[1] :]
        if body[0] & 0x80 or (len(body) > 1 and body[0] == 0 and not body[1] & 0x80):
            return None
        numbers.append(int.from_bytes(body, "big"))
    return (numbers[0], numbers[1]) if len(numbers) == 2 else None

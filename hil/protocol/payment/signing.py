"""Keys, signing and the judgement of signatures for the two input types: P2WPKH and P2PKH with compressed keys.

libsecp256k1 (by embit) signs, deterministically (RFC 6979, low-S), and judges. python-bitcoinlib's
``VerifyScript`` is never asked: it ignores witnesses, so it accepts forged and empty P2WPKH witnesses, and it
accepts high-S and padded signatures (pinned in ``hil/tests/protocol/payment/test_signing.py``).
"""

from __future__ import annotations

import enum
import struct
from typing import TYPE_CHECKING

from bitcoin.core import CTransaction, CTxIn, CTxInWitness, CTxWitness, b2lx
from bitcoin.core.script import (
    SIGHASH_ALL,
    SIGVERSION_BASE,
    SIGVERSION_WITNESS_V0,
    CScript,
    CScriptWitness,
    SignatureHash,
)
from embit.hashes import hash160
from embit.util import secp256k1

from hil.errors import PeerViolation
from hil.protocol.payment.bip143 import bip143_digest
from hil.protocol.policy import Misuse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hil.protocol.payment.coins import Coin

PUBLIC_KEY_SIZE = 33
"""A compressed public key (SEC 1). Uncompressed keys are refused: P2WPKH forbids them (BIP 143)."""


class ScriptType(enum.Enum):
    """The output types that the protocol knows."""

    P2WPKH = "p2wpkh"
    P2PKH = "p2pkh"


def p2wpkh_script(key_hash: bytes) -> bytes:
    """Return the scriptPubKey ``0 <20-byte key hash>`` (BIP 141)."""
    return b"\x00\x14" + key_hash


def p2pkh_script(key_hash: bytes) -> bytes:
    """Return the scriptPubKey ``DUP HASH160 <20-byte key hash> EQUALVERIFY CHECKSIG``."""
    return b"\x76\xa9\x14" + key_hash + b"\x88\xac"


def script_type(script: bytes) -> ScriptType | None:
    """Return the type of a scriptPubKey, None for any that the protocol does not use."""
    if len(script) == 22 and script == p2wpkh_script(script[2:]):
        return ScriptType.P2WPKH
    if len(script) == 25 and script == p2pkh_script(script[3:23]):
        return ScriptType.P2PKH
    return None


class Key:
    """A private key with the scripts that it can spend. ``repr`` shows the public part only.

    :param secret: 32 bytes, a number from 1 to the order of secp256k1 less one; Misuse otherwise.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) != 32:
            raise Misuse(f"a private key has 32 bytes, not {len(secret)}")
        try:
            point = secp256k1.ec_pubkey_create(secret)
        except ValueError:
            raise Misuse("a private key must be from 1 to the order of secp256k1 less one") from None
        self._secret = secret
        self.public: bytes = secp256k1.ec_pubkey_serialize(point)
        """Compressed public key, 33 bytes."""
        key_hash = hash160(self.public)
        self.p2wpkh_script: bytes = p2wpkh_script(key_hash)
        self.p2pkh_script: bytes = p2pkh_script(key_hash)

    @property
    def secret(self) -> bytes:
        """The private key, 32 bytes."""
        return self._secret

    def __repr__(self) -> str:
        return f"Key(public={self.public.hex()})"

    def sign(self, digest: bytes) -> bytes:
        """Return the strict-DER, low-S, RFC 6979 signature of a 32-byte digest."""
        return bytes(secp256k1.ecdsa_signature_serialize_der(secp256k1.ecdsa_sign(digest, self._secret)))


class SignatureFlaw(enum.StrEnum):
    """What is wrong with a signed input."""

    COINS = "coins do not match the inputs"
    SCRIPT_TYPE = "coin is neither P2WPKH nor P2PKH"
    STACK = "not exactly one signature and one public key"
    PUBLIC_KEY = "public key is not the one that the coin demands"
    HASH_TYPE = "signature does not commit to all inputs and outputs (hash type is not 0x01)"
    DER = "signature is not strict DER"
    HIGH_S = "signature has a high S"
    INVALID = "signature does not verify"


class SignatureRefused(PeerViolation):
    """An input is not properly signed; ``reason`` says how, ``index`` which (None: the transaction as a whole)."""

    def __init__(self, reason: SignatureFlaw, index: int | None = None, detail: str = "") -> None:
        where = "" if index is None else f"input {index}: "
        super().__init__(f"{where}{reason.value}{f' ({detail})' if detail else ''}")
        self.reason = reason
        self.index = index


def signature_digest(transaction: CTransaction, index: int, coin: Coin, hash_type: int = SIGHASH_ALL) -> bytes:
    """Return the 32 bytes that the owner of ``coin`` signs for input ``index``: BIP 143 or the legacy algorithm.

    Raises Misuse for a coin of another type, for legacy SIGHASH_SINGLE without an output at ``index``, and for a
    locktime from 2^31 over P2WPKH.
    """
    kind = script_type(coin.script)
    if kind is None:
        raise Misuse(f"cannot sign for script {coin.script.hex()}: {SignatureFlaw.SCRIPT_TYPE.value}")
    witness = kind is ScriptType.P2WPKH
    code = CScript(p2pkh_script(coin.script[2:]) if witness else coin.script)
    version = SIGVERSION_WITNESS_V0 if witness else SIGVERSION_BASE
    try:
        if witness and hash_type == SIGHASH_ALL:
            return bip143_digest(transaction, index, code, coin.value)
        digest: bytes = SignatureHash(code, transaction, index, hash_type, amount=coin.value, sigversion=version)
    except (ValueError, struct.error) as error:  # struct.error: the library packs BIP 143 locktimes as signed
        raise Misuse(f"input {index} cannot be signed with hash type {hash_type:#04x}: {error}") from error
    return digest


def sign_transaction(
    unsigned: CTransaction, coins: Sequence[Coin], keys: Mapping[bytes, Key], hash_type: int = SIGHASH_ALL
) -> CTransaction:
    """Return ``unsigned`` with every input signed.

    :param coins: the outputs that are spent, in the order of the inputs.
    :param keys: for each scriptPubKey among the coins the key that spends it.
    :param hash_type: an honest party uses SIGHASH_ALL only; the others are there for abuses.

    Raises Misuse if the coins are not those of the inputs, or a key is missing.
    """
    if [_spent(txin) for txin in unsigned.vin] != [str(coin.outpoint) for coin in coins]:
        raise Misuse(SignatureFlaw.COINS.value)
    script_sigs, stacks = [], []
    for index, coin in enumerate(coins):
        key = keys.get(coin.script)
        if key is None:
            raise Misuse(f"no key for the script {coin.script.hex()} of input {index}")
        signature = key.sign(signature_digest(unsigned, index, coin, hash_type)) + bytes([hash_type])
        witness = script_type(coin.script) is ScriptType.P2WPKH
        script_sigs.append(b"" if witness else _push(signature) + _push(key.public))
        stacks.append([signature, key.public] if witness else [])
    inputs = [
        CTxIn(txin.prevout, CScript(script_sig), txin.nSequence)
        for txin, script_sig in zip(unsigned.vin, script_sigs, strict=True)
    ]
    witnesses = CTxWitness([CTxInWitness(CScriptWitness(stack)) for stack in stacks])
    return CTransaction(inputs, unsigned.vout, unsigned.nLockTime, unsigned.nVersion, witnesses)


def verify_signatures(transaction: CTransaction, coins: Sequence[Coin]) -> None:
    """Judge every input of ``transaction``, which spends ``coins`` in this order; return if all are well signed.

    Each input must hold exactly one signature and one compressed public key; the key must hash to the coin's
    script; the signature must be strict DER, low-S, of hash type exactly 0x01, and verify in libsecp256k1.
    Raises SignatureRefused for the first input that is not so.
    """
    if [_spent(txin) for txin in transaction.vin] != [str(coin.outpoint) for coin in coins]:
        raise SignatureRefused(SignatureFlaw.COINS)
    for index, coin in enumerate(coins):
        _verify_input(transaction, index, coin)


def _verify_input(transaction: CTransaction, index: int, coin: Coin) -> None:
    kind = script_type(coin.script)
    if kind is None:
        raise SignatureRefused(SignatureFlaw.SCRIPT_TYPE, index, coin.script.hex())
    signature, public = _signature_and_key(transaction, index, kind)
    make = p2wpkh_script if kind is ScriptType.P2WPKH else p2pkh_script
    if len(public) != PUBLIC_KEY_SIZE or make(hash160(public)) != coin.script:
        raise SignatureRefused(SignatureFlaw.PUBLIC_KEY, index, public.hex())
    if signature[-1:] != bytes([SIGHASH_ALL]):
        raise SignatureRefused(SignatureFlaw.HASH_TYPE, index, f"0x{signature[-1:].hex()}")
    der = signature[:-1]
    try:
        parsed = secp256k1.ecdsa_signature_parse_der(der)
    except ValueError:
        raise SignatureRefused(SignatureFlaw.DER, index) from None
    # One number has one strict encoding, so a signature that serialises to other bytes was not strict.
    if secp256k1.ecdsa_signature_serialize_der(parsed) != der:
        raise SignatureRefused(SignatureFlaw.DER, index)
    if secp256k1.ecdsa_signature_normalize(parsed) != parsed:
        raise SignatureRefused(SignatureFlaw.HIGH_S, index)
    try:
        digest = signature_digest(transaction, index, coin)
        valid = secp256k1.ecdsa_verify(parsed, digest, secp256k1.ec_pubkey_parse(public))
    except Misuse as error:
        raise SignatureRefused(SignatureFlaw.INVALID, index, error.what) from None
    except ValueError:
        raise SignatureRefused(SignatureFlaw.PUBLIC_KEY, index, public.hex()) from None
    if not valid:
        raise SignatureRefused(SignatureFlaw.INVALID, index)


def _signature_and_key(transaction: CTransaction, index: int, kind: ScriptType) -> tuple[bytes, bytes]:
    script_sig = bytes(transaction.vin[index].scriptSig)
    stack: list[bytes] = []
    if index < len(transaction.wit.vtxinwit):
        stack = [bytes(item) for item in transaction.wit.vtxinwit[index].scriptWitness]
    if kind is ScriptType.P2WPKH:
        if script_sig or len(stack) != 2:
            raise SignatureRefused(SignatureFlaw.STACK, index, f"{len(stack)} witness items")
        signature, public = stack
    else:
        signature, public = script_sig[1:][: script_sig[0] if script_sig else 0], script_sig[-PUBLIC_KEY_SIZE:]
        # Rebuilding the script refuses every other way to push the same bytes.
        if stack or len(public) != PUBLIC_KEY_SIZE or script_sig != _push(signature) + _push(public):
            raise SignatureRefused(SignatureFlaw.STACK, index, f"scriptSig of {len(script_sig)} bytes")
    if not signature:
        raise SignatureRefused(SignatureFlaw.STACK, index, "empty signature")
    return signature, public


def _push(item: bytes) -> bytes:
    # Direct push, 1 to 75 bytes: a signature has at most 73, a compressed key 33.
    return bytes([len(item)]) + item


def _spent(txin: CTxIn) -> str:
    return f"{b2lx(txin.prevout.hash)}:{txin.prevout.n}"

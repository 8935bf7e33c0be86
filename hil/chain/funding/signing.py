"""Signs what the bench itself spends, for mining, funding and attacks, by libraries alone.

It shares no code with the devices' signing: a mistake there must show in what the devices sign, and must not keep the
bench from being funded. python-bitcoinlib makes the digest, libsecp256k1 (by embit) signs it (RFC 6979, low S).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bitcoin.core import CTransaction, CTxIn, CTxInWitness, CTxWitness, Hash160
from bitcoin.core.script import (
    SIGHASH_ALL,
    SIGVERSION_BASE,
    SIGVERSION_WITNESS_V0,
    CScript,
    CScriptWitness,
    SignatureHash,
)
from embit.util import secp256k1

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hil.protocol.payment.coins import Coin
    from hil.protocol.payment.signing import Key


def sign_all(unsigned: CTransaction, coins: Sequence[Coin], keys: Mapping[bytes, Key]) -> CTransaction:
    """Return ``unsigned`` with every input signed.

    :param coins: the P2WPKH and P2PKH outputs that are spent, in the order of the inputs.
    :param keys: by the script of a coin the key that spends it; only its secret is used.
    :raises KeyError: there is no key for a coin.
    """
    inputs, witnesses = [], []
    for number, (spent, coin) in enumerate(zip(unsigned.vin, coins, strict=True)):
        secret = keys[coin.script].secret
        public = secp256k1.ec_pubkey_serialize(secp256k1.ec_pubkey_create(secret))
        witness = coin.script[:1] == b"\x00"
        code = CScript(b"\x76\xa9\x14" + Hash160(public) + b"\x88\xac")
        version = SIGVERSION_WITNESS_V0 if witness else SIGVERSION_BASE
        digest = SignatureHash(code, unsigned, number, SIGHASH_ALL, int(coin.value), version)
        signature = secp256k1.ecdsa_signature_serialize_der(secp256k1.ecdsa_sign(digest, secret))
        pair = [signature + bytes([SIGHASH_ALL]), public]
        inputs.append(CTxIn(spent.prevout, CScript() if witness else CScript(pair), spent.nSequence))
        witnesses.append(CTxInWitness(CScriptWitness(pair if witness else [])))
    return CTransaction(inputs, unsigned.vout, unsigned.nLockTime, unsigned.nVersion, CTxWitness(witnesses))

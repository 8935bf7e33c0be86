"""Tricks of a cable with its signatures: the transaction is the proposal, but what vouches for it is not right."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from bitcoin.core import CTransaction, CTxIn, CTxInWitness, CTxWitness
from bitcoin.core.script import CScript, CScriptWitness
from embit.util import secp256k1

from hil.errors import AuthorError
from hil.links.abuses.messages import earlier, precede
from hil.links.abuses.model import Cheat, Trick
from hil.protocol.payment.coins import Coin
from hil.protocol.payment.signing import Key, ScriptType, script_type, sign_transaction
from hil.protocol.payment.transactions import parse_transaction, without_signatures
from hil.protocol.wire.messages import Message, Payment
from hil.units import Satoshi

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Order of secp256k1 (SEC 2): S and ORDER - S are both valid, only the lower is canonical (BIP 146)."""

WRONG_KEY = Key(b"\x5a" * 32)
"""A key that no coin of the bench is guarded by."""

Stack: TypeAlias = list[bytes]
"""What vouches for an input: signature with its hash type, then the public key."""


def _high_s(stack: Stack) -> Stack:
    signature, public = stack
    compact = _compact(signature[:-1])
    s = ORDER - int.from_bytes(compact[32:], "big")
    return [_der(compact[:32] + s.to_bytes(32, "big")) + signature[-1:], public]


def _padded(stack: Stack) -> Stack:
    """Put a zero byte before R: a number with two spellings, which strict DER forbids (BIP 66)."""
    signature, public = stack
    size = signature[3]
    body = signature[2:-1]
    padded = b"\x02" + bytes([size + 1]) + b"\x00" + body[2:]
    return [b"\x30" + bytes([len(padded)]) + padded + signature[-1:], public]


def _flipped(stack: Stack) -> Stack:
    """Flip the lowest bit of S."""
    signature, public = stack
    return [signature[:-2] + bytes([signature[-2] ^ 1]) + signature[-1:], public]


def _other_key(stack: Stack) -> Stack:
    return [stack[0], WRONG_KEY.public]


def _nothing(stack: Stack) -> Stack:
    return []


def _one_more(stack: Stack) -> Stack:
    return [b"\x5a", *stack]


STACKS: Mapping[str, Callable[[Stack], Stack]] = MappingProxyType(
    {
        "high-s": _high_s,
        "pad-signature": _padded,
        "flip-signature-bit": _flipped,
        "use-other-key": _other_key,
        "strip-witness": _nothing,
        "add-witness-item": _one_more,
    }
)


def stack_trick(change: Callable[[Stack], Stack]) -> Trick:
    """Change what vouches for input ``amount``, from 0."""

    def act(cheat: Cheat, message: Message) -> Sequence[Message] | None:
        if not isinstance(message, Payment):
            return None
        signed, at = parse_transaction(message.transaction), cheat.amount
        legacy = not signed.wit.vtxinwit or not signed.wit.vtxinwit[at].scriptWitness.stack
        script_sig = bytes(signed.vin[at].scriptSig)
        honest = [bytes(item) for item in signed.wit.vtxinwit[at].scriptWitness.stack] if not legacy else []
        stack = change(honest or _pushes(script_sig))
        inputs, witnesses = list(signed.vin), list(signed.wit.vtxinwit)
        if legacy:
            pushed = b"".join(bytes([len(item)]) + item for item in stack)
            inputs[at] = CTxIn(inputs[at].prevout, CScript(pushed), inputs[at].nSequence)
        else:
            witnesses[at] = CTxInWitness(CScriptWitness(stack))
        empty = not any(each.scriptWitness.stack for each in witnesses)
        witness = CTxWitness() if empty else CTxWitness(witnesses)
        altered = CTransaction(inputs, signed.vout, signed.nLockTime, signed.nVersion, witness)
        return (dataclasses.replace(message, transaction=altered.serialize()),)

    return Trick(Payment, act)


def _sign_with_hash_type(cheat: Cheat, message: Message) -> Sequence[Message] | None:
    """Sign with another hash type than SIGHASH_ALL; ``amount`` is the type."""
    return _signed(cheat, message, lambda coins: coins, cheat.amount)


def _sign_for_other_amount(cheat: Cheat, message: Message) -> Sequence[Message] | None:
    """Sign as if each coin were worth ``amount`` satoshi more, which BIP 143 commits to."""

    def dearer(coins: list[Coin]) -> list[Coin]:
        if any(script_type(coin.script) is not ScriptType.P2WPKH for coin in coins):
            raise AuthorError("a legacy signature commits to no amount", remedy="Use coins of type P2WPKH.")
        return [dataclasses.replace(coin, value=Satoshi(coin.value + cheat.amount)) for coin in coins]

    return _signed(cheat, message, dearer, 0x01)


class _Anew(Key):
    """A key that signs with another nonce than RFC 6979 gives: as valid, and other bytes."""

    def __init__(self, key: Key, number: int) -> None:
        super().__init__(key.secret)
        self._number = number.to_bytes(32, "big")

    def sign(self, digest: bytes) -> bytes:
        signature = secp256k1.ecdsa_sign(digest, self.secret, None, self._number)
        return bytes(secp256k1.ecdsa_signature_serialize_der(signature))


def _earlier_signed_anew(message: Payment, cheat: Cheat) -> Payment:
    """Return the payment before, signed anew."""
    before = earlier(cheat, Payment)
    honest = without_signatures(parse_transaction(before.transaction))
    keys = {script: _Anew(key, 1) for script, key in cheat.tools.keys.items()}
    signed = sign_transaction(honest, cheat.coins_of(honest), keys)
    return dataclasses.replace(before, transaction=signed.serialize())


def _signed(
    cheat: Cheat, message: Message, view: Callable[[list[Coin]], list[Coin]], hash_type: int
) -> Sequence[Message] | None:
    if not isinstance(message, Payment):
        return None
    honest = without_signatures(parse_transaction(message.transaction))
    signed = sign_transaction(honest, view(cheat.coins_of(honest)), cheat.tools.keys, hash_type)
    return (dataclasses.replace(message, transaction=signed.serialize()),)


def bytes_trick(change: Callable[[bytes], bytes]) -> Trick:
    """Send other bytes than one whole transaction."""

    def act(cheat: Cheat, message: Message) -> Sequence[Message] | None:
        if not isinstance(message, Payment):
            return None
        return (dataclasses.replace(message, transaction=change(message.transaction)),)

    return Trick(Payment, act)


SIGNATURE_TRICKS: Mapping[str, Trick] = MappingProxyType(
    {
        **{name: stack_trick(change) for name, change in STACKS.items()},
        "sign-with-hash-type": Trick(Payment, _sign_with_hash_type),
        "sign-for-other-amount": Trick(Payment, _sign_for_other_amount),
        "repeat-earlier-payment": precede(Payment, _earlier_signed_anew),
        "truncate-transaction": bytes_trick(lambda raw: raw[:-1]),
        "extend-transaction": bytes_trick(lambda raw: raw + b"\x5a"),
    }
)


def _pushes(script_sig: bytes) -> Stack:
    size = script_sig[0]
    return [script_sig[1 : 1 + size], script_sig[2 + size :]]


def _compact(der: bytes) -> bytes:
    """Return R and S, 32 bytes each, of a strict DER signature."""
    r_size = der[3]
    r, s = der[4 : 4 + r_size], der[6 + r_size :]
    return int.from_bytes(r, "big").to_bytes(32, "big") + int.from_bytes(s, "big").to_bytes(32, "big")


def _der(compact: bytes) -> bytes:
    """Return the strict DER form of R and S."""
    parts = b""
    for number in (compact[:32], compact[32:]):
        value = number.lstrip(b"\x00")
        value = b"\x00" + value if value[0] & 0x80 else value
        parts += b"\x02" + bytes([len(value)]) + value
    der = b"\x30" + bytes([len(parts)]) + parts
    if secp256k1.ecdsa_signature_serialize_der(secp256k1.ecdsa_signature_parse_der(der)) != der:
        raise AssertionError("a signature was not put together in strict DER")
    return der

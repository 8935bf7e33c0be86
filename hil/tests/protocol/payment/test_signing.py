from __future__ import annotations

import pytest
from bitcoin.core import CTransaction
from bitcoin.core.script import SIGHASH_ALL, SIGHASH_ANYONECANPAY, SIGHASH_NONE, SIGHASH_SINGLE, CScript
from bitcoin.core.scripteval import SCRIPT_VERIFY_P2SH, VerifyScript
from embit.script import Script
from embit.transaction import Transaction
from embit.util import secp256k1
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import (
    Key,
    SignatureFlaw,
    SignatureRefused,
    script_type,
    sign_transaction,
    signature_digest,
    verify_signatures,
)
from hil.protocol.policy import Misuse
from hil.tests.protocol import samples
from hil.tests.protocol.samples import CABLE, COINS, KEYS, ORDER, STRANGER, proposal, signed
from hil.units import Satoshi

# BIP 143, "Native P2WPKH": input 1 of this transaction.
BIP143_UNSIGNED = (
    "0100000002fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f0000000000eeffffffef51e1b804cc89d182d2"
    "79655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f66f85c9"
    "5a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac11000000"
)
BIP143_KEY = "619c335025c7f4012e556c2a58b2506e30b8511b53ade95ea316fd8c3286feb9"
BIP143_PUBLIC = "025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee6357"
BIP143_DIGEST = "c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670"
BIP143_SIGNATURE = (
    "304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a"
    "0220573a954c4518331561406f90300e8f3358f51928d43c212a8caed02de67eebee"
)


def flaw_of(transaction: CTransaction, coins: tuple[Coin, ...] = COINS) -> SignatureFlaw:
    with pytest.raises(SignatureRefused) as caught:
        verify_signatures(transaction, coins)
    return caught.value.reason


def test_the_native_p2wpkh_example_of_bip_143_is_signed_to_the_byte() -> None:
    transaction = CTransaction.deserialize(bytes.fromhex(BIP143_UNSIGNED))
    key = Key(bytes.fromhex(BIP143_KEY))
    outpoint = OutPoint(transaction.vin[1].prevout.hash[::-1].hex(), 1)
    digest = signature_digest(transaction, 1, Coin(outpoint, Satoshi(600_000_000), key.p2wpkh_script))
    assert key.public.hex() == BIP143_PUBLIC
    assert digest.hex() == BIP143_DIGEST
    assert key.sign(digest).hex() == BIP143_SIGNATURE


@pytest.mark.parametrize("hash_type", [SIGHASH_ALL, SIGHASH_NONE, SIGHASH_SINGLE, SIGHASH_ALL | SIGHASH_ANYONECANPAY])
@pytest.mark.parametrize("quanta", [1, 5])
def test_digests_agree_with_an_independent_library(quanta: int, hash_type: int) -> None:
    transaction = proposal(quanta)
    other = Transaction.parse(transaction.serialize())
    segwit = other.sighash_segwit(0, Script(CABLE.p2pkh_script), COINS[0].value, sighash=hash_type)
    assert signature_digest(transaction, 0, COINS[0], hash_type) == segwit
    # embit errs in legacy SIGHASH_SINGLE behind the first input, so the P2PKH coin stands first here
    transaction = proposal(quanta, COINS[::-1])
    other = Transaction.parse(transaction.serialize())
    legacy = other.sighash_legacy(0, Script(CABLE.p2pkh_script), sighash=hash_type)
    assert signature_digest(transaction, 0, COINS[1], hash_type) == legacy


def test_signing_is_deterministic_and_passes_the_judge() -> None:
    once, twice = signed(proposal()), signed(proposal())
    verify_signatures(once, COINS)
    assert once.serialize() == twice.serialize()
    assert once.GetTxid() != once.GetHash()


@settings(max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 6)), min_size=1, max_size=4, unique_by=lambda item: item[1]))
def test_any_mixture_of_inputs_passes_and_fails_with_a_stranger_key(mixture: list[tuple[bool, int]]) -> None:
    coins = tuple(
        samples.coin(number, 50_000, CABLE.p2wpkh_script if witness else CABLE.p2pkh_script)
        for witness, number in mixture
    )
    transaction = proposal(1, coins)
    verify_signatures(signed(transaction, coins), coins)
    others = dict.fromkeys(KEYS, STRANGER)
    assert flaw_of(sign_transaction(transaction, coins, others), coins) is SignatureFlaw.PUBLIC_KEY


@pytest.mark.parametrize("base", [SIGHASH_ALL, SIGHASH_NONE, SIGHASH_SINGLE])
@pytest.mark.parametrize("flag", [0, SIGHASH_ANYONECANPAY])
def test_only_sighash_all_is_taken(base: int, flag: int) -> None:
    if base | flag == SIGHASH_ALL:
        verify_signatures(signed(proposal()), COINS)
        return
    assert flaw_of(signed(proposal(), hash_type=base | flag)) is SignatureFlaw.HASH_TYPE


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        (samples.high_s, SignatureFlaw.HIGH_S),
        (samples.padded, SignatureFlaw.DER),
        (samples.long_form, SignatureFlaw.DER),
        (samples.forged, SignatureFlaw.INVALID),
        (lambda signature: signature[:-1] + b"\x00\x01", SignatureFlaw.DER),
        (lambda signature: signature[:-1] + b"\x41", SignatureFlaw.HASH_TYPE),
        (lambda signature: signature[:-1], SignatureFlaw.HASH_TYPE),
        (lambda signature: b"\x01", SignatureFlaw.DER),
        (lambda signature: b"", SignatureFlaw.STACK),
    ],
    ids=[
        "high S",
        "padded",
        "long form",
        "forged",
        "byte behind",
        "unknown hash type",
        "no hash type",
        "only hash type",
        "empty",
    ],
)
def test_a_signature_that_is_not_the_one_form_is_refused(change: object, flaw: SignatureFlaw) -> None:
    assert flaw_of(samples.with_signature(signed(proposal()), 0, change)) is flaw  # type: ignore[arg-type]


@pytest.mark.parametrize("items", [0, 1, 3])
def test_a_witness_holds_exactly_signature_and_key(items: int) -> None:
    good = signed(proposal())
    stack = samples.witness_stack(good, 0)
    assert flaw_of(samples.with_stack(good, 0, [*stack, b"\x01"][:items])) is SignatureFlaw.STACK


def test_uncompressed_and_impossible_keys_are_refused() -> None:
    good = signed(proposal())
    signature = samples.witness_stack(good, 0)[0]
    uncompressed = secp256k1.ec_pubkey_serialize(secp256k1.ec_pubkey_create(CABLE.secret), secp256k1.EC_UNCOMPRESSED)
    for key in (STRANGER.public, uncompressed, b"\x05" + CABLE.public[1:]):
        assert flaw_of(samples.with_stack(good, 0, [signature, key])) is SignatureFlaw.PUBLIC_KEY


@pytest.mark.parametrize(
    "twist",
    [
        lambda script: b"",
        lambda script: script + b"\x00",
        lambda script: b"\x00" + script,
        lambda script: b"\x4c" + script,
        lambda script: script[:20],
        lambda script: script[:-34],
    ],
)
def test_a_script_sig_is_two_plain_pushes_and_nothing_else(twist: object) -> None:
    good = signed(proposal())
    script_sig = bytes(good.vin[1].scriptSig)
    assert flaw_of(samples.with_script_sig(good, 1, twist(script_sig))) is SignatureFlaw.STACK  # type: ignore[operator]


def test_signatures_do_not_stand_in_the_place_of_the_other_input_type() -> None:
    good = signed(proposal())
    assert flaw_of(samples.with_script_sig(good, 0, b"\x00")) is SignatureFlaw.STACK
    stack = samples.witness_stack(good, 0)
    assert flaw_of(samples.with_stack(good, 1, stack)) is SignatureFlaw.STACK


def test_coins_of_other_types_or_other_places_are_refused() -> None:
    good = signed(proposal())
    nested = Coin(COINS[0].outpoint, COINS[0].value, b"\xa9\x14" + bytes(20) + b"\x87")
    assert flaw_of(good, (nested, COINS[1])) is SignatureFlaw.SCRIPT_TYPE
    assert flaw_of(good, COINS[::-1]) is SignatureFlaw.COINS
    assert flaw_of(good, COINS[:1]) is SignatureFlaw.COINS
    richer = Coin(COINS[0].outpoint, Satoshi(COINS[0].value + 1), COINS[0].script)
    assert flaw_of(good, (richer, COINS[1])) is SignatureFlaw.INVALID


def test_verify_script_is_no_judge_it_accepts_what_must_be_refused() -> None:
    """The reason why python-bitcoinlib's VerifyScript is never called: it ignores witnesses and encodings."""
    good = signed(proposal())
    for bad in (samples.with_stack(good, 0, []), samples.with_signature(good, 0, samples.forged)):
        VerifyScript(bad.vin[0].scriptSig, CScript(COINS[0].script), bad, 0, (SCRIPT_VERIFY_P2SH,))
        assert flaw_of(bad) in {SignatureFlaw.STACK, SignatureFlaw.INVALID}
    script_sig = bytes(good.vin[1].scriptSig)
    signature, key = script_sig[1:-34], script_sig[-34:]
    for change, flaw in ((samples.high_s, SignatureFlaw.HIGH_S), (samples.long_form, SignatureFlaw.DER)):
        changed = change(signature)
        bad = samples.with_script_sig(good, 1, bytes([len(changed)]) + changed + key)
        VerifyScript(bad.vin[1].scriptSig, CScript(COINS[1].script), bad, 1, (SCRIPT_VERIFY_P2SH,))
        assert flaw_of(bad) is flaw


@pytest.mark.parametrize("secret", [b"", b"\x01" * 31, b"\x01" * 33, bytes(32), ORDER.to_bytes(32, "big")])
def test_a_secret_that_is_no_private_key_is_refused_without_being_shown(secret: bytes) -> None:
    with pytest.raises(Misuse, match="private key") as caught:
        Key(secret)
    assert secret.hex() == "" or secret.hex() not in str(caught.value)


def test_a_key_never_shows_its_secret() -> None:
    assert repr(CABLE) == f"Key(public={CABLE.public.hex()})"
    assert "11" * 32 not in repr(CABLE) + str(CABLE)


def test_signing_what_cannot_be_signed_is_misuse() -> None:
    with pytest.raises(Misuse, match="no key"):
        sign_transaction(proposal(), COINS, {})
    with pytest.raises(Misuse, match="do not match"):
        sign_transaction(proposal(), COINS[:1], KEYS)
    with pytest.raises(Misuse, match="neither"):
        signature_digest(proposal(), 0, Coin(COINS[0].outpoint, COINS[0].value, b"\x51"))


def test_a_locktime_beyond_the_signed_range_is_a_typed_refusal() -> None:
    late = samples.edited(signed(proposal()), lambda tx: setattr(tx, "nLockTime", 0xFFFFFFFF))
    assert flaw_of(late) is SignatureFlaw.INVALID


def test_script_types_are_told_by_every_byte() -> None:
    for good in (CABLE.p2wpkh_script, CABLE.p2pkh_script):
        assert script_type(good) is not None
        for index in (0, 1, len(good) - 1):
            other = bytearray(good)
            other[index] ^= 1
            hash_byte = script_type(bytes(other)) is not None
            assert hash_byte == (good is CABLE.p2wpkh_script and index == len(good) - 1)
        assert script_type(good[:-1]) is None
        assert script_type(good + b"\x00") is None

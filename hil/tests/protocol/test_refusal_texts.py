"""What a refusal says: the sentence that goes out as ERROR and into the evidence, number for number."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from bitcoin.core import CMutableTxOut, CTransaction, CTxIn, CTxInWitness, CTxWitness
from bitcoin.core.script import SIGHASH_NONE, CScript, CScriptWitness
from embit.util import secp256k1

from hil.protocol.checks import Refusal, check_funding, check_offer, check_payment, check_proposal
from hil.protocol.payment.account import Account
from hil.protocol.payment.coins import Coin
from hil.protocol.payment.signing import (
    SignatureFlaw,
    SignatureRefused,
    sign_transaction,
    signature_digest,
    verify_signatures,
)
from hil.protocol.payment.transactions import TransactionError, build_payment, parse_transaction
from hil.protocol.policy import CableLimits, Misuse, Mode, SocketTerms
from hil.protocol.wire.messages import DeclaredCoin, Funding, Offer, PaymentRequest
from hil.tests.protocol import samples
from hil.tests.protocol.samples import CABLE, COINS, SESSION, SOCKET, STRANGER, offer, proposal, request, signed
from hil.units import Satoshi

ODD_SCRIPT = bytes.fromhex("a914" + "11" * 20 + "87")


def refusal(judge: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        judge()
    return caught.value.text


# --- the offer ---------------------------------------------------------------------------------------------------

OFFERS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "mode": (
        {"mode": Mode.PER_PAYMENT},
        {"modes": (Mode.SINGLE_FEE,)},
        "mode per-payment, asked for single-fee",
    ),
    "tariff": ({"tariff_sat_per_wh": 2001}, {}, "tariff 2001 sat/Wh, at most 2000 sat/Wh"),
    "quantum": ({"quantum_sat": 20_001}, {}, "quantum 20001 sat, at most 20000 sat"),
    "fee rate": ({"fee_rate_sat_per_vb": 101}, {}, "fee rate 101 sat/vB, at most 100 sat/vB"),
    "payee": ({"payee_script": ODD_SCRIPT}, {}, f"{ODD_SCRIPT.hex()} is neither P2WPKH nor P2PKH"),
    "dust": ({"quantum_sat": 293}, {}, "quantum 293 sat, dust is below 294 sat"),
    "nothing": (
        {"quantum_sat": 300, "tariff_sat_per_wh": 10**6},
        {"max_tariff_sat_per_wh": 10**6},
        "300 sat buy less than 1 mWh",
    ),
    "meters": (
        {"quantum_sat": 300, "tariff_sat_per_wh": 3000},
        {"max_tariff_sat_per_wh": 3000},
        "300 sat buy 100 mWh, less than two honest meters may differ by meanwhile",
    ),
}


@pytest.mark.parametrize("case", OFFERS)
def test_a_refused_offer_is_told_with_what_was_offered_and_what_is_allowed(case: str) -> None:
    changes, limits, text = OFFERS[case]
    offered: Offer = dataclasses.replace(offer(), **changes)
    assert refusal(lambda: check_offer(offered, CableLimits(**limits))) == text


def test_an_offer_in_a_mode_that_was_not_asked_for_is_told_with_all_that_were() -> None:
    modes = (Mode.SINGLE_FEE, Mode.PER_PAYMENT)
    assert refusal(lambda: check_offer(offer(), CableLimits(modes=()))) == "mode single-fee, asked for "
    check_offer(offer(), CableLimits(modes=modes))


# --- the coins ---------------------------------------------------------------------------------------------------


def funding(*coins: Coin, change: bytes = CABLE.p2wpkh_script) -> Funding:
    declared = tuple(DeclaredCoin(c.outpoint.txid, c.outpoint.index, c.value, c.script) for c in coins)
    return Funding(SESSION, 2, declared, change, 5)


def test_refused_coins_are_told_with_the_coin_and_its_script() -> None:
    odd = dataclasses.replace(COINS[0], script=ODD_SCRIPT)
    where = f"{odd.outpoint.txid}:{odd.outpoint.index}"
    cases = {
        "an outpoint is declared twice": funding(COINS[0], COINS[0]),
        f"{where} is guarded by {ODD_SCRIPT.hex()}, not P2WPKH or P2PKH": funding(odd),
        f"{ODD_SCRIPT.hex()} is neither P2WPKH nor P2PKH": funding(COINS[0], change=ODD_SCRIPT),
    }
    for text, message in cases.items():
        assert refusal(lambda message=message: check_funding(message, SocketTerms())) == text  # type: ignore[misc]


def test_coins_that_hold_no_payment_are_told_with_all_three_amounts_and_one_satoshi_decides() -> None:
    def coin(value: int) -> Funding:
        return funding(dataclasses.replace(COINS[0], value=Satoshi(value), script=CABLE.p2wpkh_script))

    text = "the coins hold 11099 sat; 10000 sat and a fee of 1100 sat are needed"
    assert refusal(lambda: check_funding(coin(11_099), SocketTerms())) == text
    check_funding(coin(11_100), SocketTerms())


# --- the proposal ------------------------------------------------------------------------------------------------


def judge(message: PaymentRequest, **changes: Any) -> CTransaction:
    arguments: dict[str, Any] = {
        "expected_n": 2,
        "offer": offer(),
        "coins": COINS,
        "change_script": CABLE.p2wpkh_script,
        "limits": CableLimits(),
        "used_mwh": 6000,
    }
    return check_proposal(message, **(arguments | changes))


def test_a_refused_request_is_told_with_what_it_asks_and_what_is_due() -> None:
    assert refusal(lambda: judge(request(proposal(3), 3))) == "payment 3 is asked for, the next is 2"
    few = CableLimits(max_payments=1)
    assert refusal(lambda: judge(request(proposal()), limits=few)) == "payment 2 is asked for, agreed are 1"
    few_offered = dataclasses.replace(offer(), max_payments=1)
    assert refusal(lambda: judge(request(proposal()), offer=few_offered)) == "payment 2 is asked for, agreed are 1"
    assert refusal(lambda: judge(request(signed(proposal())))) == "the proposal holds signatures"


def test_energy_is_told_as_claimed_as_used_and_as_can_be_claimed_and_one_more_is_too_much() -> None:
    most = CableLimits().most_claimable_mwh(6000, 8000)
    judge(request(proposal(), energy_mwh=most))
    text = f"{most + 1} mWh are claimed, 6000 mWh were used, at most {most} mWh can be claimed"
    assert refusal(lambda: judge(request(proposal(), energy_mwh=most + 1))) == text


def test_a_premature_request_is_told_with_the_credit_that_is_left_and_2100_mwh_may_be() -> None:
    judge(request(proposal(), energy_mwh=5900))
    assert refusal(lambda: judge(request(proposal(), energy_mwh=5899))) == "credit left 2101 mWh, at most 2100 mWh"


# --- what a transaction differs in ---------------------------------------------------------------------------------

PAYEE, STRANGE = SOCKET.p2wpkh_script.hex(), STRANGER.p2wpkh_script.hex()
FIRST, SECOND = (str(coin.outpoint) for coin in COINS)
DIFFERENCES = {
    "underpaid by 1 sat": "underpaid by 1 sat: 19999 sat instead of 20000 sat",
    "underpaid by half": "underpaid by 10000 sat: 10000 sat instead of 20000 sat",
    "underpaid in favour of the fee": "underpaid by 1 sat: 19999 sat instead of 20000 sat",
    "overpaid by 1 sat": "overpaid by 1 sat: 20001 sat instead of 20000 sat",
    "pays a stranger": f"nothing goes to the agreed payee {PAYEE}; 20000 sat go to {STRANGE}",
    "pays the payee's key by another script": (
        f"nothing goes to the agreed payee {PAYEE}; 20000 sat go to {SOCKET.p2pkh_script.hex()}"
    ),
    "change to a stranger": f"77110 sat of change go to {STRANGE}",
    "change missing": "the change of 77110 sat is missing",
    "extra output to a stranger": f"1000 sat go to {STRANGE}, which was not agreed",
    "change in two outputs": "3 outputs instead of 2",
    "fee 1 sat too high": "fee 2891 sat, agreed are 2890 sat",
    "fee 1 sat too low": "fee 2889 sat, agreed are 2890 sat",
    "outputs in another order": "the outputs are in another order",
    "inputs in another order": "the inputs are in another order",
    "input missing": f"input {SECOND} is missing",
    "input replaced by a foreign one": f"input {'09' * 32}:9 was not agreed",
    "input twice": f"input {FIRST} is there 2 times",
    "version 1": "version 1, agreed is 2",
    "locktime 1": "locktime 1, agreed is 0",
    "sequence that signals replacement": f"input {FIRST} has sequence 0xfffffffd, agreed is 0xffffffff",
}


@pytest.mark.parametrize("name", samples.EDITS)
def test_a_falsified_proposal_is_told_by_what_it_differs_in(name: str) -> None:
    falsified = samples.edited(proposal(), samples.EDITS[name][0])
    assert refusal(lambda: judge(request(falsified))) == DIFFERENCES[name]


def test_a_payee_that_gets_nothing_while_all_stays_with_the_cable_leaves_no_stranger_to_name() -> None:
    def keep(tx: Any) -> None:
        tx.vout[0] = CMutableTxOut(tx.vout[0].nValue, CScript(CABLE.p2wpkh_script))

    text = refusal(lambda: judge(request(samples.edited(proposal(), keep))))
    assert text == f"nothing goes to the agreed payee {PAYEE}"


def test_the_dust_limit_itself_can_be_paid_and_a_satoshi_less_cannot() -> None:
    def pay(amount: int) -> CTransaction:
        return build_payment(COINS, SOCKET.p2wpkh_script, 1, amount, CABLE.p2wpkh_script, 10)

    assert pay(294).vout[0].nValue == 294
    with pytest.raises(Misuse, match=r"^a payment of 293 sat is below the dust limit of 294 sat$"):
        pay(293)


def test_a_transaction_of_3500_bytes_is_taken_and_a_longer_one_is_not() -> None:
    def padded(size: int) -> bytes:
        def pad(tx: Any) -> None:
            tx.vout[0] = CMutableTxOut(1, CScript(bytes(size)))

        raw: bytes = samples.edited(proposal(), pad).serialize()
        return raw

    longest = 3500 - len(padded(1000)) + 1000
    assert len(padded(longest)) == 3500
    parse_transaction(padded(longest))
    with pytest.raises(TransactionError, match=r"^transaction of 3501 bytes, at most 3500 are taken$"):
        parse_transaction(padded(longest + 1))


def test_what_is_no_transaction_is_told_by_what_is_wrong_with_it() -> None:
    nothing = CTransaction((), ()).serialize()
    for raw in (nothing, proposal().serialize() + b"\0"):
        with pytest.raises(TransactionError):
            parse_transaction(raw)
    with pytest.raises(TransactionError, match=r"^a transaction has inputs and outputs$"):
        parse_transaction(CTransaction(proposal().vin, ()).serialize())


def test_a_seed_has_16_to_64_bytes() -> None:
    assert Account(bytes(16)).public != Account(bytes(64)).public
    assert Account(bytes(64)).public.startswith("tpub")
    for size in (15, 65):
        with pytest.raises(ValueError, match=rf"^a BIP 32 seed has 16 to 64 bytes, not {size}$"):
            Account(bytes(size))


def test_a_signature_commits_to_what_its_hash_type_says() -> None:
    loose = sign_transaction(proposal(), COINS, samples.KEYS, SIGHASH_NONE)
    number = next(index for index, coin in enumerate(COINS) if coin.script == CABLE.p2wpkh_script)
    signature, key = witness_of(loose, number)
    digest = signature_digest(proposal(), number, COINS[number], SIGHASH_NONE)
    assert signature[-1] == SIGHASH_NONE
    parsed = secp256k1.ecdsa_signature_parse_der(signature[:-1])
    assert secp256k1.ecdsa_verify(parsed, digest, secp256k1.ec_pubkey_parse(key))


# --- the payment -------------------------------------------------------------------------------------------------


def paid(transaction: CTransaction, coins: tuple[Coin, ...] = COINS) -> str:
    raw = transaction.serialize()
    return refusal(lambda: check_payment(proposal().serialize(), raw, coins))


def test_a_payment_that_is_no_transaction_or_another_one_is_told() -> None:
    assert refusal(lambda: check_payment(proposal().serialize(), b"\x00", COINS)).startswith("not a transaction")
    swapped = samples.edited(proposal(), lambda tx: tx.vout.reverse())
    assert paid(sign_transaction(swapped, COINS, samples.KEYS)) == "the outputs are in another order"


def test_a_stranger_who_is_paid_instead_is_named_with_his_amount() -> None:
    def divert(tx: Any) -> None:
        tx.vout[0] = CMutableTxOut(tx.vout[0].nValue, CScript(STRANGER.p2wpkh_script))

    text = paid(sign_transaction(samples.edited(proposal(), divert), COINS, samples.KEYS))
    value = proposal().vout[0].nValue
    assert f"{value} sat go to {STRANGER.p2wpkh_script.hex()}" in text
    assert SOCKET.p2wpkh_script.hex() in text


def with_input(transaction: CTransaction, index: int, script_sig: bytes, stack: list[bytes]) -> CTransaction:
    """Return a signed transaction of which one input holds something else."""
    inputs = list(transaction.vin)
    inputs[index] = CTxIn(inputs[index].prevout, CScript(script_sig), inputs[index].nSequence)
    witnesses = list(transaction.wit.vtxinwit)
    witnesses[index] = CTxInWitness(CScriptWitness(stack))
    return CTransaction(
        inputs, transaction.vout, transaction.nLockTime, transaction.nVersion, CTxWitness(tuple(witnesses))
    )


def flaw(transaction: CTransaction, coins: tuple[Coin, ...] = COINS) -> tuple[SignatureFlaw, int | None, str]:
    with pytest.raises(SignatureRefused) as caught:
        verify_signatures(transaction, coins)
    return caught.value.reason, caught.value.index, str(caught.value)


def witness_of(transaction: CTransaction, index: int) -> list[bytes]:
    return [bytes(item) for item in transaction.wit.vtxinwit[index].scriptWitness]


def test_a_bad_signature_is_told_with_its_input_and_what_was_found_there() -> None:
    good = signed(proposal())
    number = next(index for index, coin in enumerate(COINS) if coin.script == CABLE.p2wpkh_script)
    signature, key = witness_of(good, number)
    where = f"input {number}: "

    def told(stack: list[bytes], script_sig: bytes = b"") -> tuple[SignatureFlaw, int | None, str]:
        return flaw(with_input(good, number, script_sig, stack))

    cases = {
        f"{SignatureFlaw.STACK.value} (0 witness items)": ([], SignatureFlaw.STACK),
        f"{SignatureFlaw.PUBLIC_KEY.value} (02)": ([signature, b"\2"], SignatureFlaw.PUBLIC_KEY),
        f"{SignatureFlaw.STACK.value} (3 witness items)": ([signature, key, b"\1"], SignatureFlaw.STACK),
        f"{SignatureFlaw.STACK.value} (empty signature)": ([b"", key], SignatureFlaw.STACK),
        f"{SignatureFlaw.PUBLIC_KEY.value} ({STRANGER.public.hex()})": (
            [signature, STRANGER.public],
            SignatureFlaw.PUBLIC_KEY,
        ),
        f"{SignatureFlaw.HASH_TYPE.value} (0x02)": ([signature[:-1] + b"\2", key], SignatureFlaw.HASH_TYPE),
        SignatureFlaw.HIGH_S.value: ([samples.high_s(signature), key], SignatureFlaw.HIGH_S),
        SignatureFlaw.DER.value: ([b"\x30" + signature[2:], key], SignatureFlaw.DER),
    }
    for text, (stack, reason) in cases.items():
        assert told(stack) == (reason, number, where + text)
    other = sign_transaction(proposal(3), COINS, samples.KEYS)
    assert told(witness_of(other, number)) == (SignatureFlaw.INVALID, number, where + SignatureFlaw.INVALID.value)


def test_a_bad_script_sig_is_told_with_its_length_and_an_empty_signature_by_that() -> None:
    good = signed(proposal())
    number = next(index for index, coin in enumerate(COINS) if coin.script == CABLE.p2pkh_script)
    script_sig = bytes(good.vin[number].scriptSig)
    cases = {
        b"": "scriptSig of 0 bytes",
        script_sig + b"\0": f"scriptSig of {len(script_sig) + 1} bytes",
        b"\0" + script_sig[1 + script_sig[0] :]: "empty signature",
    }
    for script, text in cases.items():
        found = flaw(with_input(good, number, script, []))
        assert found == (SignatureFlaw.STACK, number, f"input {number}: {SignatureFlaw.STACK.value} ({text})")


def test_coins_that_are_not_those_of_the_inputs_belong_to_no_input() -> None:
    assert flaw(signed(proposal()), COINS[::-1]) == (SignatureFlaw.COINS, None, SignatureFlaw.COINS.value)


def test_a_coin_of_another_type_is_told_with_its_script() -> None:
    odd = (dataclasses.replace(COINS[0], script=ODD_SCRIPT), *COINS[1:])
    text = f"input 0: {SignatureFlaw.SCRIPT_TYPE.value} ({ODD_SCRIPT.hex()})"
    assert flaw(signed(proposal()), odd) == (SignatureFlaw.SCRIPT_TYPE, 0, text)


def test_a_payment_with_a_bad_signature_says_which_input_and_why() -> None:
    loose = sign_transaction(proposal(), COINS, samples.KEYS, SIGHASH_NONE)
    assert paid(loose) == f"input 0: {SignatureFlaw.HASH_TYPE.value} (0x02)"

"""Why python-bitcoinlib's ``VerifyScript`` is no judge: it accepts what ours, over libsecp256k1, refuses by code.

If one of the first tests fails, the library has learnt something; it must still not be asked before it knows all.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bitcoin.core import CTransaction
from bitcoin.core.script import CScript
from bitcoin.core.scripteval import SCRIPT_VERIFY_FLAGS_BY_NAME, SCRIPT_VERIFY_P2SH, VerifyScript, VerifyScriptError

from hil.protocol.checks import Refusal, check_payment
from hil.protocol.codes import ErrorCode
from hil.protocol.payment.coins import Coin
from hil.tests.protocol import samples
from hil.tests.protocol.samples import CABLE, proposal, signed

WITNESS_COINS = (samples.coin(1, 60_000),)
SCRIPT_COINS = (samples.coin(2, 60_000, CABLE.p2pkh_script),)


def with_script_signature(change: Callable[[bytes], bytes]) -> CTransaction:
    """Return the P2PKH payment with ``change`` done to its signature."""
    good = signed(proposal(1, SCRIPT_COINS), SCRIPT_COINS)
    script_sig = bytes(good.vin[0].scriptSig)
    changed = change(script_sig[1:-34])
    return samples.with_script_sig(good, 0, bytes([len(changed)]) + changed + script_sig[-34:])


WITNESSED = signed(proposal(1, WITNESS_COINS), WITNESS_COINS)
CASES = {
    "forged witness": (
        samples.with_signature(WITNESSED, 0, samples.forged),
        WITNESS_COINS,
        ErrorCode.BAD_SIGNATURE,
    ),
    "empty witness": (samples.with_stack(WITNESSED, 0, []), WITNESS_COINS, ErrorCode.SIGNATURE_SHAPE),
    "witness of a stranger": (
        samples.with_stack(WITNESSED, 0, [b"\x30", samples.STRANGER.public]),
        WITNESS_COINS,
        ErrorCode.WRONG_KEY,
    ),
    "high S": (with_script_signature(samples.high_s), SCRIPT_COINS, ErrorCode.HIGH_S),
    "byte behind": (
        with_script_signature(lambda der: der[:-1] + b"\x00\x01"),
        SCRIPT_COINS,
        ErrorCode.SIGNATURE_ENCODING,
    ),
    "padded length": (
        with_script_signature(lambda der: b"\x30\x82\x00" + der[1:]),
        SCRIPT_COINS,
        ErrorCode.SIGNATURE_ENCODING,
    ),
    "long-form DER": (with_script_signature(samples.long_form), SCRIPT_COINS, ErrorCode.SIGNATURE_ENCODING),
}


def verify_script(transaction: CTransaction, coin: Coin) -> None:
    """Ask the library, with all that it can be asked for."""
    VerifyScript(transaction.vin[0].scriptSig, CScript(coin.script), transaction, 0, (SCRIPT_VERIFY_P2SH,))


@pytest.mark.parametrize("name", CASES)
def test_verify_script_accepts_what_our_judge_refuses_by_code(name: str) -> None:
    transaction, coins, code = CASES[name]
    verify_script(transaction, coins[0])
    with pytest.raises(Refusal) as caught:
        check_payment(proposal(1, coins).serialize(), transaction.serialize(), coins)
    assert caught.value.code is code


@pytest.mark.parametrize("coins", [WITNESS_COINS, SCRIPT_COINS], ids=["P2WPKH", "P2PKH"])
def test_our_judge_accepts_what_is_properly_signed(coins: tuple[Coin, ...]) -> None:
    good = signed(proposal(1, coins), coins)
    verify_script(good, coins[0])
    assert check_payment(proposal(1, coins).serialize(), good.serialize(), coins).serialize() == good.serialize()


def test_verify_script_does_judge_legacy_inputs_so_its_silence_about_witnesses_is_easily_missed() -> None:
    with pytest.raises(VerifyScriptError):
        verify_script(with_script_signature(samples.forged), SCRIPT_COINS[0])


def test_verify_script_has_no_flag_for_witnesses() -> None:
    assert "WITNESS" not in SCRIPT_VERIFY_FLAGS_BY_NAME

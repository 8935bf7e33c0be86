"""For all tests: a third judge beside each verdict of ours on a signature, Bitcoin Core's consensus library.

Whatever a test makes the framework accept or refuse on script grounds, libbitcoinkernel is asked about too, so that no
mistake of ours agrees with itself. It knows consensus only, so it may take what we refuse, on the grounds listed here.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bitcoin.core import CTransaction

from hil.protocol import signing
from hil.protocol.coins import Coin
from hil.protocol.signing import SignatureFlaw, SignatureRefused

STRICTER = frozenset(
    {
        SignatureFlaw.HASH_TYPE,  # SIGHASH_NONE, SIGHASH_SINGLE and ANYONECANPAY are valid, and not agreed
        SignatureFlaw.HIGH_S,  # low S is policy
        SignatureFlaw.STACK,  # a clean stack is policy outside of witnesses
        SignatureFlaw.SCRIPT_TYPE,  # other scripts than the two of the protocol
    }
)
"""Flaws with which consensus may take an input all the same."""

JUDGED = {"accepted": 0, "refused": 0}
"""How many inputs both judges were asked about in this process."""

_judge_input = signing._verify_input


def consensus_takes(transaction: CTransaction, index: int, coin: Coin) -> bool:
    """Ask the kernel whether the input satisfies the script of its coin."""
    import pbk  # 0.2 s, which tests of other things need not pay

    raw = pbk.Transaction(transaction.serialize())
    flags = pbk.ScriptVerificationFlags.ALL & ~pbk.ScriptVerificationFlags.TAPROOT  # both scripts are older
    return bool(pbk.ScriptPubkey(coin.script).verify(coin.value, raw, None, index, flags))


@pytest.fixture(autouse=True, scope="session")
def _third_judge() -> Iterator[None]:
    disagreements: list[str] = []

    def judge(transaction: CTransaction, index: int, coin: Coin) -> None:
        try:
            _judge_input(transaction, index, coin)
        except SignatureRefused as refused:
            JUDGED["refused"] += 1
            if refused.reason not in STRICTER and consensus_takes(transaction, index, coin):
                disagreements.append(f"consensus takes what we refuse ({refused}): {transaction.serialize().hex()}")
            raise
        JUDGED["accepted"] += 1
        if not consensus_takes(transaction, index, coin):
            disagreements.append(f"consensus refuses what we take: {transaction.serialize().hex()} input {index}")

    signing._verify_input = judge
    yield
    signing._verify_input = _judge_input
    assert not disagreements, disagreements

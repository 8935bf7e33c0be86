"""A third judge beside each verdict of ours on a signature: Bitcoin Core's consensus library (libbitcoinkernel).

Whatever a test makes the framework accept or refuse on script grounds, the kernel is asked about too, so that no
mistake of ours agrees with itself. It knows consensus only: it may take what we refuse, on the grounds listed here.
"""

from __future__ import annotations

from collections.abc import Callable

from bitcoin.core import CTransaction

from hil.judge import messages as judge
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import SignatureFlaw, SignatureRefused
from hil.units import Satoshi

STRICTER = frozenset(
    {
        SignatureFlaw.HASH_TYPE,  # SIGHASH_NONE, SIGHASH_SINGLE and ANYONECANPAY are valid, and not agreed
        SignatureFlaw.HIGH_S,  # low S is policy
        SignatureFlaw.STACK,  # a clean stack is policy outside of witnesses
        SignatureFlaw.SCRIPT_TYPE,  # other scripts than the two of the protocol
    }
)
"""Flaws with which consensus may take an input all the same."""


class ThirdJudge:
    """Stands before ``hil.protocol.payment.signing._verify_input``.

    :param ours: the judge that it stands before.
    """

    def __init__(self, ours: Callable[[CTransaction, int, Coin], None]) -> None:
        self._ours = ours
        self.accepted = 0
        """Inputs that ours took, and about which the kernel was asked."""
        self.refused = 0
        self.disagreements: list[str] = []

    def __call__(self, transaction: CTransaction, index: int, coin: Coin) -> None:
        try:
            self._ours(transaction, index, coin)
        except SignatureRefused as refused:
            self.refused += 1
            if refused.reason not in STRICTER and consensus_takes(transaction, index, coin):
                self._disagree(f"consensus takes what we refuse ({refused})", transaction, index)
            raise
        self.accepted += 1
        if not consensus_takes(transaction, index, coin):
            self._disagree("consensus refuses what we take", transaction, index)

    def before(self, reading: Callable[[CTransaction, int, judge.Coin], str]) -> Callable[..., str]:
        """Return what stands before ``hil.judge.signatures._flaw_of_input``: what that takes, consensus must take."""

        def asked(transaction: CTransaction, index: int, coin: judge.Coin) -> str:
            flaw = reading(transaction, index, coin)
            spent = Coin(OutPoint(coin.txid, coin.index), Satoshi(coin.value_sat), coin.script)
            if not flaw and not consensus_takes(transaction, index, spent):
                self._disagree("consensus refuses what the judge of the line takes", transaction, index)
            return flaw

        return asked

    def _disagree(self, how: str, transaction: CTransaction, index: int) -> None:
        self.disagreements.append(f"{how}: input {index} of {transaction.serialize().hex()}")


def consensus_takes(transaction: CTransaction, index: int, coin: Coin) -> bool:
    """Ask the kernel whether the input satisfies the script of its coin."""
    import pbk  # 0.2 s, which tests of other things need not pay

    flags = pbk.ScriptVerificationFlags.ALL & ~pbk.ScriptVerificationFlags.TAPROOT  # both scripts are older
    script, raw = pbk.ScriptPubkey(coin.script), pbk.Transaction(transaction.serialize())
    return bool(script.verify(coin.value, raw, None, index, flags))

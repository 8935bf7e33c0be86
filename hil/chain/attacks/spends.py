"""Attacks by the holder of a coin's keys: double spends, replacements, long chains, pinning.

All are ordinary transactions that a node takes; amounts, keys and order follow from the arguments alone, so a seed
gives the same bytes each time. What a node answers was seen on Knots 29.4.
See also :mod:`hil.chain.attacks.blocks` (miners), :mod:`hil.chain.attacks.mempool` (fee pressure),
:mod:`hil.chain.attacks.node` (the node itself) and :mod:`hil.chain.attacks.partition` (partitions).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bitcoin.core import COutPoint, CTransaction, CTxIn, CTxOut, b2lx, lx
from bitcoin.core.script import CScript

from hil.chain.client.rpc import RpcClient, RpcError, to_satoshi
from hil.chain.funding.signing import sign_all
from hil.chain.funding.wallet import derive
from hil.errors import AuthorError
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import Key
from hil.units import Satoshi

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST_CHAIN: Final = 25
"""Unconfirmed transactions in a row that a node takes (``-limitancestorcount``); the 26th it refuses."""

SEQUENCE_FINAL: Final = 0xFFFFFFFF
DUST: Final = 294
PIN_SIZE: Final = 90_000
"""In vB; a standard transaction has at most 100 000, a family of them in the mempool 101 000."""

_NOT_IN_MEMPOOL: Final = -5
_OUTPUT_SIZE: Final = 31
_PIN_INPUTS: Final = 250
"""Frame and two inputs of a child in vB, rounded up."""
_RATE_MARGIN: Final = 2


def txid_of(raw: bytes) -> str:
    """Return the id of a transaction as people and RPC write it."""
    return str(b2lx(CTransaction.deserialize(raw).GetTxid()))


def spend(
    coins: Sequence[Coin],
    keys: Mapping[bytes, Key],
    outputs: Sequence[tuple[bytes, int]],
    *,
    sequence: int = SEQUENCE_FINAL,
    locktime: int = 0,
) -> bytes:
    """Return a signed transaction of version 2 that spends ``coins`` to ``outputs`` (script, satoshi).

    Whatever the outputs leave over is the fee. Raises AuthorError if they exceed the coins.
    """
    total, paid = sum(coin.value for coin in coins), sum(value for _, value in outputs)
    if paid > total or any(value < 0 for _, value in outputs):
        raise AuthorError(f"outputs of {paid} sat cannot be paid from coins of {total} sat")
    inputs = [CTxIn(COutPoint(lx(coin.outpoint.txid), coin.outpoint.index), nSequence=sequence) for coin in coins]
    paid_out = [CTxOut(value, CScript(script)) for script, value in outputs]
    raw: bytes = sign_all(CTransaction(inputs, paid_out, locktime, 2), coins, keys).serialize()
    return raw


class Adversary:
    """A cable (or anybody else) that spends its own coins twice.

    :param client: the node that its transactions are sent to.
    :param keys: by script, of the coins that it holds; its own :attr:`key`, which follows from the seed, is added.
    """

    def __init__(self, client: RpcClient, seed: int, keys: Mapping[bytes, Key] | None = None) -> None:
        self._client = client
        self.key = Key(derive(seed, "adversary"))
        """Receives what the attacks gain."""
        self.script = self.key.p2wpkh_script
        self._keys = {**(keys or {}), self.script: self.key}

    def rival(self, payment: bytes, coins: Sequence[Coin], *, fee: int | None = None) -> bytes:
        """Return a transaction, not sent, that spends the coins of ``payment`` back to the adversary.

        Its sequences are final: no signal of replaceability warns the payee. Sent before the payment, the honest
        socket's node refuses the payment (``txn-mempool-conflict`` or ``insufficient fee``), and
        ``LedgerView.conflict`` names the rival. Mined after it: see :mod:`hil.chain.attacks.blocks`.

        :param coins: what the payment spends, in order.
        :param fee: in satoshi; default: enough to replace the payment wherever it waits.
        """
        total = sum(coin.value for coin in coins)
        asked = self._fee_to_replace(payment, coins) if fee is None else fee
        if total - asked < DUST:
            raise AuthorError(f"a fee of {asked} sat leaves nothing of coins of {total} sat")
        return spend(coins, self._keys, [(self.script, total - asked)])

    def double_spend(self, payment: bytes, coins: Sequence[Coin], *, fee: int | None = None) -> str:
        """Send the rival of ``payment``, before or after that was broadcast, and return its txid.

        After the broadcast it replaces the payment, even though neither signals it: the node drops the payment
        (ZeroMQ ``R``) and takes the rival. An honest socket sees the conflict, cuts the power within 500 ms, and has
        lost at most what it delivered for the payments that had no confirmation.

        Raises RpcError (``insufficient fee``) if ``fee`` is too low for that.
        """
        return self.send(self.rival(payment, coins, fee=fee))

    def replace(self, payment: bytes, coins: Sequence[Coin], outputs: Sequence[tuple[bytes, int]]) -> str:
        """Send another version of ``payment`` with ``outputs``, e.g. an older state, or 1 sat less to the payee.

        A node takes it only if it pays more fee than the one it replaces; then an honest socket treats it as a
        conflict like any other, whatever it pays.
        """
        return self.send(spend(coins, self._keys, outputs))

    def long_chain(self, coin: Coin, length: int = LONGEST_CHAIN, *, fee: int = 500) -> list[str]:
        """Send ``length`` transactions, each spending the one before, from a coin of its own; return the txids.

        25 a node takes. The 26th it refuses (``too-long-mempool-chain``), raised here as RpcError; so a socket that is
        paid from the end of such a chain gets a payment that it cannot broadcast. An honest one takes confirmed coins
        only, as its offer says, or waits for a block.
        """
        txids = []
        for _ in range(length):
            raw = spend([coin], self._keys, [(self.script, coin.value - fee)])
            txids.append(self.send(raw))
            coin = Coin(OutPoint(txids[-1], 0), Satoshi(coin.value - fee), self.script)
        return txids

    def pin(self, payment: bytes, change: Coin, own: Coin, *, size: int = PIN_SIZE, rate: int = 1) -> str:
        """Hang a large, cheap child on a payment's change, and return its txid.

        To replace the payment now costs the child's fee, too (``size`` x ``rate`` sat), far more than the payment is
        worth: the node refuses less (``insufficient fee``). An honest socket needs no replacement: it agreed on the
        fee before, and power ends with the credit; it loses nothing if the payment confirms late.

        :param change: the payment's output that the adversary holds the key of.
        :param own: a confirmed coin of its own, of about 10 sat for each vB of ``size``, from which the bulk is paid.
        """
        if change.outpoint.txid != txid_of(payment):
            raise AuthorError(f"{change.outpoint} is no output of the payment")
        count = (size - _PIN_INPUTS) // _OUTPUT_SIZE
        rest = change.value + own.value - size * rate - DUST * (count - 1)
        if rest < DUST:
            raise AuthorError(f"a coin of {own.value} sat is too small to pin with {size} vB")
        return self.send(spend([change, own], self._keys, [(self.script, DUST)] * (count - 1) + [(self.script, rest)]))

    def send(self, raw: bytes) -> str:
        """Broadcast ``raw``; returns its txid, raises RpcError with the node's reason if it refuses."""
        return str(self._client.call("sendrawtransaction", raw.hex()))

    def _fee_to_replace(self, payment: bytes, coins: Sequence[Coin]) -> int:
        """Return what a node demands (BIP 125): the fee of all that goes, and more for each byte, with a margin."""
        parsed = CTransaction.deserialize(payment)
        paid = sum(coin.value for coin in coins) - sum(int(txout.nValue) for txout in parsed.vout)
        try:
            entry = self._client.call("getmempoolentry", txid_of(payment))
            paid = max(paid, int(to_satoshi(entry["fees"]["descendant"])))
        except RpcError as error:
            if error.code != _NOT_IN_MEMPOOL:
                raise
        relay = to_satoshi(self._client.call("getmempoolinfo")["incrementalrelayfee"])
        return paid + _RATE_MARGIN * max(1, relay // 1000) * len(payment)

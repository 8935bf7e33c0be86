"""The bench's hand on a regtest chain: wallet, miner and witness, deterministic for a seed on any node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hil.chain.client.block_scanner import BlockScanner, Mined
from hil.chain.client.rpc import RpcClient, RpcError, to_satoshi
from hil.chain.funding.blocks import EPOCH, MATURITY, empty_block, subsidy
from hil.chain.funding.coin_tree import ROOTS, CoinTree
from hil.chain.funding.wallet import FundingWallet, NotEnough, derive
from hil.errors import ConfigurationError, RigFault
from hil.ports import LedgerTransaction
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import Key
from hil.units import Satoshi

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_OWN: Final = 2
"""The first coinbases are the wallet's own, 100 BTC; those that follow are the roots of the coin trees."""

_ROOT_HEIGHTS: Final = range(_OWN + 1, _OWN + ROOTS + 1)
PREMINED: Final = MATURITY + _OWN + ROOTS - 1
"""Blocks that a fresh chain gets: then all these coinbases are mature."""

COINS_LOOKED_FOR: Final = 6
"""A scenario draws one coin, one for each cable that it has, or one of each kind; hardly any draws more."""

_BLOCK_INTERVAL: Final = 600
_LEAST_SUBSIDY: Final = 1_000_000
_NOT_FOUND: Final = -5


class RegtestLedger:
    """Implements :class:`hil.ports.Ledger` over a node.

    The chain's time is the node's mock time: 2017-06-06T00:00:00Z plus the bench's time. It never goes backwards:
    a scenario starts where the one before it ended. On a fresh node, two ledgers with one seed that are asked for
    the same make the same transactions, byte for byte.

    :param seed: of the run; the wallet's and the miner's keys come from it.
    :param now: the bench's time in seconds.
    """

    def __init__(self, client: RpcClient, *, seed: int, now: Callable[[], float]) -> None:
        self._client = client
        self._seed = seed
        self._now = now
        self._wallet = FundingWallet(seed)
        self._tree = CoinTree([], {})
        self._scenario = ""
        self._drawn = 0
        self._purse: Coin | None = None
        """Change of what was paid for this scenario."""
        self._scanner = BlockScanner(client)
        self._height = 0
        self._blocks_mined = 0
        self._began_at = 0
        self._origin = float(EPOCH)
        self._mock_time = EPOCH

    def prepare(self) -> None:
        """Take over the chain, once, before anything else: mine what the wallet needs, or find what it still has.

        Takes about 50 ms on a fresh node. Raises ConfigurationError if the chain is so long that mining pays nothing.
        """
        info = self._client.call("getblockchaininfo")
        self._height = int(info["blocks"])
        if self._height == 0:
            coinbases = self._mine_blocks(info["bestblockhash"], EPOCH - PREMINED * _BLOCK_INTERVAL, _BLOCK_INTERVAL)
            self._share_out(dict(enumerate(coinbases, 1)))
        else:
            self._take_over(int(info["time"]))
        self.begin()

    def serve(self, scenario: str) -> None:
        """Pay from now on with coins whose ids depend on the seed and this name only, as far as the chain has them.

        A chain that another run has used has none; there, and for very large sums, ids depend on what came before.
        """
        if self._purse is not None:
            self._wallet.take(self._purse)
        self._scenario, self._drawn, self._purse = scenario, 0, None

    def is_taken(self, scenario: str) -> bool:
        """Tell whether a coin that a scenario of this name would draw, one of the first few, was another one's."""
        return any(self._tree.is_taken(self._purpose(scenario, number)) for number in range(COINS_LOOKED_FOR))

    def _purpose(self, scenario: str, number: int) -> bytes:
        """Return the name, to the tree, of one of the coins that a scenario is paid with."""
        return derive(self._seed, f"scenario/{scenario}/{number}")

    def is_own_business(self, txid: str) -> bool:
        """Tell whether a transaction only splits the wallet's money: nothing that a scenario asked for."""
        return txid in self._tree.txids

    def begin(self) -> None:
        """Begin a scenario: ``spending`` and ``transaction`` look at the blocks from here on, and the mempool."""
        info = self._client.call("getblockchaininfo")
        self._height = self._began_at = int(info["blocks"])
        self._mock_time = max(self._mock_time, int(info["time"]))
        self._origin = self._mock_time - self._now()

    def fund(self, script: bytes, value: Satoshi, *, outputs: int = 1) -> list[Coin]:
        """See :class:`hil.ports.Ledger`."""
        self._wallet.check(value, outputs)
        splits = self._fill_purse(self._wallet.needed(script, value, outputs)) if self._scenario else None
        if splits is not None and self._purse is not None:
            payment = self._wallet.pay_with(self._purse, script, value, outputs)
            self._mine_with([*splits, payment.raw])
            self._purse = payment.change
            return payment.coins
        while True:
            try:
                payment = self._wallet.pay(script, value, outputs, self._height)
                break
            except NotEnough:
                self._mine_more_for_wallet()
        self._mine_with([payment.raw])
        self._wallet.settle(payment)
        return payment.coins

    def _mine_with(self, transactions: Sequence[bytes]) -> None:
        sent = [("sendrawtransaction", raw.hex()) for raw in transactions]
        self._mine([*self._time_call(), *sent, self._block_call()])
        self._height += 1

    def _fill_purse(self, needed: int) -> list[bytes] | None:
        """Have a coin of this scenario's worth ``needed`` in the purse; return the splits that must be sent before.

        None if the tree has none for it.
        """
        if self._purse is not None and self._purse.value >= needed:
            return []
        drawn = self._tree.draw(self._purpose(self._scenario, self._drawn), needed)
        self._drawn += 1
        if drawn is None:
            return None
        if self._purse is not None:
            self._wallet.take(self._purse)
        self._purse = drawn.coin
        return drawn.splits

    def mine(self, blocks: int = 1) -> None:
        """See :class:`hil.ports.Ledger`."""
        self._mine([*self._time_call(), *(self._block_call() for _ in range(blocks))])
        self._height += blocks

    def _mine(self, calls: list[tuple[Any, ...]]) -> None:
        """Run the calls; the last one mines, and its block must be the tip, else RigFault."""
        *_, mined, best = self._client.batch([*calls, ("getbestblockhash",)])
        if calls[-1][0] == "generatetodescriptor" and mined != [best]:
            raise RigFault(
                f"the node says that it mined {mined}, and its best block is still {best}",
                place=self._client.endpoint.place,
                remedy="It does not follow its own chain: start it anew.",
            )

    def follow_time(self) -> None:
        """Set the node's mock time to the bench's; mining does it anyway."""
        self._client.batch(self._time_call())

    def spending(self, outpoints: Sequence[OutPoint]) -> list[LedgerTransaction]:
        """See :class:`hil.ports.Ledger`."""
        if not outpoints:
            return []
        mined, tip = self._scanner.spending(self._began_at, outpoints)
        found = [_confirmed(one, tip) for one in mined]
        query = [{"txid": one.txid, "vout": one.index} for one in sorted(set(outpoints))]
        spenders = {one.get("spendingtxid") for one in self._client.call("gettxspendingprevout", query)} - {None}
        return found + self._unconfirmed(sorted(spenders))

    def transaction(self, txid: str) -> LedgerTransaction | None:
        """See :class:`hil.ports.Ledger`."""
        mined, tip = self._scanner.find(self._began_at, txid)
        if mined is not None:
            return _confirmed(mined, tip)
        try:
            return self._unconfirmed([txid])[0]
        except RpcError as error:
            if error.code == _NOT_FOUND:
                return None
            raise

    def _unconfirmed(self, txids: Sequence[str]) -> list[LedgerTransaction]:
        """Return transactions of the mempool, parents before children."""
        entries = self._client.batch([("getmempoolentry", txid) for txid in txids])
        raws = self._client.batch([("getrawtransaction", txid) for txid in txids])
        rows = sorted(zip(txids, entries, raws, strict=True), key=lambda row: (row[1]["ancestorcount"], row[0]))
        return [
            LedgerTransaction(txid, bytes.fromhex(raw), to_satoshi(entry["fees"]["base"]), 0)
            for txid, entry, raw in rows
        ]

    def _time_call(self) -> list[tuple[Any, ...]]:
        present = int(self._origin + self._now())
        if present <= self._mock_time:
            return []
        self._mock_time = present
        return [("setmocktime", present)]

    def _block_call(self) -> tuple[Any, ...]:
        # a new script each time: a block mined again after a reorganisation must not be the same, refused, block
        self._blocks_mined += 1
        script = Key(derive(self._seed, f"miner/{self._blocks_mined}")).p2wpkh_script
        return ("generatetodescriptor", 1, f"raw({script.hex()})")

    def _take_over(self, tip_time: int) -> None:
        """Continue on a chain that was used before: later than its tip, with what is left of this seed's money."""
        self._mock_time = max(EPOCH, tip_time) + 1
        self._client.batch([("setmocktime", self._mock_time), self._block_call()])
        self._height += 1
        left = self._client.call("scantxoutset", "start", [f"raw({self._wallet.script.hex()})"])["unspents"]
        coinbases = {}
        for one in sorted(left, key=lambda one: (one["height"], one["txid"])):
            coin = Coin(OutPoint(one["txid"], one["vout"]), to_satoshi(one["amount"]), self._wallet.script)
            if one.get("coinbase"):
                coinbases[int(one["height"])] = coin
            else:
                self._wallet.take(coin)
        self._share_out(coinbases)
        if not left:
            self._mine_more_for_wallet()

    def _share_out(self, coinbases: Mapping[int, Coin]) -> None:
        """Give coinbases, by height, to the tree and the wallet; the tree gets all its roots or none."""
        roots = [coinbases[height] for height in _ROOT_HEIGHTS if height in coinbases]
        whole = len(roots) == ROOTS
        if whole:
            self._tree = CoinTree(roots, self._wallet.keys)
        for height, coin in coinbases.items():
            if not whole or height not in _ROOT_HEIGHTS:
                self._wallet.take_coinbase(height, coin)

    def _mine_more_for_wallet(self) -> None:
        tip = self._client.call("getbestblockhash")
        time = int(self._client.call("getblockheader", tip)["time"])
        self._mock_time = max(self._mock_time, time + PREMINED)
        self._client.call("setmocktime", self._mock_time)
        self._mine_for_wallet(tip, time + 1, 1)

    def _mine_for_wallet(self, tip: str, time: int, interval: int) -> None:
        first = self._height + 1
        for height, coin in enumerate(self._mine_blocks(tip, time, interval), first):
            self._wallet.take_coinbase(height, coin)

    def _mine_blocks(self, tip: str, time: int, interval: int) -> list[Coin]:
        """Mine empty blocks for the wallet; return their coinbases in the order of the chain."""
        if subsidy(self._height + PREMINED) < _LEAST_SUBSIDY:
            raise ConfigurationError(
                f"the chain has {self._height} blocks and mining pays next to nothing",
                place=self._client.endpoint.place,
                remedy="Start the node on a new data directory",
            )
        calls, coinbases = [], []
        for offset in range(1, PREMINED + 1):
            block = empty_block(tip, self._height + offset, time + offset * interval, self._wallet.script)
            calls.append(("submitblock", block.raw.hex()))
            coinbases.append(block.coinbase)
            tip = block.hash
        refusals = {str(answer) for answer in self._client.batch(calls)} - {"None"}
        if refusals:
            raise RigFault(f"the node refused our blocks: {', '.join(refusals)}", place=self._client.endpoint.place)
        self._height += PREMINED
        return coinbases


def _confirmed(mined: Mined, tip: int) -> LedgerTransaction:
    return LedgerTransaction(mined.txid, mined.raw, mined.fee, tip - mined.height + 1)

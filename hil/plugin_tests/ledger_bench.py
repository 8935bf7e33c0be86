"""A regtest node of its own, as the tests of a view of the ledger use it: coins, spends, blocks, reorganisations."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from bitcoin.core import COutPoint, CTransaction, CTxIn, CTxOut, b2lx, lx
from bitcoin.core.script import CScript

from hil.chain.attacks.delay_proxy import Gate
from hil.chain.client.rpc import RpcClient, RpcEndpoint
from hil.chain.electrum.client import ElectrumClient
from hil.chain.electrum.server import ElectrumServer
from hil.chain.electrum.sync import ServerFollower
from hil.chain.funding.regtest_ledger import RegtestLedger
from hil.chain.node.base import Node
from hil.chain.views.servers import ELECTRUM, LedgerServer
from hil.protocol.payment.coins import Coin
from hil.protocol.payment.signing import Key, sign_transaction
from hil.units import Satoshi

VALUE = Satoshi(50_350)
"""Of each coin."""
FEE = 500
OWNER = Key(b"\x21" * 32)
"""Owns every coin."""
ELSEWHERE = b"\x00\x14" + b"\x55" * 20
"""A script to which the owner pays."""
POLL_MS = 20
"""How often an Electrum server looks at its node."""

SEED = 2017
"""Of the bench's coins: a node that other tests use as well has no coins of this seed."""


@dataclass
class LedgerBench:
    """A node with the bench's hand on it, and the server that a view asks.

    :param server: for the view.
    :param settled: waits until that server shows what the node has.
    """

    client: RpcClient
    ledger: RegtestLedger
    server: LedgerServer
    settled: Callable[[], None]
    _blocks: int = field(default=0)

    def fund(self) -> Coin:
        """Pay a confirmed coin to ``OWNER``, and wait until the server shows it."""
        coin = self.ledger.fund(OWNER.p2wpkh_script, VALUE)[0]
        self.settled()
        return coin

    def mine(self, blocks: int = 1) -> None:
        """Mine the mempool into blocks, and wait likewise."""
        self.ledger.mine(blocks)
        self.settled()

    def reorganise(self) -> None:
        """Replace the newest block by two others that hold nothing of it, and wait likewise."""
        self.client.call("invalidateblock", self.client.call("getbestblockhash"))
        for _ in range(2):
            self._blocks += 1
            self.client.call("generateblock", f"raw(0014{self._blocks:040x})", [])
        self.settled()
        self.ledger.begin()


@contextlib.contextmanager
def ledger_bench(node: Node, asks: str) -> Iterator[LedgerBench]:
    """Return the bench on a node that runs, with the server that a view ``asks``; that is ended afterwards."""
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(contextlib.closing(RpcClient(node.endpoint)))
        ledger = RegtestLedger(client, seed=SEED, now=lambda: 0.0)
        ledger.prepare()
        ledger.begin()
        end = node.endpoint
        server, settled = LedgerServer(end.host, end.port, end.user, end.password), _at_once
        if asks == ELECTRUM:
            electrum = stack.enter_context(ElectrumServer(end, poll_ms=POLL_MS))
            server = LedgerServer(electrum.endpoint.host, electrum.endpoint.port)
            asking = stack.enter_context(contextlib.closing(ElectrumClient(electrum.endpoint)))
            settled = ServerFollower(client, asking).catch_up
        yield LedgerBench(client, ledger, server, settled)


@contextlib.contextmanager
def gated(server: LedgerServer) -> Iterator[tuple[Gate, LedgerServer]]:
    """Return a gate in front of ``server``, and the server behind it as a view sees that."""
    with Gate(RpcEndpoint(server.host, server.port, server.user, server.password)) as gate:
        yield gate, replace(server, host=gate.endpoint.host, port=gate.endpoint.port)


def spend(coin: Coin, to: bytes = ELSEWHERE, *, fee: int = FEE, version: int = 2, locktime: int = 0) -> bytes:
    """Return a transaction, signed by ``OWNER``, that spends all of ``coin``."""
    txin = CTxIn(COutPoint(lx(coin.outpoint.txid), coin.outpoint.index), nSequence=0 if locktime else 0xFFFFFFFF)
    unsigned = CTransaction([txin], [CTxOut(coin.value - fee, CScript(to))], locktime, version)
    raw: bytes = sign_transaction(unsigned, [coin], {OWNER.p2wpkh_script: OWNER}).serialize()
    return raw


def txid_of(transaction: bytes) -> str:
    """Return the id of a transaction."""
    return str(b2lx(CTransaction.deserialize(transaction).GetTxid()))


def _at_once() -> None:
    """A node shows what it has."""

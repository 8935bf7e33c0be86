"""A fresh node with bank, adversary, miner and watcher, for the tests of attacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from hil.chain.attacks.blocks import Miner
from hil.chain.attacks.spends import Adversary, spend, txid_of
from hil.chain.client.rpc import RpcClient
from hil.chain.client.zmq_watcher import Watcher
from hil.chain.funding.regtest_ledger import RegtestLedger
from hil.chain.node.snapshot import OwnNode, fresh_node
from hil.chain.views.full_node import NodeView
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import Key
from hil.units import Satoshi

if TYPE_CHECKING:
    from types import TracebackType

SEED: Final = 7
CABLE: Final = Key(b"\x21" * 32)
SOCKET_SCRIPT: Final = b"\x00\x14" + b"\x55" * 20
KEYS: Final = {CABLE.p2wpkh_script: CABLE}
FEE: Final = 1_410
"""10 sat/vB."""


@dataclass(frozen=True)
class Paid:
    """A payment of 10 000 sat from a coin of 60 000 sat."""

    raw: bytes
    coin: Coin

    @property
    def txid(self) -> str:
        return txid_of(self.raw)

    @property
    def change(self) -> Coin:
        return Coin(OutPoint(self.txid, 1), Satoshi(60_000 - 10_000 - FEE), CABLE.p2wpkh_script)


class AdversaryBench:
    """A context manager; the bench's time is moved by hand."""

    def __init__(self, provider: str, *options: str, peers: bool = False) -> None:
        self.node: OwnNode = fresh_node(SEED, provider, options=options, peers=peers)
        self.time = 0.0

    def __enter__(self) -> Self:
        self.node.start()
        self.client = RpcClient(self.node.endpoint)
        self.ledger = RegtestLedger(self.client, seed=SEED, now=lambda: self.time)
        self.ledger.prepare()
        self.view = NodeView(self.client)
        self.adversary = Adversary(self.client, SEED, KEYS)
        self.miner = Miner(self.client, SEED)
        self.watcher = Watcher(self.client, now=lambda: self.time, address=self.node.notifications)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.watcher.close()
        self.client.close()
        self.node.stop()

    def payment(self, *, sent: bool = True) -> Paid:
        """Fund a coin and pay from it; what happened until then the watcher has taken in."""
        paid = self.payment_unwatched(sent=sent)
        self.watcher.catch_up()
        return paid

    def payment_unwatched(self, *, sent: bool = True) -> Paid:
        """Do the same on a node that was restarted, so that its sequence numbers began anew."""
        (coin,) = self.ledger.fund(CABLE.p2wpkh_script, Satoshi(60_000))
        raw = spend([coin], KEYS, [(SOCKET_SCRIPT, 10_000), (CABLE.p2wpkh_script, 60_000 - 10_000 - FEE)])
        if sent:
            assert self.view.broadcast(raw).allowed
        return Paid(raw, coin)

    def changes(self) -> str:
        """Return the letters of what happened since the last look."""
        return "".join(one.change.value for one in self.watcher.catch_up())

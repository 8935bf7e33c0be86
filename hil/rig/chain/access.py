"""The chain as one scenario has it: a node, the bench's hand on it, and the ways in which the socket may see it.

A run has one of these for all its scenarios; one tagged ``@fresh_node`` gets a node of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from hil.chain.attacks import node as attacks_node
from hil.chain.attacks.delay_proxy import Gate
from hil.chain.attacks.mempool import SMALL_MEMPOOL
from hil.chain.attacks.node import STILL_DOWNLOADING
from hil.chain.attacks.partition import TwoNodes
from hil.chain.client.rpc import LedgerUnavailable, RpcClient
from hil.chain.client.zmq_watcher import Watcher
from hil.chain.funding.regtest_ledger import RegtestLedger
from hil.chain.node.snapshot import fresh_node
from hil.chain.views.full_node import NodeView
from hil.errors import AuthorError, ConfigurationError, RigFault
from hil.rig.chain.electrum import LedgerViews

if TYPE_CHECKING:
    from hil.chain.client.zmq_watcher import Notification
    from hil.chain.node.base import Node
    from hil.chain.node.snapshot import OwnNode
    from hil.protocol.payment.coins import Coin
    from hil.units import Satoshi

NODE_PATIENCE_S = 10.0
"""For each answer of the bench's node. A busy machine may need a second; meanwhile the mains are on."""

PARTITION, OTHER_NETWORK = "partition", "other_network"
"""Tags that give the scenario a second node: one on the far side of a line that can be cut, or one of another network
that the socket asks instead of the bench's."""
OTHER_CHAIN = "signet"
FRESH_NODE, BEHIND = "fresh_node", "still_downloading"
NODE_TAGS: dict[str, tuple[str, ...]] = {
    FRESH_NODE: (),
    "small_mempool": SMALL_MEMPOOL,
    BEHIND: STILL_DOWNLOADING,
    PARTITION: (),
    OTHER_NETWORK: (),
}
"""Tags that give a scenario a node of its own, with the options that each adds."""


class ChainAccess:
    """See the module's docstring. Built with a node that runs; ``close`` leaves that to its owner.

    :param now: the scenario's time in seconds.
    :param behind: the same node, if it is to be in initial download for the devices.
    """

    def __init__(self, node: Node, seed: int, now: Callable[[], float], *, behind: OwnNode | None = None) -> None:
        self.node = node
        self.seed = seed
        self.rpc = RpcClient(node.endpoint, timeout=NODE_PATIENCE_S)
        self._offset = 0.0
        self._behind = behind
        self.ledger = RegtestLedger(self.rpc, seed=seed, now=lambda: self._offset + now())
        self.view = NodeView(self.rpc)
        self.views = LedgerViews(self.rpc)
        self.asked: Node | None = None
        """The node that the socket asks, if it is not the bench's."""
        self.two: TwoNodes | None = None
        """The bench's node and one on the far side, where the scenario has both."""
        self.taken_away = False
        """True while a scenario has taken the node away on purpose."""
        self.was_taken_away = False
        """True from the first time on."""
        self._gate: Gate | None = None
        self.on_change: Callable[[Notification], None] = _nobody
        """Gets everything that the node publishes, in its order."""
        self._pokes = 0
        self._seen = 0
        self._now = now
        self._watcher: Watcher | None = None
        try:
            self.ledger.prepare()
            self._watcher = self._new_watcher()
        except BaseException:
            self.close()
            raise

    def rewind(self, elapsed: float) -> None:
        """Let the chain's time be ``elapsed`` seconds further on than the scenario's, as where another one is over."""
        self._offset += elapsed

    def fund(self, script: bytes, value: Satoshi, outputs: int) -> list[Coin]:
        """Give somebody coins; a node that is to be behind is started again, for its new block has brought it up."""
        coins = self.ledger.fund(script, value, outputs=outputs)
        if self._behind is not None:
            attacks_node.shut_down(self._behind)
            attacks_node.restart(self._behind)
            self.restarted()
        return coins

    def substitute(self, scenario: str, preference: str | None) -> OwnNode | None:
        """Return a node, not started yet, for a scenario whose coin another one has had on this node.

        On the fresh node its evidence equals that of a solo run. None if its coin is still there, or the node is
        external.
        """
        if not self.ledger.is_taken(scenario) or self.node.describe().provider == "external":
            return None
        return fresh_node(self.seed, preference)

    def changes(self) -> int:
        """Return how often the chain or the node was changed from this side."""
        return self.rpc.changes + self._pokes

    def touched(self) -> int:
        """Return the number of :meth:`changes`; wait first until a server shows them."""
        changes = self.changes()
        if changes != self._seen and not self.taken_away:
            self._seen = changes
            self.look()
        return changes if self.taken_away else self.views.follow(changes)

    def look(self) -> None:
        """Take in all that has happened at the node up to now; virtual time stands still meanwhile."""
        if self._watcher is not None and not self.taken_away:
            for notification in self._watcher.catch_up():
                if not self.ledger.is_own_business(notification.hash):
                    self.on_change(notification)

    def restarted(self) -> None:
        """The node was started again: its notifications count from the beginning."""
        if self._watcher is not None:
            self._watcher.close()
        self._watcher = self._new_watcher()

    def _new_watcher(self) -> Watcher | None:
        try:
            return Watcher(self.rpc, now=self._now)
        except ConfigurationError:
            return None  # an external node that publishes nothing; what the bench asks it is recorded all the same

    def take_away(self) -> None:
        """Say that the node is gone on purpose, until :meth:`give_back`."""
        self.taken_away = self.was_taken_away = True
        self.poke()

    def give_back(self) -> None:
        """Say that the node is there again."""
        self.taken_away = False
        self.poke()

    def poke(self) -> None:
        """Say that the node was changed past its RPC: paused, ended, started again."""
        self._pokes += 1

    def access(self, *, gated: bool) -> dict[str, Any]:
        """Return what the virtual bench must know to ask the socket's node.

        :param gated: by way of a gate, so that :meth:`let_be_late` can hold its answers up.
        """
        endpoint = (self.asked or self.node).endpoint
        if gated:
            self._gate = self._gate or Gate(endpoint)
            self._gate.delay = self._gate.silence = 0.0
            endpoint = self._gate.endpoint
        return {"host": endpoint.host, "port": endpoint.port, "user": endpoint.user, "password": endpoint.password}

    def let_be_late(self, seconds: float) -> None:
        """Let the answers to a device behind the gate come so many seconds of wall time later."""
        if self._gate is None:
            raise AuthorError("the socket's node does not stand behind a gate of this bench")
        self._gate.delay = seconds

    def silence(self) -> str:
        """Return for how long the node left a device behind the gate without an answer; empty if it always answered."""
        took = self._gate.silence if self._gate is not None else 0.0
        return f"it took {took:.1f} s for an answer, or gave none" if took else ""

    def lost(self) -> str:
        """Return why the node or the Electrum server does not answer although no scenario took it away, else empty."""
        if self.taken_away:
            return ""
        try:
            self.rpc.call("getblockcount")
            self.views.check()
        except LedgerUnavailable as error:
            return str(error)
        return ""

    def refuse_silence(self) -> None:
        """Raise RigFault if the node does not answer although no scenario took it away."""
        if self.taken_away:
            return
        with _blaming_the_node():
            self.rpc.call("getblockcount")

    def refuse_stale(self) -> None:
        """Raise RigFault if the node does not follow its chain although no scenario took it away.

        A block is mined for that: a node that answers from memory would still tell an old tip.
        """
        if self.taken_away:
            return
        self.on_change = _nobody
        with _blaming_the_node():
            self.ledger.mine()

    def close(self) -> None:
        """Let go of the node; a second time changes nothing."""
        if self._gate is not None:
            self._gate.close()
        if self.two is not None:
            self.two.close()
        if self._watcher is not None:
            self._watcher.close()
        self.views.close()
        self.rpc.close()


def _nobody(_: Notification) -> None:
    """Until a scenario records what happens on the ledger."""


@contextlib.contextmanager
def _blaming_the_node() -> Iterator[None]:
    try:
        yield
    except RigFault as error:
        raise RigFault(
            f"the bench lost its node: {error}", place="node", remedy="See its log; start it anew."
        ) from error


def own_node(tags: Iterable[str], seed: int, preference: str | None) -> OwnNode | None:
    """Return the node, not started yet, that a scenario with these tags wants for itself; None if it wants none."""
    wanted = [tag for tag in tags if tag in NODE_TAGS]
    if not wanted:
        return None
    options = [option for tag in wanted for option in NODE_TAGS[tag]]
    return fresh_node(seed, preference, options=options, peers=PARTITION in wanted)


@contextlib.contextmanager
def second_node(chain: ChainAccess, tags: Iterable[str], preference: str | None) -> Iterator[None]:
    """Start what the tags want beside the node of ``chain``; it is ended afterwards."""
    if PARTITION in tags:
        with fresh_node(chain.seed, preference, peers=True) as far:
            chain.two = TwoNodes(chain.node, far)  # type: ignore[arg-type]  # own_node made it
            chain.two.connect()
            yield
    elif OTHER_NETWORK in tags:
        with fresh_node(chain.seed, preference, chain=OTHER_CHAIN) as other:
            chain.asked = other
            yield
    else:
        yield

"""Two nodes that talk to each other only; the line between them can be cut and mended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hil.chain.client.rpc import RpcClient
from hil.clock import WallClock, stopwatch
from hil.errors import RigFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.chain.node.snapshot import OwnNode

MEETING_TIMEOUT: Final = 10.0
_POLL: Final = 0.005
_TOO_FAR: Final = 7200
"""Seconds by which a block may be ahead of a node's time (consensus)."""


def wait_until(condition: Callable[[], bool], timeout: float, what: str, last_seen: Callable[[], str]) -> None:
    """Ask ``condition`` until it holds; RigFault after ``timeout`` seconds of wall time, with what was seen last."""
    elapsed, pause = stopwatch(), WallClock()
    while not condition():
        if elapsed() >= timeout:
            raise RigFault(f"waited {timeout:g} s for {what} in vain; last seen: {last_seen()}")
        pause.sleep(_POLL)


class TwoNodes:
    """The bench's node and another one, each with its own miner and mempool, on loopback.

    Both must have been started with ``peers=True``. Each calls the other, since a node passes transactions on at
    once only to one that called it and is whitelisted: 0.1 s instead of 1 to 10 s, and under mock time at all.

    :param first: the node that the device sees.
    :param second: the one on the far side, the adversary's.
    """

    def __init__(self, first: OwnNode, second: OwnNode) -> None:
        self._nodes = (first, second)
        self.first = RpcClient(first.endpoint)
        self.second = RpcClient(second.endpoint)

    def close(self) -> None:
        """Drop the connections to the nodes; they keep running."""
        self.first.close()
        self.second.close()

    def connect(self) -> None:
        """Let the two meet, or meet again, and wait until they have the same best block.

        An honest node takes the chain with more work; transactions that are in one mempool only stay there. Raises
        RigFault if they do not agree in 10 s, e.g. because one refuses the other's block.
        """
        for client in (self.first, self.second):
            client.call("setnetworkactive", True)
        # a call to a node that is not active yet would be tried again 2 s later
        for client, other in zip((self.first, self.second), reversed(self._nodes), strict=True):
            if not self._calls_out(client):
                client.call("addnode", other.peer_address, "onetry")
        wait_until(self._met, MEETING_TIMEOUT, "the two nodes to meet", self._peers)
        self.wait_for_same_tip()

    def part(self) -> None:
        """Cut the line: from now on each mines and takes transactions for itself, and neither notices."""
        for client in (self.first, self.second):
            client.call("setnetworkactive", False)
        wait_until(self._alone, MEETING_TIMEOUT, "the two nodes to part", self._peers)

    def wait_for_same_tip(self, timeout: float = MEETING_TIMEOUT) -> str:
        """Return the hash of the best block once both have it; the second follows the first's time before that."""
        self._follow_time()
        seen: list[str] = []

        def same() -> bool:
            seen[:] = [client.call("getbestblockhash") for client in (self.first, self.second)]
            return seen[0] == seen[1]

        wait_until(same, timeout, "the two nodes to have the same best block", lambda: " and ".join(seen))
        return seen[0]

    def wait_for_relay(self, txid: str, timeout: float = MEETING_TIMEOUT) -> None:
        """Return once both mempools hold ``txid``.

        What it spends must be known to both before it is sent (:meth:`wait_for_same_tip`): a node drops a transaction
        whose inputs it does not know, and is not told of it a second time.
        """

        def relayed() -> bool:
            return all(txid in client.call("getrawmempool") for client in (self.first, self.second))

        def seen() -> str:
            return f"{self.first.call('getrawmempool')} and {self.second.call('getrawmempool')}"

        wait_until(relayed, timeout, f"both nodes to have {txid}", seen)

    def _follow_time(self) -> None:
        """Set back no node's time, but let none refuse the other's blocks as being from the future."""
        tips = [self._tip_time(client) for client in (self.first, self.second)]
        if tips[0] > tips[1]:
            self.second.call("setmocktime", tips[0])
        elif tips[1] > tips[0] + _TOO_FAR:
            self.first.call("setmocktime", tips[1])

    @staticmethod
    def _tip_time(client: RpcClient) -> int:
        return int(client.call("getblockchaininfo")["time"])

    @staticmethod
    def _greeted(client: RpcClient) -> list[dict[str, Any]]:
        return [peer for peer in client.call("getpeerinfo") if peer["version"] != 0]

    def _calls_out(self, client: RpcClient) -> bool:
        return any(not peer["inbound"] for peer in client.call("getpeerinfo"))

    def _met(self) -> bool:
        return all(len(self._greeted(client)) == 2 for client in (self.first, self.second))

    def _alone(self) -> bool:
        return not any(client.call("getconnectioncount") for client in (self.first, self.second))

    def _peers(self) -> str:
        counts = [len(self._greeted(client)) for client in (self.first, self.second)]
        return f"{counts[0]} and {counts[1]} peers greeted (2 when met)"

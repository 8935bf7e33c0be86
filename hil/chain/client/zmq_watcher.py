"""Watching a node: every change of its mempool and its chain, once, in order, with the time bounds of each.

The node publishes them over ZeroMQ (topic ``sequence``: Bitcoin Core, ``doc/zmq.md``). ZeroMQ promises no delivery,
so the watcher counts: messages by their number, and the mempool's changes against its sequence number
(``getrawmempool false true``). What is missing is found by comparison, and then told like the rest.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import zmq

from hil.chain.client.rpc import RpcClient, RpcError
from hil.clock import stopwatch
from hil.errors import ConfigurationError, RigFault
from hil.units import Second

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

CATCH_UP_TIMEOUT: Final = 10.0
QUIET_S: Final = 1.0
"""Seconds of wall time without a message, while changes are missing, after which they count as lost; a message takes
0.5 ms (research), but the machine may be busy."""
SUBSCRIBING_MS: Final = 20
"""Milliseconds for the subscription to reach the publisher, which confirms none; what it misses is found later."""

_CONNECT_TIMEOUT: Final = 5.0
_NOT_FOUND: Final = -5
_TOPIC: Final = b"sequence"
_LONGEST_CHAIN: Final = 1000


class Change(enum.StrEnum):
    """What changed at the node; the value is the letter that it publishes."""

    ADDED = "A"
    """A transaction came into the mempool."""
    REMOVED = "R"
    """A transaction left the mempool without being in a block: replaced, evicted, expired, or in conflict with a
    block. For a socket that waits for it this is the double-spend alarm."""
    CONNECTED = "C"
    """A block became part of the best chain; its transactions leave the mempool without a word of their own."""
    DISCONNECTED = "D"
    """A block is no longer part of the best chain: a reorganisation. A payment in it that conflicts with the new chain
    is gone without a ``REMOVED`` of its own if it never got back into the mempool: ask ``LedgerView.conflict``."""


@dataclass(frozen=True)
class Notification:
    """One change.

    :param hash: txid or block hash, as people and RPC write it.
    :param earliest: bench time of the watcher's last look before it was received: it was not there yet.
    :param latest: bench time at which it was received; the truth is in between.
    :param found: true if the message itself was lost and the change found by comparison; order is then not known.
    """

    change: Change
    hash: str
    earliest: Second
    latest: Second
    found: bool = False

    @property
    def is_block(self) -> bool:
        """Whether it is about a block; else about a transaction."""
        return self.change in {Change.CONNECTED, Change.DISCONNECTED}


class NotCaughtUp(RigFault):
    """The node's notifications did not reach the watcher in time."""


class Watcher:
    """Takes in what one node publishes; a context manager.

    :param client: to the same node, for the numbers to count against.
    :param address: of its publisher, ``node.notifications``; default: what the node says (``getzmqnotifications``).
    :param now: the bench's time in seconds.

    Raises ConfigurationError if the node publishes nothing, NotCaughtUp if the publisher cannot be reached.
    """

    def __init__(self, client: RpcClient, *, now: Callable[[], float], address: str = "") -> None:
        self._client = client
        self._now = now
        self._listener: Callable[[Notification], None] = _nobody
        self._last_look = Second(now())
        self._next_message: int | None = None
        self._pool: set[str] = set()
        self._tip = ""
        self._sequence = 0  # how many changes of the mempool were taken in, of all since the node's start
        self._known = 0  # as of the last comparison
        self.resynchronised = 0
        """How often something was missing and had to be found by comparison."""
        self.published = 0
        """Total changes taken in."""
        self._context = zmq.Context()
        try:
            self._socket = self._connect(address or _published_at(client))
            self._compare(tell=False)
        except BaseException:
            self.close()
            raise

    def listen(self, listener: Callable[[Notification], None]) -> None:
        """Hand every change from now on to ``listener``, in the node's order; replaces an earlier listener."""
        self._listener = listener

    def poll(self) -> list[Notification]:
        """Take in what has come so far, without waiting for more. For a bench on the wall clock, between waits."""
        taken: list[Notification] = []
        latest = Second(self._now())
        while self._socket.poll(0):
            taken += self._receive(latest)
        self._last_look = latest
        return taken

    def catch_up(self, timeout: float = CATCH_UP_TIMEOUT) -> list[Notification]:
        """Take in everything that has happened at the node before this call.

        For a bench in virtual time, which stands still meanwhile: afterwards it may move on without overtaking the
        chain. Takes an RPC and the publisher's delay, about 1 ms.

        Raises NotCaughtUp after ``timeout`` seconds of wall time, LedgerUnavailable if the node does not answer.
        """
        _, sequence, tip = self._node_state()
        elapsed, quiet = stopwatch(), stopwatch()
        latest = Second(self._now())
        taken: list[Notification] = []
        while self._behind(sequence, tip):
            if elapsed() >= timeout:
                raise NotCaughtUp(
                    f"waited {timeout:g} s for the node's notifications in vain; last seen: {self._state()}, the node "
                    f"has mempool sequence {sequence} and best block {tip}",
                    place=self._client.endpoint.place,
                )
            if self._socket.poll(1):
                taken += self._receive(latest)
                quiet = stopwatch()
            elif quiet() >= QUIET_S:
                taken += self._compare()
                _, sequence, tip = self._node_state()
        while self._socket.poll(0):
            taken += self._receive(latest)
        self._last_look = latest
        return taken

    def close(self) -> None:
        """End the watching; may be called repeatedly."""
        self._context.destroy(linger=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _connect(self, address: str) -> zmq.Socket[bytes]:
        subscriber = self._context.socket(zmq.SUB)
        subscriber.setsockopt(zmq.RCVHWM, 0)
        subscriber.setsockopt(zmq.SUBSCRIBE, _TOPIC)
        monitor = subscriber.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        subscriber.connect(address)
        reached = monitor.poll(int(_CONNECT_TIMEOUT * 1000))
        subscriber.disable_monitor()
        monitor.close(linger=0)
        if not reached:
            raise NotCaughtUp(
                f"waited {_CONNECT_TIMEOUT:g} s for the node's publisher at {address} in vain",
                place=self._client.endpoint.place,
            )
        subscriber.poll(SUBSCRIBING_MS)
        return subscriber

    def _behind(self, sequence: int, tip: str) -> bool:
        return self._sequence < sequence or (self._sequence == sequence and self._tip != tip)

    def _state(self) -> str:
        return f"mempool sequence {self._sequence} and best block {self._tip}"

    def _node_state(self) -> tuple[set[str], int, str]:
        """Return the mempool, how many changes it has seen, and the best block, as of one instant."""
        while True:
            before, pool, tip = self._client.batch(
                [("getbestblockhash",), ("getrawmempool", False, True), ("getbestblockhash",)]
            )
            if before == tip:
                return set(pool["txids"]), int(pool["mempool_sequence"]), str(tip)

    def _receive(self, latest: Second) -> list[Notification]:
        _, body, number = self._socket.recv_multipart()
        (message,) = struct.unpack("<I", number)
        missing = self._next_message is not None and message != self._next_message
        self._next_message = (message + 1) % 2**32
        if missing:
            return self._compare()
        change = Change(chr(body[32]))
        identity = body[:32].hex()
        if change in {Change.ADDED, Change.REMOVED}:
            (sequence,) = struct.unpack("<Q", body[33:41])
            if sequence < self._known:
                return []  # it was there already when we compared
            if change is Change.ADDED and identity in self._pool:
                return self._compare()
            self._sequence += 1
            if change is Change.REMOVED and identity not in self._pool:
                return []  # one that a full mempool dropped as it came in: nobody was told that it came
            self._pool ^= {identity}
        elif change is Change.CONNECTED:
            if identity == self._tip:
                return []  # as above
            block = self._block(identity)
            if block is None or block["previousblockhash"] != self._tip:
                return self._compare()
            self._tip = identity
            # a transaction that leaves for a block counts, too, though nothing is published about it
            confirmed = self._pool & set(block["tx"])
            self._sequence += len(confirmed)
            self._pool -= confirmed
        else:
            block = self._block(identity)
            if identity != self._tip or block is None:
                return self._compare()
            self._tip = str(block["previousblockhash"])
        return [self._tell(change, identity, latest)]

    def _compare(self, *, tell: bool = True) -> list[Notification]:
        """Read the node's whole state, and tell what differs from what was known."""
        txids, sequence, tip = self._node_state()
        told: list[Notification] = []
        if tell:
            self.resynchronised += 1
            latest = Second(self._now())
            gone, come, confirmed = self._blocks_between(self._tip, tip)
            found = [(Change.DISCONNECTED, one) for one in gone] + [(Change.CONNECTED, one) for one in come]
            found += [(Change.REMOVED, one) for one in sorted(self._pool - txids - confirmed)]
            found += [(Change.ADDED, one) for one in sorted(txids - self._pool)]
            told = [self._tell(change, identity, latest, found=True) for change, identity in found]
        self._pool, self._tip = txids, tip
        self._sequence = self._known = sequence
        return told

    def _blocks_between(self, old: str, new: str) -> tuple[list[str], list[str], set[str]]:
        """Return the blocks that left the best chain and those that joined it, in order, and the latter's txids."""
        gone: list[str] = []
        come: list[str] = []
        confirmed: set[str] = set()
        left, right = self._block(old), self._block(new)
        for _ in range(_LONGEST_CHAIN):
            if left is None or right is None or left["hash"] == right["hash"]:
                return gone, come[::-1], confirmed
            if left["height"] >= right["height"]:
                gone.append(str(left["hash"]))
                left = self._block(left["previousblockhash"])
            else:
                come.append(str(right["hash"]))
                confirmed |= set(right["tx"])
                right = self._block(right["previousblockhash"])
        raise NotCaughtUp(f"more than {_LONGEST_CHAIN} blocks went by unseen", place=self._client.endpoint.place)

    def _block(self, identity: str) -> dict[str, Any] | None:
        try:
            block: dict[str, Any] = self._client.call("getblock", identity, 1)
        except RpcError as error:
            if error.code == _NOT_FOUND:
                return None
            raise
        return block

    def _tell(self, change: Change, identity: str, latest: Second, *, found: bool = False) -> Notification:
        notification = Notification(change, identity, min(self._last_look, latest), latest, found)
        self.published += 1
        self._listener(notification)
        return notification


def _published_at(client: RpcClient) -> str:
    for one in client.call("getzmqnotifications"):
        if one["type"] == "pubsequence":
            return str(one["address"])
    raise ConfigurationError(
        "the node publishes no changes of its mempool",
        place=client.endpoint.place,
        remedy="Start it with -zmqpubsequence=tcp://127.0.0.1:28332",
    )


def _nobody(_: Notification) -> None:
    """Stand in where there is no listener."""

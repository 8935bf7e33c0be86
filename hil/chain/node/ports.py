"""The sockets of a node: RPC, notifications, and other nodes of ours; all on loopback, on ports that are free now."""

from __future__ import annotations

import socket
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

PEER_HOST: Final = "127.0.0.1"

_RPC_PORT: Final = 18443
_NOTIFICATION_PORT: Final = 28332


@dataclass(frozen=True)
class Sockets:
    """The sockets of a bitcoind in a container.

    :param options: of bitcoind.
    :param settings: of the container.
    :param rpc: port inside the container, as are the others.
    :param peers: 0 if it listens for no other node.
    """

    options: list[str]
    settings: dict[str, Any] = field(default_factory=dict)
    rpc: int = _RPC_PORT
    notifications: int = _NOTIFICATION_PORT
    peers: int = 0


_given: deque[int] = deque(maxlen=256)
"""Ports that :func:`free_port` has given away, which need not be in use yet."""


def free_port() -> int:
    """Return a port of the loopback interface that is free at this moment, and none that was just given."""
    while True:
        with socket.socket() as probe:
            probe.bind((PEER_HOST, 0))
            port = int(probe.getsockname()[1])
        if port not in _given:
            _given.append(port)
            return port


def on_host_network(*, peers: bool) -> Sockets:
    """Return the sockets of a container that has the host's network."""
    rpc, notifications, others = free_port(), free_port(), free_port() if peers else 0
    options = [f"-rpcbind={PEER_HOST}", f"-rpcallowip={PEER_HOST}", f"-rpcport={rpc}"]
    options += notification_options(f"tcp://{PEER_HOST}:{notifications}")
    options += peer_options(others) if peers else []
    return Sockets(options, {"network_mode": "host"}, rpc, notifications, others)


def on_bridge() -> Sockets:
    """Return the sockets of a container behind Docker's bridge, published on ports of loopback that Docker picks."""
    # inside, calls come from Docker's own bridge; outside, the ports are on loopback only
    options = ["-rpcbind=0.0.0.0", "-rpcallowip=0.0.0.0/0", f"-rpcport={_RPC_PORT}"]
    options += notification_options(f"tcp://0.0.0.0:{_NOTIFICATION_PORT}")
    published = {f"{port}/tcp": (PEER_HOST, None) for port in (_RPC_PORT, _NOTIFICATION_PORT)}
    return Sockets(options, {"ports": published})


def peer_options(port: int) -> list[str]:
    """Return the options by which a node listens for other nodes of ours, and not to the outside.

    Without ``noban`` a transaction waits until the node's own, mocked, time has gone on by some seconds before it is
    told to the other node. The second bind keeps the node from listening on Tor's usual port, where two would
    collide. The last option keeps it from giving up its peers when the mock time leaps (20 minutes without a word,
    as it seems to it).
    """
    return [
        "-listen=1",
        f"-whitebind=noban@{PEER_HOST}:{port}",
        f"-bind={PEER_HOST}:{free_port()}=onion",
        "-listenonion=0",
        "-peertimeout=999999999",
    ]


def notification_options(address: str) -> list[str]:
    """Return the options by which a node publishes its mempool's and its chain's changes at ``address``.

    No limit to what may wait for a slow reader: ZeroMQ would drop the rest without a word.
    """
    return [f"-zmqpub{topic}{rest}" for topic in ("sequence", "hashblock") for rest in (f"={address}", "hwm=0")]

"""What every provider of a bitcoind offers, and what all of them have in common."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from hil.chain.client.rpc import METHOD_NOT_FOUND, RpcClient, RpcEndpoint, RpcError, WrongCredentials
from hil.chain.funding.blocks import EPOCH
from hil.chain.node.ports import PEER_HOST
from hil.chain.node.ports import free_port as free_port
from hil.errors import ConfigurationError, RigFault, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType


REGTEST: Final = "regtest"
CHAINS: Final = (REGTEST, "signet", "testnet4")
"""Where a node of ours may be; all but the first only to play the wrong network, and without peers."""

OPTIONS: Final = (
    "-regtest",
    "-server",
    "-disablewallet",
    "-txindex=1",
    "-dbcache=4",
    "-maxsigcachesize=1",
    "-fastprune",
    "-listen=0",
    "-connect=0",
    "-rpcservertimeout=99000",
    f"-mocktime={EPOCH}",
    "-maxtipage=999999999",
    "-checkblockindex=0",
    "-checkmempool=0",
    "-printtoconsole=0",
)
"""Options of our own nodes. Small caches save start-up time; ``-txindex`` costs none (125 ms either way) and finds
confirmed transactions; the bench builds its own transactions, so there is no wallet; the two checks are regtest's
self-tests, whose cost grows with every block; printing the log would cost 60 ms in a container, and what ends a node
at start is printed anyway."""

OLDEST_VERSION: Final = 240_000
"""``gettxspendingprevout`` came with Bitcoin Core 24."""

START_TIMEOUT: Final = 20.0
LOG_LINES: Final = 6
_STOP_TIMEOUT: Final = 20.0

LAUNCH_ATTEMPTS: Final = 3
_TAKEN: Final = ("Unable to start HTTP server", "Unable to bind to", "Failed to listen on any port")

WAYS_OUT: Final = (
    "Ways out: start a Docker daemon; or install Bitcoin Core or Knots, so that bitcoind is on PATH; or give apt a "
    "Debian mirror (or set HIL_DEBIAN_MIRROR) to unpack it from; or run a regtest node yourself, set NODE=external "
    "and HIL_NODE_URL, HIL_NODE_USER, HIL_NODE_PASSWORD or HIL_NODE_COOKIE"
)


@dataclass(frozen=True)
class NodeDescription:
    """What goes into the evidence about a node; holds no secret.

    :param provider: ``docker``, ``native`` or ``external``.
    :param version: as the node counts, e.g. 290400 for 29.4.
    :param subversion: e.g. ``/Satoshi:29.4.0/Knots:20260508/``.
    :param image: name of the Docker image, empty if there is none.
    :param image_digest: ``sha256:…``, of the registry if it came from one, else of the image itself.
    :param options: the command-line options that shape its behaviour.
    :param notes: what else a reader should know, e.g. why this provider was taken.
    """

    provider: str
    version: int
    subversion: str
    image: str = ""
    image_digest: str = ""
    options: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> NodeDescription:
        """Build a description from what ``dataclasses.asdict`` and JSON made of it."""
        return cls(**{**document, "options": tuple(document["options"]), "notes": tuple(document["notes"])})


class Node(Protocol):
    """A bitcoind on regtest. A context manager that starts and stops it."""

    @property
    def endpoint(self) -> RpcEndpoint:
        """Where it answers; raises RigFault while it is not started."""

    def start(self) -> None:
        """Start the node and return when it answers and has passed the guard.

        Raises ConfigurationError if this machine cannot have one this way, RigFault if it does not come up.
        """

    def stop(self) -> None:
        """End the node and remove everything it made; may be called at any time and repeatedly."""

    def describe(self) -> NodeDescription:
        """Tell what runs; raises RigFault while it is not started."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class NodeBase:
    """Context manager and memory of a provider.

    :param why: notes on why this provider was taken; they go into its description.
    """

    provider: str

    def __init__(self, why: tuple[str, ...] = ()) -> None:
        self.why = why
        self._endpoint: RpcEndpoint | None = None
        self._description: NodeDescription | None = None
        self._notifications = ""
        self._peer_port = 0

    @property
    def notifications(self) -> str:
        """ZeroMQ address at which the node publishes ``sequence`` and ``hashblock``; empty if it does not."""
        return self._notifications

    @property
    def peer_address(self) -> str:
        """Where other nodes of ours reach it; raises ConfigurationError if it was not started with ``peers``."""
        if not self._peer_port:
            raise ConfigurationError("this node listens for no other node", remedy="Start it with peers=True")
        return f"{PEER_HOST}:{self._peer_port}"

    @property
    def endpoint(self) -> RpcEndpoint:
        """Where its RPC answers; raises RigFault while it is not started."""
        if self._endpoint is None:
            raise self._not_started()
        return self._endpoint

    def describe(self) -> NodeDescription:
        """Return what the evidence says of it; raises RigFault while it is not started."""
        if self._description is None:
            raise self._not_started()
        return self._description

    def start(self) -> None:
        """Start it and return when it answers; raises RigFault or ConfigurationError if it does not."""
        raise NotImplementedError

    def stop(self) -> None:
        """End it and remove everything it made; may be called at any time and repeatedly."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _not_started(self) -> RigFault:
        return RigFault(f"the {self.provider} node is not started", remedy="Call start() first")


class OwnProcess(Protocol):
    """A node that this process has started."""

    @property
    def endpoint(self) -> RpcEndpoint:
        """Where it answers RPC."""

    def wait_ended(self, timeout: float) -> None:
        """Wait for the end of its process, at most so many seconds."""


def stop_cleanly(node: OwnProcess) -> None:
    """End bitcoind so that everything is on disk; SIGKILL would lose blocks. Its data stay until ``node.stop()``."""
    client = RpcClient(node.endpoint)
    client.call("stop")
    client.close()
    node.wait_ended(_STOP_TIMEOUT)


def random_credentials() -> tuple[str, str, str]:
    """Return a user, a password, and the option that lets this user in without telling the password.

    The option carries HMAC-SHA-256 of the password under a salt (Bitcoin Core's ``share/rpcauth/rpcauth.py``), so
    neither the list of processes nor ``docker inspect`` shows anything that opens the node.
    """
    user, password, salt = f"hil-{secrets.token_hex(4)}", secrets.token_urlsafe(32), secrets.token_hex(16)
    digest = hmac.new(salt.encode(), password.encode(), hashlib.sha256).hexdigest()
    return user, password, f"-rpcauth={user}:{salt}${digest}"


def port_was_taken(error: RigFault, last_words: str) -> bool:
    """Tell whether a node failed to start because somebody took its port after :func:`free_port` had found it.

    Either the node said so, or the other one, perhaps a bitcoind too, answered us and did not know us.
    """
    return isinstance(error, WrongCredentials) or any(words in last_words for words in _TAKEN)


def options_of(chain: str, extra: Sequence[str]) -> tuple[str, ...]:
    """Return the options of a node of ours; any chain but regtest is there to play the wrong network.

    Raises ConfigurationError for a chain that is not one of the test chains: never real money.
    """
    if chain not in CHAINS:
        raise ConfigurationError(f"'{chain}' is no chain for a node of the bench{nearest(chain, CHAINS)}")
    usual = OPTIONS if chain == REGTEST else (f"-chain={chain}", *OPTIONS[1:])
    return (*usual, *extra)


def guard(client: RpcClient, expected: str = REGTEST) -> tuple[int, str]:
    """Return the node's version and subversion if it is one that this bench may use.

    Raises ConfigurationError if it is not on regtest (real money!), too old, or if it follows Knots' dormant hard
    fork (BLAKE2b proof of work), under which our signatures and blocks would mean nothing.
    """
    place = client.endpoint.place
    chain, network = client.batch([("getblockchaininfo",), ("getnetworkinfo",)])
    if chain["chain"] != expected:
        raise ConfigurationError(
            f"the node is on chain '{chain['chain']}'; only {expected} is allowed",
            place=place,
            remedy="Start it with -regtest",
        )
    version, subversion = int(network["version"]), str(network["subversion"])
    if version < OLDEST_VERSION:
        raise ConfigurationError(
            f"the node's version is {version} ({subversion}); at least {OLDEST_VERSION} is needed", place=place
        )
    try:
        deployments = client.call("getdeploymentinfo")["deployments"]
    except RpcError as error:
        if error.code == METHOD_NOT_FOUND:
            raise ConfigurationError(
                f"{subversion} has no getdeploymentinfo; it cannot be guarded", place=place
            ) from error
        raise
    if deployments.get("blake2b", {}).get("active"):
        raise ConfigurationError(
            f"{subversion} has activated blake2b, which is not the Bitcoin of this bench", place=place
        )
    return version, subversion

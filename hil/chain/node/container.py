"""A bitcoind in a Docker container, with its data in memory."""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import shutil
import socket
import sys
from typing import TYPE_CHECKING, Any, Final

import docker
import docker.errors
import requests
from docker.types import Mount

from hil.chain.client.rpc import LedgerUnavailable, RpcClient, RpcEndpoint
from hil.chain.node.base import (
    LAUNCH_ATTEMPTS,
    LOG_LINES,
    REGTEST,
    START_TIMEOUT,
    NodeBase,
    NodeDescription,
    guard,
    options_of,
    port_was_taken,
    random_credentials,
)
from hil.chain.node.image import digest_of, ensure_image, image_name
from hil.chain.node.ports import PEER_HOST, Sockets, on_bridge, on_host_network
from hil.chain.node.process_identity import Liveness, parse_identity, this_process
from hil.chain.node.snapshot_copy import data_folder
from hil.clock import stopwatch
from hil.errors import ConfigurationError, RigFault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from docker import DockerClient
    from docker.models.containers import Container

OWNER_LABEL: Final = "micropay-hil.owner"
STANDING: Final = "standing"

_NOBODY = "65534:65534"
_DATA = {"/data": "rw,mode=0700,uid=65534,gid=65534"}
HARDENING: Final = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges"]}
_FULL_DISK_IS_AN_ERROR = ["sh", "-c", "trap '' XFSZ; exec bitcoind \"$@\"", "bitcoind"]
_SYSTEM_SOCKETS = frozenset({"unix:///var/run/docker.sock", "unix:///run/docker.sock"})
_DAEMON_TIMEOUT = 5.0
BUILD_TIMEOUT: Final = 600.0
_LOOK_PERIOD = 0.1
"""Seconds between two looks at a container that is awaited; a look takes 2 to 6 ms."""

_UNREACHABLE = (docker.errors.DockerException, requests.RequestException, OSError)


def connect(timeout: float = _DAEMON_TIMEOUT) -> DockerClient:
    """Return a client of the Docker daemon; raises ConfigurationError if none answers."""
    try:
        _knock()
        return docker.from_env(timeout=int(timeout))  # asks the daemon for its version
    except _UNREACHABLE as error:
        raise ConfigurationError(
            f"no Docker daemon answers ({' '.join(str(error).split())[:120]})",
            remedy="Start it, or use NODE=native",
        ) from error


def shares_our_network() -> bool:
    """Tell whether the host's network, as a container sees it, is ours.

    That is so for the system's own daemon on Linux; one behind another socket may be remote, rootless or in a VM.
    """
    return sys.platform.startswith("linux") and _daemon_address() in _SYSTEM_SOCKETS


def _daemon_address() -> str:
    return os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


def _knock() -> None:
    """Raise OSError if nobody listens on the daemon's socket: docker-py would leak one for each vain attempt."""
    scheme, _, path = _daemon_address().partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(_DAEMON_TIMEOUT)
            probe.connect(path)


class ContainerNode(NodeBase):
    """A bitcoind in a container that is removed with this process, or at the next start if this one is killed.

    :param image: name of the image; default ``HIL_BITCOIND_IMAGE``, else our own.
    :param host_network: use the host's network (faster) or a port published on loopback; default: what works here.
    :param extra_options: options after the usual ones, e.g. ``-maxmempool=5``.
    :param persistent: outlive this process, in a container of this name.
    :param snapshot: begin with a copy of this folder (:mod:`hil.chain.node.snapshot`); the data then outlives bitcoind,
        in a folder in memory that the daemon must see, too. An empty folder begins from nothing.
    :param peers: listen for other nodes of ours; needs the host's network.
    :param chain: another than regtest plays the wrong network.
    """

    provider = "docker"

    def __init__(
        self,
        *,
        image: str | None = None,
        host_network: bool | None = None,
        extra_options: Sequence[str] = (),
        persistent: str | None = None,
        snapshot: Path | None = None,
        peers: bool = False,
        chain: str = REGTEST,
        why: tuple[str, ...] = (),
    ) -> None:
        super().__init__(why)
        self._image = image or image_name()
        self._host_network = host_network
        self._options = options_of(chain, extra_options)
        self._persistent = persistent
        self._snapshot = snapshot
        self._peers = peers
        self._chain = chain
        self.folder: Path | None = None
        """Its data directory, if it began with a snapshot."""
        self._docker: DockerClient | None = None
        self._container: Container | None = None
        self._since_look = stopwatch()

    @property
    def container(self) -> Container:
        """The running container."""
        if self._container is None:
            raise self._not_started()
        return self._container

    def start(self) -> None:
        """See :class:`hil.chain.node.base.NodeBase`."""
        self._docker = connect(BUILD_TIMEOUT)
        atexit.register(self.stop)
        try:
            reap(self._docker)
            image, notes = ensure_image(self._docker, self._image)
            client = self._launch_until_port_is_free(self._docker)
            version, subversion = guard(client, self._chain)
            client.close()
        except BaseException as error:
            self.stop()
            if isinstance(error, _UNREACHABLE):
                raise RigFault(f"the Docker daemon failed: {error}", place=self._image) from error
            raise
        self._description = NodeDescription(
            self.provider, version, subversion, self._image, digest_of(image), self._options, (*self.why, *notes)
        )
        if self._persistent is not None:
            atexit.unregister(self.stop)
            self._docker.close()

    def stop(self) -> None:
        """See :class:`hil.chain.node.base.NodeBase`."""
        atexit.unregister(self.stop)
        self._remove()
        client, self._docker = self._docker, None
        if client is not None:
            client.close()

    def _launch_until_port_is_free(self, client: DockerClient) -> RpcClient:
        for attempt in range(1, LAUNCH_ATTEMPTS + 1):
            try:
                return self._launch(client)
            except RigFault as error:
                # between the search for a free port and its use, somebody else may have taken it
                retry = attempt < LAUNCH_ATTEMPTS and port_was_taken(error, self._log())
                self._remove()
                if not retry:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def run_again(self) -> None:
        """Start the container again on the same data, ports and credentials, after it has ended.

        Raises ConfigurationError if its data were in its own memory, which is gone.
        """
        if self.folder is None:
            raise ConfigurationError(
                "the data of this container ended with it", remedy="Start it with a snapshot, or use a native node"
            )
        self.container.start()
        rpc = RpcClient(self.endpoint)
        rpc.wait_until_ready(START_TIMEOUT, self._check_alive)
        rpc.close()

    def wait_ended(self, timeout: float) -> None:
        """Return when bitcoind has ended; raises RigFault if it still runs after ``timeout`` seconds."""
        try:
            self.container.wait(timeout=timeout)
        except _UNREACHABLE as error:
            raise RigFault(f"waited {timeout:g} s for bitcoind to end in vain ({error})") from error

    def _launch(self, client: DockerClient) -> RpcClient:
        user, password, authorisation = random_credentials()
        sockets = self._sockets()
        options: dict[str, Any] = {**HARDENING, **sockets.settings}
        if self._snapshot is None:
            options |= {"tmpfs": _DATA, "user": _NOBODY}
        else:
            self.folder, owner = data_folder(self._snapshot)
            options |= {"mounts": [Mount("/data", str(self.folder), type="bind")], "user": owner}
        self._container = client.containers.create(
            self._image,
            [*self._options, "-datadir=/data", *sockets.options, authorisation],
            entrypoint=["bitcoind"] if self.folder is None else _FULL_DISK_IS_AN_ERROR,
            name=self._persistent or f"micropay-hil-{secrets.token_hex(4)}",
            labels={OWNER_LABEL: STANDING if self._persistent else str(this_process())},
            working_dir="/data",
            **options,
        )
        self._container.start()
        endpoint = RpcEndpoint(PEER_HOST, self._outside(sockets.rpc), user, password)
        self._notifications = f"tcp://{PEER_HOST}:{self._outside(sockets.notifications)}"
        self._peer_port = sockets.peers
        rpc = RpcClient(endpoint)
        self._since_look = stopwatch()
        rpc.wait_until_ready(START_TIMEOUT, self._check_alive)
        self._endpoint = endpoint
        return rpc

    def _sockets(self) -> Sockets:
        if self._host_network is None:
            self._host_network = shares_our_network()
        if self._host_network:
            return on_host_network(peers=self._peers)
        if self._peers:
            raise ConfigurationError(
                "two nodes in containers meet on the host's network only, which this Docker daemon does not share",
                remedy="Use NODE=native",
            )
        return on_bridge()

    def _outside(self, port: int) -> int:
        """Return the port by which we reach ``port`` of the container; 0 if it has ended: the wait will say so."""
        if self._host_network:
            return port
        self.container.reload()
        published = self.container.ports.get(f"{port}/tcp") or []
        return int(published[0]["HostPort"]) if published else 0

    def _check_alive(self) -> None:
        if self._since_look() < _LOOK_PERIOD:
            return
        self._since_look = stopwatch()
        self.container.reload()
        if self.container.status in {"exited", "dead"}:
            code = self.container.attrs["State"]["ExitCode"]
            raise LedgerUnavailable(
                f"bitcoind ended by itself (exit code {code}); its last words: {self._log()}",
                place=f"container {self.container.name}",
            )

    def _log(self) -> str:
        if self._container is None:
            return ""
        with contextlib.suppress(*_UNREACHABLE):
            lines = self._container.logs(tail=LOG_LINES).decode(errors="replace").splitlines()
            return " | ".join(line for line in lines if line)
        return ""

    def _remove(self) -> None:
        self._endpoint = self._description = None
        container, self._container = self._container, None
        if container is not None:
            with contextlib.suppress(*_UNREACHABLE):
                container.remove(force=True, v=True)
        folder, self.folder = self.folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def reap(client: DockerClient) -> list[str]:
    """Remove containers whose owner is dead, and ended ones of owners that cannot be seen from here."""
    removed = []
    for summary in client.api.containers(all=True, filters={"label": OWNER_LABEL}):
        owner = parse_identity(summary["Labels"][OWNER_LABEL])
        if owner is None:
            continue
        liveness = owner.liveness()
        if liveness is Liveness.DEAD or (liveness is Liveness.UNKNOWN and summary["State"] in {"exited", "dead"}):
            with contextlib.suppress(docker.errors.APIError):  # somebody else may be reaping, too
                client.api.remove_container(summary["Id"], force=True, v=True)
                removed.append(summary["Id"])
    return removed

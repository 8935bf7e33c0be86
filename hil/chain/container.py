"""A bitcoind in a Docker container, with its data in memory."""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import socket
import sys
from typing import TYPE_CHECKING, Any, Final

import docker
import docker.errors
import requests

from hil.chain.image import digest_of, ensure_image, image_name
from hil.chain.node import (
    LAUNCH_ATTEMPTS,
    LOG_LINES,
    OPTIONS,
    START_TIMEOUT,
    NodeBase,
    NodeDescription,
    free_port,
    guard,
    port_was_taken,
    random_credentials,
)
from hil.chain.owner import Life, parse_owner, this_process
from hil.chain.rpc import LedgerUnavailable, RpcClient, RpcEndpoint
from hil.clock import stopwatch
from hil.errors import ConfigurationError, RigFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from docker import DockerClient
    from docker.models.containers import Container

OWNER_LABEL: Final = "micropay-hil.owner"
STANDING: Final = "standing"

_PORT = 18443
_NOBODY = "65534:65534"
_DATA = {"/data": "rw,mode=0700,uid=65534,gid=65534"}
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
    :param standing: outlive this process, in a container of this name.
    """

    provider = "docker"

    def __init__(
        self,
        *,
        image: str | None = None,
        host_network: bool | None = None,
        extra_options: Sequence[str] = (),
        standing: str | None = None,
        why: tuple[str, ...] = (),
    ) -> None:
        super().__init__(why)
        self._image = image or image_name()
        self._host_network = host_network
        self._options = (*OPTIONS, *extra_options)
        self._standing = standing
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
        self._docker = connect(BUILD_TIMEOUT)
        atexit.register(self.stop)
        try:
            reap(self._docker)
            image, notes = ensure_image(self._docker, self._image)
            client = self._launch_until_port_is_free(self._docker)
            version, subversion = guard(client)
            client.close()
        except BaseException as error:
            self.stop()
            if isinstance(error, _UNREACHABLE):
                raise RigFault(f"the Docker daemon failed: {error}", place=self._image) from error
            raise
        self._description = NodeDescription(
            self.provider, version, subversion, self._image, digest_of(image), self._options, (*self.why, *notes)
        )
        if self._standing is not None:
            atexit.unregister(self.stop)
            self._docker.close()

    def stop(self) -> None:
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

    def _launch(self, client: DockerClient) -> RpcClient:
        if self._host_network is None:
            self._host_network = shares_our_network()
        user, password, authorisation = random_credentials()
        if self._host_network:
            port = free_port()
            network: dict[str, Any] = {"network_mode": "host"}
            listen = ["-rpcbind=127.0.0.1", "-rpcallowip=127.0.0.1", f"-rpcport={port}"]
        else:
            port = 0
            network = {"ports": {f"{_PORT}/tcp": ("127.0.0.1", None)}}
            # inside, calls come from Docker's own bridge; outside, the port is on loopback only
            listen = ["-rpcbind=0.0.0.0", "-rpcallowip=0.0.0.0/0", f"-rpcport={_PORT}"]
        self._container = client.containers.create(
            self._image,
            [*self._options, "-datadir=/data", *listen, authorisation],
            entrypoint=["bitcoind"],
            name=self._standing or f"micropay-hil-{secrets.token_hex(4)}",
            labels={OWNER_LABEL: STANDING if self._standing else str(this_process())},
            user=_NOBODY,
            working_dir="/data",
            tmpfs=_DATA,
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            **network,
        )
        self._container.start()
        if not self._host_network:
            self._container.reload()
            published = self._container.ports.get(f"{_PORT}/tcp") or []
            port = int(published[0]["HostPort"]) if published else 0  # it has ended already: the wait will say so
        endpoint = RpcEndpoint("127.0.0.1", port, user, password)
        rpc = RpcClient(endpoint)
        self._since_look = stopwatch()
        rpc.wait_until_ready(START_TIMEOUT, self._check_alive)
        self._endpoint = endpoint
        return rpc

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


def reap(client: DockerClient) -> list[str]:
    """Remove containers whose owner is dead, and ended ones of owners that cannot be seen from here."""
    removed = []
    for summary in client.api.containers(all=True, filters={"label": OWNER_LABEL}):
        owner = parse_owner(summary["Labels"][OWNER_LABEL])
        if owner is None:
            continue
        life = owner.life()
        if life is Life.DEAD or (life is Life.UNKNOWN and summary["State"] in {"exited", "dead"}):
            with contextlib.suppress(docker.errors.APIError):  # somebody else may be reaping, too
                client.api.remove_container(summary["Id"], force=True, v=True)
                removed.append(summary["Id"])
    return removed

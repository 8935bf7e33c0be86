"""A bitcoind as a child process: from PATH, or from Debian packages in the cache."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from hil.chain.client.rpc import LedgerUnavailable, RpcClient, RpcEndpoint
from hil.chain.node import debian
from hil.chain.node.base import (
    LAUNCH_ATTEMPTS,
    LOG_LINES,
    REGTEST,
    START_TIMEOUT,
    WAYS_OUT,
    NodeBase,
    NodeDescription,
    free_port,
    guard,
    options_of,
    port_was_taken,
    random_credentials,
)
from hil.chain.node.folders import memory_folder
from hil.chain.node.ports import notification_options, peer_options
from hil.chain.node.process_identity import Liveness, parse_identity
from hil.chain.node.snapshot_copy import PREFIX, new_folder
from hil.child_process import ChildProcess
from hil.errors import ConfigurationError, RigFault

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST_SOCKET_PATH = 107  # sun_path of unix(7), less its final zero


def available() -> str | None:
    """Tell where a native bitcoind would come from, in words; None if there is none to be had."""
    if on_path := shutil.which("bitcoind"):
        return f"bitcoind on PATH ({on_path})"
    if debian.unpacked() is not None:
        return "bitcoind unpacked from Debian packages"
    return "bitcoind to be unpacked from the machine's Debian mirror" if debian.mirror() else None


def command_for(program: str) -> tuple[list[str], tuple[str, ...]]:
    """Return the command that runs ``program`` of the Bitcoin distribution, and notes; unpacks it if need be."""
    if on_path := shutil.which(program):
        return [on_path], ()
    try:
        tree = debian.unpack()
    except ConfigurationError as error:
        raise ConfigurationError(f"there is no {program} on PATH, and {error.what}", remedy=WAYS_OUT) from error
    return tree.command(program), ("bitcoind unpacked from Debian packages", *tree.notes)


class NativeNode(NodeBase):
    """A bitcoind that lives and dies with this process, with its data in memory.

    :param extra_options: options after the usual ones, e.g. ``-maxmempool=5``.
    :param persistent: outlive this process, with its data in this folder, which must not exist yet.
    :param snapshot: begin with a copy of this folder (:mod:`hil.chain.node.snapshot`).
    :param peers: listen for other nodes of ours.
    :param chain: another than regtest plays the wrong network.
    """

    provider = "native"

    def __init__(
        self,
        *,
        extra_options: Sequence[str] = (),
        persistent: Path | None = None,
        snapshot: Path | None = None,
        peers: bool = False,
        chain: str = REGTEST,
        why: tuple[str, ...] = (),
    ) -> None:
        super().__init__(why)
        self._options = options_of(chain, extra_options)
        self._persistent = persistent
        self._snapshot = snapshot
        self._peers = peers
        self._chain = chain
        self._arguments: list[str] = []
        self._process: ChildProcess | None = None
        self.folder: Path | None = None
        """Its data directory while it runs."""

    @property
    def pid(self) -> int:
        """Process id of the running bitcoind."""
        if self._process is None:
            raise self._not_started()
        return self._process.pid

    def start(self) -> None:
        """See :class:`hil.chain.node.base.NodeBase`."""
        reap()
        command, notes = command_for("bitcoind")
        atexit.register(self.stop)
        try:
            for attempt in range(1, LAUNCH_ATTEMPTS + 1):
                try:
                    client = self._launch(command)
                    break
                except RigFault as error:
                    # between the search for a free port and its use, somebody else may have taken it
                    retry = attempt < LAUNCH_ATTEMPTS and port_was_taken(error, self._log())
                    self._discard()
                    if not retry:
                        raise
            version, subversion = guard(client, self._chain)
            client.close()
        except BaseException:
            self.stop()
            raise
        self._description = NodeDescription(
            self.provider, version, subversion, options=self._options, notes=(*self.why, *notes)
        )
        if self._persistent is not None:
            atexit.unregister(self.stop)

    def stop(self) -> None:
        """See :class:`hil.chain.node.base.NodeBase`."""
        atexit.unregister(self.stop)
        self._discard()

    def _launch(self, command: list[str]) -> RpcClient:
        if self._persistent is None:
            self.folder = new_folder()
        else:
            self._persistent.mkdir(mode=0o700)
            self.folder = self._persistent
        if self._snapshot is not None:
            shutil.copytree(self._snapshot, self.folder, dirs_exist_ok=True)
        user, password, authorisation = random_credentials()
        endpoint = RpcEndpoint("127.0.0.1", free_port(), user, password)
        self._notifications = _notifications_in(self.folder)
        self._peer_port = free_port() if self._peers else 0
        self._arguments = [
            *command,
            *self._options,
            f"-datadir={self.folder}",
            "-rpcbind=127.0.0.1",
            "-rpcallowip=127.0.0.1",
            f"-rpcport={endpoint.port}",
            authorisation,
            *notification_options(self._notifications),
            *(peer_options(self._peer_port) if self._peers else ()),
        ]
        client = self._run(endpoint)
        self._endpoint = endpoint
        return client

    def run_again(self) -> None:
        """Start bitcoind again on the same data, ports and credentials, after it has ended; see :meth:`wait_ended`."""
        self._run(self.endpoint).close()

    def wait_ended(self, timeout: float) -> None:
        """Return when bitcoind has ended; raises RigFault if it still runs after ``timeout`` seconds."""
        if self._process is not None and not self._process.wait(timeout):
            raise RigFault(f"waited {timeout:g} s for bitcoind to end in vain; last words: {self._log()}")

    def _run(self, endpoint: RpcEndpoint) -> RpcClient:
        if self.folder is None:
            raise self._not_started()
        self._process = None
        try:
            self._process = ChildProcess(
                "bitcoind",
                self._arguments,
                log=self.folder / "node.log",
                dies_with_parent=self._persistent is None,
                restore_signals=False,  # SIGXFSZ stays ignored: a full disk is an error, not a death
            )
        except OSError as error:
            raise LedgerUnavailable(f"bitcoind could not be started: {error}", place="native node") from error
        client = RpcClient(endpoint)
        client.wait_until_ready(START_TIMEOUT, self._check_alive)
        return client

    def _check_alive(self) -> None:
        if self._process is not None and self._process.returncode is not None:
            raise LedgerUnavailable(
                f"bitcoind ended by itself ({self._process.returncode}); its last words: {self._log()}",
                place="native node",
            )

    def _log(self) -> str:
        if self.folder is None:
            return ""
        lines: list[str] = []
        with contextlib.suppress(OSError):
            lines += (self.folder / "regtest/debug.log").read_text(errors="replace").splitlines()[-LOG_LINES:]
        if self._process is not None:  # what ended it is on standard error
            lines += self._process.last_words().splitlines()[-LOG_LINES:]
        return " | ".join(line for line in lines if line)

    def _discard(self) -> None:
        self._endpoint = self._description = None
        process, self._process = self._process, None
        if process is not None:
            process.end()  # its data is thrown away, so there is nothing to flush
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None


def _notifications_in(folder: Path) -> str:
    """Return a ZeroMQ address in the node's private folder; on loopback if its path is too long for a socket."""
    path = folder / "notifications"
    return f"ipc://{path}" if len(str(path)) < _LONGEST_SOCKET_PATH else f"tcp://127.0.0.1:{free_port()}"


def reap() -> list[str]:
    """End nodes whose owner is dead and remove their data; return the names of the folders removed.

    The kernel has ended most of them with their owner; what is left is mainly their data in memory.
    """
    removed = []
    for folder in memory_folder().glob(f"{PREFIX}*"):
        owner = parse_identity(folder.name.removeprefix(PREFIX).rpartition(".")[0])
        try:
            ours = folder.stat().st_uid == os.getuid()
        except OSError:
            continue
        if ours and owner is not None and owner.liveness() is Liveness.DEAD:
            kill_node_in(folder)
            removed.append(folder.name)
    return removed


def kill_node_in(folder: Path) -> None:
    """Kill the bitcoind whose data directory is ``folder``, if one still runs, and remove the folder."""
    mark = f"-datadir={folder}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (process / "cmdline").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)

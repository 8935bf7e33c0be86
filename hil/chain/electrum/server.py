"""The Electrum server that light views of the ledger ask: ElectrumX (``e-x`` from PyPI) as a child process.

It reads one bitcoind, which must have ``-txindex``, and serves the Electrum protocol on a loopback port of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote

from hil.chain.client.rpc import LedgerUnavailable
from hil.chain.electrum.client import ElectrumClient, ElectrumEndpoint
from hil.chain.node.base import LAUNCH_ATTEMPTS, LOG_LINES, free_port
from hil.chain.node.folders import memory_folder
from hil.chain.node.native import kill_node_in
from hil.chain.node.process_identity import Liveness, parse_identity, this_process
from hil.child_process import ChildProcess
from hil.clock import WallClock, stopwatch
from hil.errors import ConfigurationError, RigFault

if TYPE_CHECKING:
    from types import TracebackType

    from hil.chain.client.rpc import RpcEndpoint

START_TIMEOUT: Final = 20.0
POLL_MS: Final = 50
"""How often the server asks its node for new blocks and for the mempool; 5000 by its own default."""

_PREFIX = "micropay-hil-electrum."
_PROBE_TIMEOUT = 2.0
_PAUSE = 0.01

_PROGRAM: Final = """\
import os, sys
os.environ["DAEMON_URL"] = sys.stdin.readline().strip()
from electrumx.cli.electrumx_server import main
from electrumx.server.transport import PaddedRSTransport
PaddedRSTransport.WAIT_FOR_BUFFER_GROWTH_SECONDS = -1.0
main()
"""
"""Takes the node's address with its password from standard input (so neither
the list of processes nor /proc/PID/environ shows it), then becomes the server. As published, the server holds each
small answer back for up to 1 s to hide from an observer of the line which one it is; here it sends at once. It still
pads answers to powers of two from 1024 bytes on."""


class ElectrumServer:
    """An Electrum server that lives and dies with this process, with its database in memory.

    :param node: where its bitcoind answers.
    :param poll_ms: how often it looks at its node, in milliseconds; what it serves is older by up to twice that.
    """

    def __init__(self, node: RpcEndpoint, *, poll_ms: int = POLL_MS) -> None:
        self._node = node
        self._poll_ms = poll_ms
        self._process: ChildProcess | None = None
        self._endpoint: ElectrumEndpoint | None = None
        self.folder: Path | None = None
        """Its database and log while it runs."""

    @property
    def endpoint(self) -> ElectrumEndpoint:
        """Where it answers; raises RigFault while it is not started."""
        if self._endpoint is None:
            raise self._not_started()
        return self._endpoint

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        if self._process is None:
            raise self._not_started()
        return self._process.pid

    def start(self) -> None:
        """Start the server and return when it has read its node's chain and answers.

        Raises ConfigurationError if the package is missing, RigFault if the server does not come up.
        """
        require_package()
        reap()
        atexit.register(self.stop)
        try:
            for attempt in range(1, LAUNCH_ATTEMPTS + 1):
                try:
                    self._endpoint = self._launch()
                    return
                except RigFault:
                    # between the search for a free port and its use, somebody else may have taken it
                    retry = attempt < LAUNCH_ATTEMPTS and "failed to listen" in self._log(10 * LOG_LINES)
                    self._discard()
                    if not retry:
                        raise
        except BaseException:
            self.stop()
            raise

    def rest(self) -> None:
        """Stop the server's process while no view asks it: looking at its node costs a sixth of a processor."""
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Have it go on after :meth:`rest`; of the blocks that it missed it reads some 3000 a second (empty ones)."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """End the server and remove everything it made; may be called at any time and repeatedly."""
        atexit.unregister(self.stop)
        self._discard()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self) -> ElectrumEndpoint:
        folder = self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{this_process()}.", dir=memory_folder()))
        endpoint = ElectrumEndpoint("127.0.0.1", free_port())
        user, password = quote(self._node.user, safe=""), quote(self._node.password, safe="")
        self._process = ChildProcess(
            "electrumx",
            # -datadir is there for kill_node_in, which finds a process by it
            [sys.executable, "-I", "-c", _PROGRAM, f"-datadir={folder}"],
            feed=f"http://{user}:{password}@{self._node.host}:{self._node.port}\n".encode(),
            log=folder / "server.log",
            environment=self._settings(folder, endpoint),
            folder=folder,
            dies_with_parent=True,
        )
        self._wait_until_ready(endpoint)
        return endpoint

    def _settings(self, folder: Path, endpoint: ElectrumEndpoint) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "COIN": "Bitcoin",
            "NET": "regtest",
            "DB_ENGINE": "leveldb",
            "DB_DIRECTORY": str(folder),
            "SERVICES": f"tcp://{endpoint.host}:{endpoint.port}",
            "ALLOW_ROOT": "1",
            "PEER_DISCOVERY": "off",
            "PEER_ANNOUNCE": "",
            "DAEMON_POLL_INTERVAL_BLOCKS": str(self._poll_ms),
            "DAEMON_POLL_INTERVAL_MEMPOOL": str(self._poll_ms),
            "CACHE_MB": "16",
            # this bench may ask as often as it likes: no throttling by cost
            "COST_SOFT_LIMIT": "0",
            "COST_HARD_LIMIT": "0",
        }

    def _wait_until_ready(self, endpoint: ElectrumEndpoint) -> None:
        elapsed, pause = stopwatch(), WallClock()
        probe = ElectrumClient(endpoint, timeout=_PROBE_TIMEOUT)
        try:
            while True:
                if self._process is None or self._process.returncode is not None:
                    raise LedgerUnavailable(
                        f"the server ended by itself; its last words: {self._log()}", place="Electrum server"
                    )
                try:
                    probe.call("blockchain.headers.subscribe")
                    return
                except LedgerUnavailable as error:
                    if elapsed() >= START_TIMEOUT:
                        raise LedgerUnavailable(
                            f"waited {START_TIMEOUT:g} s for the server to have read its node's chain in vain; last "
                            f"seen: {error.what}; its last words: {self._log()}",
                            place=endpoint.place,
                        ) from error
                pause.sleep(_PAUSE)
        finally:
            probe.close()

    def _log(self, lines: int = LOG_LINES) -> str:
        if self._process is None:
            return ""
        written = self._process.last_words().replace(self._node.password, "***")
        return " | ".join(written.splitlines()[-lines:])

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.signal(number)

    def _discard(self) -> None:
        self._endpoint = None
        process, self._process = self._process, None
        if process is not None:
            process.end()  # its database is thrown away, so there is nothing to flush
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    @staticmethod
    def _not_started() -> RigFault:
        return RigFault("the Electrum server is not started", remedy="Call start() first")


def require_package() -> None:
    """Raise ConfigurationError if this Python lacks the server or its database."""
    missing = [name for name, module in (("e-x", "electrumx"), ("plyvel", "plyvel")) if _absent(module)]
    if missing:
        raise ConfigurationError(
            f"a light view of the ledger needs an Electrum server, and {' and '.join(missing)} is not installed",
            remedy="Install micropay-hil[electrum]",
        )


def reap() -> list[str]:
    """End servers whose owner is dead and remove their data; return the names of the folders removed."""
    removed = []
    for folder in memory_folder().glob(f"{_PREFIX}*"):
        owner = parse_identity(folder.name.removeprefix(_PREFIX).rpartition(".")[0])
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == os.getuid() and owner is not None and owner.liveness() is Liveness.DEAD:
                kill_node_in(folder)
                removed.append(folder.name)
    return removed


def _absent(module: str) -> bool:
    return importlib.util.find_spec(module) is None

"""A proxy between a view of the ledger and its Electrum server that lies on order, and tells the truth otherwise."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Self

from hil.chain.attacks.electrum_faults import ServerFault, Truth
from hil.chain.client.rpc import LedgerUnavailable
from hil.chain.electrum.client import PROTOCOL, ElectrumClient, ElectrumEndpoint, ElectrumError
from hil.errors import RigFault

if TYPE_CHECKING:
    from types import TracebackType

_TIMEOUT: Final = 10.0
_STOP_TIMEOUT: Final = 5.0
_NOT_REACHED: Final = -32000


class FaultyElectrumProxy:
    """Answers the Electrum protocol on a loopback port; set ``fault`` at any time. A context manager.

    :param upstream: the true server.
    """

    def __init__(self, upstream: ElectrumEndpoint) -> None:
        self.upstream = upstream
        self.fault: ServerFault = Truth()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def endpoint(self) -> ElectrumEndpoint:
        """Where it answers; raises RigFault while it is not started."""
        if self._server is None:
            raise RigFault("the lying server is not started", remedy="Call start() first")
        return ElectrumEndpoint("127.0.0.1", int(self._server.server_address[1]))

    def start(self) -> None:
        """Listen on a free port of loopback."""
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="lying server", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End it and all its connections; may be called repeatedly."""
        server, self._server = self._server, None
        if server is not None and self._thread is not None:
            server.shutdown()
            server.hang_up()
            server.server_close()
            self._thread.join(_STOP_TIMEOUT)

    def hang_up(self) -> None:
        """End the present connections: clients see a server that was lost and comes back at once."""
        if self._server is not None:
            self._server.hang_up()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, proxy: FaultyElectrumProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.proxy = proxy
        self.open: set[socket.socket] = set()

    def hang_up(self) -> None:
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Conversation(socketserver.StreamRequestHandler):
    """One client's connection, with a connection of its own to the true server."""

    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        self.server.open.add(self.connection)
        upstream = ElectrumClient(self.server.proxy.upstream, timeout=_TIMEOUT)
        try:
            for line in self.rfile:
                question = json.loads(line)
                reply = self._reply(question["method"], question.get("params", []), upstream)
                document = {"jsonrpc": "2.0", "id": question["id"], **reply}
                self.wfile.write(json.dumps(document, default=_encode).encode() + b"\n")
        except OSError:
            return  # the client has gone
        finally:
            self.server.open.discard(self.connection)
            upstream.close()

    def _reply(self, method: str, params: list[Any], upstream: ElectrumClient) -> dict[str, Any]:
        if method == "server.version":
            return {"result": ["lying server", PROTOCOL]}
        try:
            return {"result": self.server.proxy.fault.answer(method, params, upstream.call)}
        except ElectrumError as error:
            return {"error": {"code": error.code, "message": error.message}}
        except LedgerUnavailable as error:
            return {"error": {"code": _NOT_REACHED, "message": error.what}}


def _encode(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no place in an answer")

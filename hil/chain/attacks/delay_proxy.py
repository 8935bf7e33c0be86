"""A gate in front of a node: the way to make a healthy node slow, silent or unreachable for one device only."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Final, Self

from hil.chain.client.rpc import RpcEndpoint
from hil.clock import stopwatch
from hil.errors import RigFault

if TYPE_CHECKING:
    from types import TracebackType

_CHUNK: Final = 65536
_CONNECT_TIMEOUT: Final = 5.0
_END_TIMEOUT: Final = 5.0

SILENT_S: Final = 0.25
"""A node that takes longer for an answer is told of; a device waits twice as long (hil/chain/views)."""


class Gate:
    """Passes bytes between its own port on loopback and a node's RPC port, each answer ``delay`` seconds late.

    The node's user and password stay the same. A context manager; everything ends with it. Delays are wall time:
    a slow node shows where the bench runs in real time, and against a client's own time-out.

    :param delay: seconds, 0 or more; may be changed at any time, for answers from then on.
    """

    def __init__(self, node: RpcEndpoint, delay: float = 0.0) -> None:
        self._node = node
        self.delay = delay
        self.silence = 0.0
        """Longest time in seconds that the node took for an answer, or left a device without one until that gave up;
        0 if none was longer than ``SILENT_S``. May be set to 0 at any time."""
        self._now = stopwatch()
        self._asked: dict[socket.socket, float] = {}
        """When the newest question was passed on that has no answer, by the connection to the node."""
        self._closing = threading.Event()
        self._open = True
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.endpoint = RpcEndpoint("127.0.0.1", self._server.getsockname()[1], node.user, node.password)
        self._start(self._accept)

    def shut(self) -> None:
        """Break every connection and refuse new ones, as if the node's machine were gone."""
        with self._lock:
            self._open = False
            for one in self._sockets:
                _break(one)

    def open(self) -> None:
        """Let connections through again."""
        with self._lock:
            self._open = True

    def close(self) -> None:
        """End everything; may be called repeatedly."""
        self._closing.set()
        self.shut()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for thread in self._threads:
            thread.join(_END_TIMEOUT)
            if thread.is_alive():
                raise RigFault(f"waited {_END_TIMEOUT:g} s for the gate's connections to end in vain")
        self._threads.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, name="gate", daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            try:
                node = socket.create_connection((self._node.host, self._node.port), _CONNECT_TIMEOUT)
            except OSError:
                client.close()  # the node itself is gone, and so is the gate
                continue
            node.settimeout(None)
            with self._lock:
                self._sockets |= {client, node}
                if not self._open:
                    _break(client)
                    _break(node)
            self._start(self._pass, client, node, False)
            self._start(self._pass, node, client, True)

    def _pass(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                if is_answer:
                    self._note_answer(source)
                    self._closing.wait(self.delay)
                else:
                    self._asked[target] = self._now()
                target.sendall(data)
        self._note_answer(source if is_answer else target)
        _break(target)
        _break(source)
        with self._lock:
            self._sockets.discard(source)
        source.close()

    def _note_answer(self, node: socket.socket) -> None:
        asked = self._asked.pop(node, None)
        if asked is not None and (took := self._now() - asked) > SILENT_S:
            self.silence = max(self.silence, took)


def _break(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)

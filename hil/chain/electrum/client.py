"""JSON-RPC to an Electrum server: one kept TCP connection, deadlines, and a count of what crosses the wire.

Electrum protocol 1.4: one JSON document a line, ``server.version`` first. Every question of this client may be asked
twice without harm (a broadcast too), so one that fell into the loss of a kept connection is asked again on a new one.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NoReturn

from hil.chain.client.rpc import LedgerUnavailable, Request
from hil.clock import stopwatch
from hil.errors import RigFault

PROTOCOL: Final = "1.4"
TIMEOUT: Final = 10.0
_MOST_BYTES: Final = 32 << 20
"""The longest line that is read: a transaction of a whole block in hex, four times over."""
_CHUNK: Final = 1 << 16
_REMEDY: Final = "Check that the Electrum server runs and listens there"


def script_hash(script: bytes) -> str:
    """Return the name under which Electrum servers keep a script."""
    return hashlib.sha256(script).digest()[::-1].hex()


@dataclass(frozen=True)
class ElectrumEndpoint:
    """Where an Electrum server answers."""

    host: str
    port: int

    @property
    def place(self) -> str:
        """Name of the server in messages."""
        return f"Electrum server at {self.host}:{self.port}"


class ElectrumError(RigFault):
    """The server answered and said no; ``message`` has its own words."""

    def __init__(self, code: int, message: str, *, method: str, place: str) -> None:
        super().__init__(f"{method}: {message[:200]} (error {code})", place=place)
        self.code = code
        self.message = message


class LedgerLied(LedgerUnavailable):
    """What the server says contradicts itself, or it lacks the proof that it must have.

    :param certain: False if a server that is just taking in a new block or a reorganisation could look like this.
    """

    def __init__(self, what: str, *, place: str | None = None, remedy: str | None = None, certain: bool = True) -> None:
        super().__init__(what, place=place, remedy=remedy)
        self.certain = certain


class _Dropped(Exception):
    """The connection ended before all answers had come."""


class ElectrumClient:
    """Asks one server; connects at the first question and again after every loss. Not for several threads.

    :param timeout: seconds to wait for the connection, and for all the answers of one exchange.
    """

    def __init__(self, endpoint: ElectrumEndpoint, timeout: float = TIMEOUT) -> None:
        self.endpoint = endpoint
        self.timeout = timeout
        self.bytes_in = 0
        """Bytes received since this client was made, without TCP/IP headers."""
        self.bytes_out = 0
        """Bytes sent, likewise."""
        self.connections = 0
        """How often a connection was made; a change tells that the server was lost meanwhile."""
        self._socket: socket.socket | None = None
        self._buffer = bytearray()
        self._ids = itertools.count(1)

    def call(self, method: str, *params: Any) -> Any:
        """Return the result of one question, fractional numbers as Decimal.

        Raises ElectrumError if the server says no, LedgerUnavailable if it gives no proper answer in time.
        """
        return self.batch([(method, *params)])[0]

    def batch(self, requests: Sequence[Request]) -> list[Any]:
        """Return the results of several questions that are sent at once; the first error, if any, is raised."""
        kept = self._socket is not None
        try:
            return self._attempt(requests)
        except _Dropped as error:
            if not kept:
                self._unavailable("ended the connection before it had answered", error)
        try:
            return self._attempt(requests)
        except _Dropped as error:
            self._unavailable("ended the connection before it had answered, twice", error)

    def close(self) -> None:
        """Drop the connection; the next question opens a new one."""
        connection, self._socket = self._socket, None
        self._buffer.clear()
        if connection is not None:
            connection.close()

    def _attempt(self, requests: Sequence[Request]) -> list[Any]:
        try:
            replies = self._exchange(self._socket or self._connect(), requests)
        except BaseException:
            self.close()  # also after Ctrl-C: an answer still on its way must not meet the next question
            raise
        return [self._result(reply, str(method)) for reply, (method, *_) in zip(replies, requests, strict=True)]

    def _connect(self) -> socket.socket:
        try:
            address = (self.endpoint.host, self.endpoint.port)
            connection = socket.create_connection(address, timeout=self.timeout)
        except OSError as error:
            self._unavailable(f"refused the connection ({error.strerror or error})", error)
        self._socket = connection
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connections += 1
        greeting = ("server.version", "micropay-hil", PROTOCOL)
        self._result(self._exchange(connection, [greeting])[0], "server.version")
        return connection

    def _exchange(self, connection: socket.socket, requests: Sequence[Request]) -> list[Mapping[str, Any]]:
        first = str(requests[0][0])
        bodies = [{"jsonrpc": "2.0", "id": next(self._ids), "method": one[0], "params": one[1:]} for one in requests]
        data = b"".join(json.dumps(body, separators=(",", ":")).encode() + b"\n" for body in bodies)
        replies: dict[int, Mapping[str, Any]] = {}
        elapsed = stopwatch()
        try:
            connection.settimeout(self.timeout)
            connection.sendall(data)
            self.bytes_out += len(data)
            while len(replies) < len(bodies):
                reply = self._parse(self._line(connection, self.timeout - elapsed()))
                if "id" in reply and "method" not in reply:  # else a notification: we ask when we want to know
                    replies[reply["id"]] = reply
        except TimeoutError as error:
            self._unavailable(f"gave no answer to {first} within {self.timeout:g} s", error)
        except OSError as error:
            raise _Dropped from error
        return [replies[body["id"]] if body["id"] in replies else self._unasked(first) for body in bodies]

    def _line(self, connection: socket.socket, timeout: float) -> bytes:
        elapsed = stopwatch()
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > _MOST_BYTES:
                self._unavailable(f"sent a line of more than {_MOST_BYTES} bytes")
            if (left := timeout - elapsed()) <= 0:
                raise TimeoutError
            connection.settimeout(left)
            data = connection.recv(_CHUNK)
            if not data:
                raise _Dropped
            self.bytes_in += len(data)
            self._buffer += data
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def _parse(self, line: bytes) -> Mapping[str, Any]:
        try:
            reply = json.loads(line, parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            self._unavailable(f"sent no JSON: {line[:80]!r}", error)
        if not isinstance(reply, Mapping):
            self._unavailable(f"sent no answer but {line[:80]!r}")
        return reply

    def _result(self, reply: Mapping[str, Any], method: str) -> Any:
        error = reply.get("error")
        if error is None:
            return reply.get("result")
        code, message = (error.get("code"), error.get("message")) if isinstance(error, Mapping) else (0, error)
        code = code if isinstance(code, int) else 0
        raise ElectrumError(code, str(message), method=method, place=self.endpoint.place)

    def _unasked(self, method: str) -> NoReturn:
        self._unavailable(f"answered something else than {method}")

    def _unavailable(self, what: str, cause: Exception | None = None) -> NoReturn:
        raise LedgerUnavailable(what, place=self.endpoint.place, remedy=_REMEDY) from cause

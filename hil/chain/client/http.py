"""One kept HTTP/1.1 connection on which requests are posted, one after another.

Parsed by llhttp (httptools), because a scenario has some fifty exchanges with its node and ``http.client`` takes more
time for one than the node does: a call took 0.19 ms of this side's processor time and takes 0.08 ms.
"""

from __future__ import annotations

import select
import socket
from dataclasses import dataclass, field

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from hil.clock import stopwatch

_CHUNK = 1 << 16


class NotHttp(Exception):
    """What came is no whole HTTP answer."""


@dataclass
class Answer:
    """What the other side said.

    :param date: its header ``Date``, empty without one.
    :param last: it closes the connection after this.
    """

    status: int = 0
    date: str = ""
    last: bool = False
    body: bytearray = field(default_factory=bytearray)
    complete: bool = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header (called by httptools)."""
        match name.lower():
            case b"date":
                self.date = value.decode("latin-1")
            case b"connection":
                self.last = value.lower() == b"close"

    def on_body(self, part: bytes) -> None:
        """Take a part of the body (called by httptools)."""
        self.body += part

    def on_message_complete(self) -> None:
        """Note that the answer is whole (called by httptools)."""
        self.complete = True


class HttpConnection:
    """Opened by the constructor, which raises OSError if no server listens.

    :param headers: besides those that every request has; lines that end in CRLF.
    :param timeout: seconds to wait for the connection, and for each whole answer.
    """

    def __init__(self, host: str, port: int, headers: str, timeout: float) -> None:
        self._socket = socket.create_connection((host, port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._timeout = timeout
        self._head = f"POST / HTTP/1.1\r\nHost: {host}:{port}\r\n{headers}Content-Length: "
        self._ended = False

    def post(self, body: bytes) -> Answer:
        """Send ``body`` and return the answer.

        Raises ConnectionResetError or BrokenPipeError if the other side is gone before it said anything, TimeoutError
        if it has not said all in time, another OSError, or NotHttp.
        """
        elapsed = stopwatch()
        self._socket.settimeout(self._timeout)
        self._socket.sendall(f"{self._head}{len(body)}\r\n\r\n".encode() + body)
        answer = Answer()
        parser = HttpResponseParser(answer)
        nothing_yet = True
        while not answer.complete:
            data = self._socket.recv(_CHUNK)
            if not data:
                if nothing_yet:
                    raise ConnectionResetError("closed without an answer")
                raise NotHttp("the connection was closed in the middle of an answer")
            nothing_yet = False
            try:
                parser.feed_data(data)
            except HttpParserError as error:
                raise NotHttp(str(error)) from error
            except HttpParserUpgrade as error:
                raise NotHttp("it wants to speak another protocol") from error
            if not answer.complete:  # who drips bytes is as silent as who says nothing
                if (left := self._timeout - elapsed()) <= 0:
                    raise TimeoutError("timed out in the middle of an answer")
                self._socket.settimeout(left)
        answer.status = parser.get_status_code()
        self._ended = answer.last
        return answer

    def has_ended(self) -> bool:
        """Tell whether it can be used no more; what can be read between two exchanges is its end."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return self._ended or bool(poll.poll(0))

    def close(self) -> None:
        """Idempotent."""
        self._socket.close()

"""What all stream ports of the bench share: cheap reading, and a look at a client's end."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import cast

READ_SIZE = 1 << 13


class ByteProtocol(asyncio.BufferedProtocol):
    """A stream protocol with ``data_received`` that reads into a small buffer of its own.

    asyncio's plain protocol allocates 256 KiB for each read, which costs 30 µs: half of a query.
    """

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._connected = False
        self._read_buffer = bytearray(READ_SIZE)
        self._read_view = memoryview(self._read_buffer)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        # asyncio does this only for sockets made with proto IPPROTO_TCP; without it a second frame waits 40 ms for the
        # acknowledgement of the first
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connected = True

    def abort(self) -> None:
        """Drop the connection, if it ever came to be."""
        if self._connected:
            self.transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._read_view

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(self._read_view[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        raise NotImplementedError


def peer_is_gone(transport: asyncio.BaseTransport) -> bool:
    """Tell whether the client behind ``transport`` has closed its end, even if the loop has not noticed yet."""
    if transport.is_closing():
        return True
    with duplicate(transport) as twin:
        try:
            return twin.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True


def duplicate(transport: asyncio.BaseTransport) -> socket.socket:
    """Return another handle of the transport's socket; closing it leaves the connection alone."""
    return socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))

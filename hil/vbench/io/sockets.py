"""What all stream ports of the bench share: cheap reading, and a look at a client's end."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from typing import cast

from hil.vbench.io.fast_path import READ_SIZE, FastHandler, FastLaneLoop

SILENT_S = 10
"""After so long without any sign of a client's machine its connection is lost, as behind a cable that was pulled.

A client that has died is noticed at once, and one that was stopped is none: its kernel answers for it."""


class ByteProtocol(asyncio.BufferedProtocol):
    """A stream protocol with ``data_received`` that reads into a small buffer of its own.

    asyncio's plain protocol allocates 256 KiB for each read, which costs 30 µs: half of a query.
    """

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._connected = False
        self.error: OSError | None = None
        """What the connection was lost for, if the fast lane has met that."""
        self._fast_lane: dict[int, FastHandler] | None = None
        self._descriptor = -1
        self._read_buffer = bytearray(READ_SIZE)
        self._read_view = memoryview(self._read_buffer)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (called by asyncio)."""
        self.transport = cast("asyncio.Transport", transport)
        # asyncio does this only for sockets made with proto IPPROTO_TCP; without it a second frame waits 40 ms for the
        # acknowledgement of the first
        own = transport.get_extra_info("socket")
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SILENT_S // 2)
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, SILENT_S // 2)
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_S * 1000)
        self._connected = True

    def abort(self) -> None:
        """Drop the connection, if it ever came to be."""
        if self._connected:
            self.transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the buffer for what is read next (called by asyncio)."""
        return self._read_view

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read (called by asyncio)."""
        self.data_received(bytes(self._read_view[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        raise NotImplementedError

    def take_fast_lane(self, can_wait: Callable[[], bool], *, first: bool = False) -> None:
        """Have ``data_received`` called past asyncio's queue from now on, where the loop has a fast lane.

        :param can_wait: asked after each call; False if something was scheduled that the loop must look at.
        :param first: of several connections that have something to read, serve this one first.
        """
        loop = asyncio.get_running_loop()
        if not isinstance(loop, FastLaneLoop):
            return

        def handle(data: bytes) -> bool:
            self.data_received(data)
            return can_wait()

        self._fast_lane = loop.fast_lane.handlers
        self._descriptor = self.transport.get_extra_info("socket").fileno()
        self._fast_lane[self._descriptor] = handle
        if first:
            self.come_first()

    def come_first(self, *, first: bool = True) -> None:
        """Of several connections that have something to read be served first, or like the others.

        To come first costs a second look at those that can be read, whenever another one can.
        """
        if self._fast_lane is not None and isinstance(loop := asyncio.get_running_loop(), FastLaneLoop):
            loop.fast_lane.first = self._descriptor if first else -1

    def reply(self, data: bytes) -> None:
        """Send ``data``, past asyncio where nothing waits to be sent before it."""
        if self._fast_lane is not None and not self.transport.get_write_buffer_size():
            try:
                sent = os.write(self._descriptor, data)
            except OSError:
                sent = 0  # full or broken: the transport finds out which
            if sent == len(data):
                return
            data = data[sent:]
        self.transport.write(data)

    def leave_fast_lane(self) -> None:
        """Must be called before the connection is gone: its file descriptor will be another's."""
        if self._fast_lane is not None:
            self._fast_lane.pop(self._descriptor, None)
            self._fast_lane = None
            if isinstance(loop := asyncio.get_running_loop(), FastLaneLoop):
                self.error = loop.fast_lane.errors.pop(self._descriptor, None)


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

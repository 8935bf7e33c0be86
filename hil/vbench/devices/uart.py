"""Serial lines: a TCP port that the test side plugs into, and the device's UART with its transmission times.

The port outlives worlds; the UART belongs to one model. Both count bytes, because lockstep time hands
bytes over by their totals.
"""

from __future__ import annotations

import math
import socket
from collections import deque
from typing import TYPE_CHECKING
from zlib import crc32

from hil.vbench.io.pty import Terminal
from hil.vbench.io.sockets import ByteProtocol, duplicate, peer_is_gone

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from hil.vbench.virtual_time import Alarm, Kernel

BITS_PER_BYTE = 10
"""8N1: start bit, eight data bits, stop bit."""

CONSOLE_GRID = 0.1
"""Console output is handed over at multiples of this many seconds of virtual time, so it costs ten stops a second."""


class LinePort:
    """The test side's end of one line. Holds one client at a time, as a serial port does.

    :param on_received: called after more bytes were read.
    :param leaves_nothing: tells whether that has scheduled nothing that the loop must look at.
    """

    def __init__(self, name: str, on_received: Callable[[], None], leaves_nothing: Callable[[], bool]) -> None:
        self.name = name
        self.sent = 0
        """Bytes written to the test side since the last reset; without anybody there they are lost and not counted."""
        self.received = 0
        """Bytes read from the test side since the last reset."""
        self.checksum_sent = self.checksum_received = 0
        """CRC-32 over both since the last reset."""
        self.taken = 0
        """How many of these were handed to the device."""
        self._on_received = on_received
        self.leaves_nothing = leaves_nothing
        self._waiting = bytearray()
        self._client: _LineClient | None = None
        self._terminal: Terminal | None = None

    def open_terminal(self) -> Terminal:
        """Give the line a PTY too, which is its end while no client holds the TCP port."""
        self._terminal = Terminal(self.receive)
        return self._terminal

    def make_protocol(self) -> ByteProtocol:
        """Return the protocol for one more TCP connection."""
        return _LineClient(self)

    def admit(self, client: _LineClient) -> bool:
        """Take ``client`` as the line's end unless a living one holds it."""
        holder = self._client
        if holder is not None and not peer_is_gone(holder.transport):
            return False
        if holder is not None:
            holder.leave_fast_lane()
            holder.transport.abort()
        self._client = client
        return True

    def release(self, client: _LineClient) -> None:
        """The connection of ``client`` has ended: another may come."""
        if self._client is client:
            self._client = None

    def receive(self, data: bytes) -> None:
        """Take bytes that the test side sent."""
        self.received += len(data)
        self.checksum_received = crc32(data, self.checksum_received)
        self._waiting += data
        self._on_received()

    def take(self, total: int) -> bytes:
        """Return the bytes up to ``total`` since the reset that were not taken before."""
        count = total - self.taken
        data = bytes(self._waiting[:count])
        del self._waiting[:count]
        self.taken += len(data)
        return data

    def send(self, data: bytes) -> None:
        """Write to the test side at once."""
        if self._client is not None:
            self._client.reply(data)
        elif self._terminal is not None:
            self._terminal.write(data)
        else:
            return
        self.sent += len(data)
        self.checksum_sent = crc32(data, self.checksum_sent)

    def reset(self) -> None:
        """Start counting at 0 and discard everything in flight from the test side, read or not."""
        self.sent = self.received = self.taken = 0
        self.checksum_sent = self.checksum_received = 0
        self._waiting.clear()
        if self._client is None:
            return
        with duplicate(self._client.transport) as twin:
            try:
                while twin.recv(1 << 16, socket.MSG_DONTWAIT):
                    pass
            except OSError:  # drained (BlockingIOError) or broken: the loop will see which
                return


class _LineClient(ByteProtocol):
    def __init__(self, port: LinePort) -> None:
        super().__init__()
        self._port = port
        self._admitted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._admitted = self._port.admit(self)
        if self._admitted:
            self.take_fast_lane(self._port.leaves_nothing)
        else:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        if self._admitted:
            self._port.receive(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.leave_fast_lane()
        self._port.release(self)


class Uart:
    """A device's UART on the line ``port``.

    :param baud: bits a second, both directions.
    :param prompt: hand each write over at the instant its last bit arrives, and stop time there (link). Otherwise
        output is gathered and handed over on ``CONSOLE_GRID`` or whenever time stops anyway (console).
    """

    def __init__(self, kernel: Kernel, port: LinePort, baud: float, *, prompt: bool) -> None:
        self.receiver: Callable[[bytes], None] = lambda _: None
        """Gets each block of bytes at the instant its last bit arrived."""
        self.powered = False
        self._kernel = kernel
        self._port = port
        self._byte_time = BITS_PER_BYTE / baud
        self._prompt = prompt
        self._free_out = self._free_in = 0.0
        self._sending: deque[tuple[float, bytes]] = deque()
        """Instant of the last bit, and bytes; the UART sends them one after the other."""
        self._alarms: deque[Alarm] = deque()
        self._flush_alarm: Alarm | None = None

    def write(self, data: bytes) -> None:
        """Transmit, behind whatever is still being transmitted; without power nothing happens."""
        if not self.powered or not data:
            return
        self._free_out = max(self._kernel.now, self._free_out) + len(data) * self._byte_time
        self._sending.append((self._free_out, bytes(data)))
        if self._prompt:
            self._alarms.append(self._kernel.call_at(self._free_out, self._arrived))
        elif self._flush_alarm is None:
            self._await_flush()

    def plug(self, other: Uart) -> None:
        """Let whatever arrives go out again at ``other``, as through a plug in the place of a device."""
        self.powered = other.powered = True
        self.receiver = other.write

    def feed(self, data: bytes) -> None:
        """Let ``data`` from the test side arrive, one byte after the other from now on."""
        if not data:
            return
        self._free_in = max(self._kernel.now, self._free_in) + len(data) * self._byte_time
        self._kernel.call_at(self._free_in, lambda: self._deliver(data))

    def flush(self) -> None:
        """Hand over the console output whose last bit has arrived by now."""
        done = bytearray()
        while self._sending and self._sending[0][0] <= self._kernel.now:
            done += self._sending.popleft()[1]
        if done:
            self._port.send(bytes(done))

    def cut(self) -> None:
        """Lose power: what has not left the UART by now is lost, down to the byte."""
        now = self._kernel.now
        kept = bytearray()
        for end, data in self._sending:
            sent = math.floor((now - (end - len(data) * self._byte_time)) / self._byte_time + 1e-9)
            kept += data[: max(0, sent)]
        for alarm in self._alarms:
            alarm.cancel()
        self._alarms.clear()
        self._sending.clear()
        self.powered = False
        self._free_out = now
        if kept:
            self._port.send(bytes(kept))
            self._kernel.stop()

    def _deliver(self, data: bytes) -> None:
        if self.powered:
            self.receiver(data)

    def _arrived(self) -> None:
        self._alarms.popleft()
        self._port.send(self._sending.popleft()[1])
        self._kernel.stop()

    def _await_flush(self) -> None:
        grid_point = (math.floor(self._kernel.now / CONSOLE_GRID + 1e-9) + 1) * CONSOLE_GRID
        self._flush_alarm = self._kernel.call_at(grid_point, self._flush_on_grid)

    def _flush_on_grid(self) -> None:
        self._flush_alarm = None
        before = self._port.sent
        self.flush()
        if self._port.sent != before:
            self._kernel.stop()
        if self._sending:
            self._await_flush()

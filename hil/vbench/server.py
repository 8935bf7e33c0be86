"""The ports of the bench: binding them all before anything starts, and the SCPI sockets."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import weakref
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from hil.errors import ConfigurationError, RigFault, nearest
from hil.vbench.control.port import ControlPort
from hil.vbench.control.relay_board import RelayBoard
from hil.vbench.io.lan import LAN_PORTS
from hil.vbench.io.modbus_tcp import ModbusConnection
from hil.vbench.io.pty import Terminal
from hil.vbench.io.sockets import ByteProtocol
from hil.vbench.model_request import LINES
from hil.vbench.scpi.serial import ScpiTerminal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hil.vbench.bench import Bench
    from hil.vbench.io.instrument_port import InstrumentPort
    from hil.vbench.io.lan.servers import LanServers

STANDARD_PORTS: Mapping[str, int] = {
    "meter": 5025,
    "load": 30000,
    "relays": 5020,
    "control": 7000,
    **{name: 7001 + number for number, name in enumerate(LINES)},
}
"""5025 and 30000 are the instruments' own (research/scpi.md); 5020 stands for Modbus' 502, which needs privileges."""

MAX_SCPI_LINE = 1 << 16
"""Bytes of one SCPI message; a client that sends more is cut off."""


@dataclass(frozen=True)
class Endpoints:
    """Where a bench listens: one loopback address, one port for each part (0: any free one)."""

    address: str = "127.0.0.1"
    ports: Mapping[str, int] = field(default_factory=dict)
    """Those that differ from ``STANDARD_PORTS``."""

    def bind(self) -> dict[str, socket.socket]:
        """Return a bound socket for each port; binds all or raises.

        Raises ConfigurationError for an address or port that cannot be, RigFault for one that is taken.
        """
        if not _is_loopback(self.address):
            raise ConfigurationError(
                f"'{self.address}' is not a loopback address", remedy="Take one of 127.0.0.1 to 127.255.255.254"
            )
        known = {**STANDARD_PORTS, **LAN_PORTS}
        for name in self.ports:
            if name not in known:
                raise ConfigurationError(f"'{name}' is not a port of the bench{nearest(name, known)}")
        bound: dict[str, socket.socket] = {}
        try:
            for name, port in STANDARD_PORTS.items():
                bound[name] = self._bind_one(name, self.ports.get(name, port))
        except Exception:
            for one in bound.values():
                one.close()
            raise
        return bound

    def _bind_one(self, name: str, port: int) -> socket.socket:
        one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((self.address, port))
            one.listen(16)  # two may bind with SO_REUSEADDR while none listens
            one.setblocking(False)
        except (OSError, OverflowError) as error:
            one.close()
            place = f"{self.address}:{port}"
            if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
                raise RigFault(
                    f"the port of '{name}' is taken by another program",
                    place=place,
                    remedy=f"End that one, or choose another address (--address 127.0.0.2) or port (--port {name}=…)",
                ) from None
            raise RigFault(
                f"the port of '{name}' cannot be opened: {error}", place=place, remedy="Choose another address or port"
            ) from None
        return one


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.IPv4Address(address).is_loopback
    except ValueError:
        return False


class ScpiConnection(ByteProtocol):
    """One client of one instrument: lines ended by LF or CRLF in, replies ended by LF out."""

    def __init__(self, port: InstrumentPort) -> None:
        super().__init__()
        self._port = port
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be a connection of the instrument (called by asyncio)."""
        super().connection_made(transport)
        self._port.connections.add(self)
        self.take_fast_lane(lambda: not self.transport.is_closing())

    def connection_lost(self, exc: Exception | None) -> None:
        """Be none any more (called by asyncio)."""
        self.leave_fast_lane()
        self._port.connections.discard(self)
        self._port.clear(self)
        self._port.on_complete()

    def answer(self, text: str) -> None:
        """Send ``text`` and a line end."""
        self.reply(text.encode("latin-1", "replace") + b"\n")

    def data_received(self, data: bytes) -> None:
        """Take bytes; run each line that is whole. A line that is too long ends the connection."""
        *lines, rest = (self._rest + data if self._rest else data).split(b"\n")
        self._rest = rest
        for line in lines:
            if len(line) > MAX_SCPI_LINE:
                break
            self._port.receive(self, line.decode("ascii", "replace").rstrip("\r"))
        else:
            if len(rest) <= MAX_SCPI_LINE:
                return
        self.leave_fast_lane()
        self.transport.abort()

    def pause_writing(self) -> None:
        """Take no more queries from a client that does not read its replies."""
        self.leave_fast_lane()
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Take queries again (called by asyncio)."""
        self.transport.resume_reading()


@dataclass
class RunningBench:
    """A bench that listens."""

    bench: Bench
    address: str
    ports: Mapping[str, int]
    control: ControlPort
    _servers: list[asyncio.Server]
    _connections: weakref.WeakSet[ByteProtocol]
    terminals: Mapping[str, Terminal] = field(default_factory=dict)
    """PTYs of the instruments and lines that have one, by name."""
    lan: LanServers | None = None
    """Where VXI-11 and HiSLIP listen, if they do."""

    async def close(self) -> None:
        """Stop listening and drop all connections."""
        self.control.follower.stop()
        for terminal in self.terminals.values():
            terminal.close()
        self.bench.close()
        self.bench.abandon()
        for server in self._servers:
            server.close()
        if self.lan is not None:
            self.lan.close()
        for connection in list(self._connections):
            connection.abort()


async def start(
    bench: Bench, endpoints: Endpoints, *, serial: Sequence[str] = (), lan: bool = False, inst0: str = "meter"
) -> RunningBench:
    """Open all ports of ``bench`` in the running event loop; raises as ``Endpoints.bind`` does.

    :param serial: instruments (``meter``, ``load``) and lines that get a PTY too.
    :param lan: whether the instruments are reached by VXI-11 and HiSLIP as well; ``inst0``: which has the number 0.
    """
    loop = asyncio.get_running_loop()
    sockets = endpoints.bind()
    ports = {name: int(one.getsockname()[1]) for name, one in sockets.items()}
    bench.relays_at = f"{endpoints.address}:{ports['relays']}"
    control = ControlPort(bench, loop)
    makers: dict[str, Callable[[], ByteProtocol]] = {
        "meter": lambda: ScpiConnection(bench.instrument_ports["meter"]),
        "load": lambda: ScpiConnection(bench.instrument_ports["load"]),
        "relays": lambda: ModbusConnection(RelayBoard(bench)),
        "control": control.make_protocol,
        **{name: port.make_protocol for name, port in bench.ports.items()},
    }
    connections: weakref.WeakSet[ByteProtocol] = weakref.WeakSet()

    def remembered(make: Callable[[], ByteProtocol]) -> ByteProtocol:
        connection = make()
        connections.add(connection)
        return connection

    servers = [await loop.create_server(partial(remembered, make), sock=sockets[name]) for name, make in makers.items()]
    terminals = {
        name: bench.ports[name].open_terminal()
        if name in bench.ports
        else ScpiTerminal(bench.instrument_ports[name]).terminal
        for name in dict.fromkeys(serial)
    }
    network = None
    if lan:
        from hil.vbench.io.lan.servers import open_lan  # a bench in lockstep starts sooner without

        lan_ports = {name: endpoints.ports.get(name, port) for name, port in LAN_PORTS.items()}
        by_number = {inst0: bench.instrument_ports[inst0], **bench.instrument_ports}
        network = await open_lan(endpoints.address, lan_ports, by_number, connections.add)
    return RunningBench(bench, endpoints.address, ports, control, servers, connections, terminals, network)

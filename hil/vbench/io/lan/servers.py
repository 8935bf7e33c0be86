"""The network ports of a bench's instruments, where it is told to have them: 111 (TCP and UDP), VXI-11's, 4880."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hil.vbench.io.lan.hislip import HislipServer
from hil.vbench.io.lan.portmapper import Portmapper, PortmapperConnection, PortmapperDatagrams
from hil.vbench.io.lan.vxi11 import ABORT, CORE, Vxi11Server
from hil.vbench.io.sockets import ByteProtocol

if TYPE_CHECKING:
    from hil.vbench.io.instrument_port import InstrumentPort

CONSEQUENCES: Final = {
    "vxi11": "TCPIP::{address}::INSTR finds no instrument. Choose another port (--port vxi11=0).",
    "portmapper": "TCPIP::{address}::INSTR and lxi scpi find no instrument: they ask there for the port of VXI-11. "
    "Run it as root, or allow it once: sysctl net.ipv4.ip_unprivileged_port_start=111",
    "hislip": "TCPIP::{address}::hislip0::INSTR finds no instrument. End the program that has the port.",
}


@dataclass
class LanServers:
    """What listens."""

    ports: dict[str, int] = field(default_factory=dict)
    """By name: ``vxi11``, ``hislip``, ``portmapper``; without those that could not be opened."""
    servers: list[asyncio.Server] = field(default_factory=list)
    datagrams: asyncio.DatagramTransport | None = None

    def close(self) -> None:
        """Stop listening."""
        for server in self.servers:
            server.close()
        if self.datagrams is not None:
            self.datagrams.close()


async def open_lan(
    address: str,
    ports: Mapping[str, int],
    instruments: Mapping[str, InstrumentPort],
    remember: Callable[[ByteProtocol], None],
) -> LanServers:
    """Listen at ``address``; a port that cannot be opened is told on stderr, with what does not work without it.

    :param ports: those of ``LAN_PORTS``.
    :param instruments: in the order of their numbers.
    :param remember: gets each connection, to end it with the bench.
    """
    lan = LanServers()
    vxi11, hislip = Vxi11Server(instruments), HislipServer(instruments)
    await _listen(lan, "vxi11", address, ports["vxi11"], vxi11.make_protocol, remember)
    vxi11.port = lan.ports["vxi11"]
    await _listen(lan, "hislip", address, ports["hislip"], hislip.make_protocol, remember)
    portmapper = Portmapper(address, {CORE: vxi11.port, ABORT: vxi11.port})
    await _listen(lan, "portmapper", address, ports["portmapper"], lambda: PortmapperConnection(portmapper), remember)
    if "portmapper" in lan.ports:
        lan.datagrams, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: PortmapperDatagrams(portmapper), local_addr=(address, lan.ports["portmapper"])
        )
    return lan


async def _listen(
    lan: LanServers,
    name: str,
    address: str,
    port: int,
    make: Callable[[], ByteProtocol],
    remember: Callable[[ByteProtocol], None],
) -> None:
    def remembered() -> ByteProtocol:
        connection = make()
        remember(connection)
        return connection

    try:
        server = await asyncio.get_running_loop().create_server(remembered, address, port, family=socket.AF_INET)
    except OSError as error:
        lacks = CONSEQUENCES[name].format(address=address)
        sys.stderr.write(f"hil vbench: {address}:{port}: cannot be opened ({error.strerror}). {lacks}\n")
        return
    lan.servers.append(server)
    lan.ports[name] = int(server.sockets[0].getsockname()[1])

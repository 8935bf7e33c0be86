"""The portmapper at port 111: tells clients of VXI-11 where the core channel listens (RFC 1833).

Version 2 answers with a port, versions 3 and 4 (rpcbind) with an address. Nothing can be registered from outside.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from hil.vbench.io.lan.rpc import Arguments, Program, Respond, RpcConnection, answer, numbers, opaque

if TYPE_CHECKING:
    from collections.abc import Mapping

PORTMAPPER: Final = 100_000
TCP: Final = 6
SET, UNSET, GET, DUMP = 1, 2, 3, 4


class Portmapper:
    """Knows the ports of programs that listen at ``address`` over TCP, by program number; all are of version 1."""

    def __init__(self, address: str, ports: Mapping[int, int]) -> None:
        self._address = address
        self._ports = ports

    def programs(self, version: int) -> Mapping[int, Program]:
        """Return what clients may call that speak this version."""
        get, dump = (self._port, self._dump) if version == 2 else (self._universal_address, self._dump_addresses)
        refuse = {SET: _refuse, UNSET: _refuse}
        return {PORTMAPPER: Program(range(2, 5), {**refuse, GET: get, DUMP: dump})}

    def answer(self, call: bytes, respond: Respond) -> None:
        """Carry out a call as it came over UDP, or out of a record."""
        version = int.from_bytes(call[16:20], "big")
        answer(call, self.programs(version), respond)

    def _port(self, arguments: Arguments, respond: Respond) -> None:
        program, version, protocol, _ = (arguments.number() for _ in range(4))
        known = protocol == TCP and version == 1
        respond(numbers(self._ports.get(program, 0) if known else 0))

    def _dump(self, _: Arguments, respond: Respond) -> None:
        listed = [numbers(1, program, 1, TCP, port) for program, port in self._ports.items()]
        respond(b"".join(listed) + numbers(0))

    def _universal_address(self, arguments: Arguments, respond: Respond) -> None:
        program, version = arguments.number(), arguments.number()
        network = arguments.text()
        port = self._ports.get(program) if version == 1 and network == "tcp" else None
        respond(opaque(b"" if port is None else self._universal(port)))

    def _dump_addresses(self, _: Arguments, respond: Respond) -> None:
        listed = [
            numbers(1, program, 1) + opaque(b"tcp") + opaque(self._universal(port)) + opaque(b"superuser")
            for program, port in self._ports.items()
        ]
        respond(b"".join(listed) + numbers(0))

    def _universal(self, port: int) -> bytes:
        return f"{self._address}.{port >> 8}.{port & 255}".encode("ascii")


def _refuse(_: Arguments, respond: Respond) -> None:
    respond(numbers(0))


class PortmapperConnection(RpcConnection):
    """A client of the portmapper over TCP."""

    def __init__(self, portmapper: Portmapper) -> None:
        super().__init__()
        self._portmapper = portmapper

    def carry_out(self, record: bytes) -> None:
        """See :class:`RpcConnection`."""
        self._portmapper.answer(record, self.respond)


class PortmapperDatagrams(asyncio.DatagramProtocol):
    """Clients of the portmapper over UDP."""

    def __init__(self, portmapper: Portmapper) -> None:
        self._portmapper = portmapper
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (called by asyncio)."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one call (called by asyncio)."""
        if self._transport is not None:
            self._portmapper.answer(data, partial(self._transport.sendto, addr=addr))

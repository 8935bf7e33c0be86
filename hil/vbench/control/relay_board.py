"""The relay board: four coils K1 to K4 on Modbus TCP, and their auxiliary contacts as discrete inputs.

Where the socket is a process of its own, its contact is a fifth: a real program can only switch what it can reach.

A coil reads back as it was written, at once; the discrete input of the same number follows the contact, which takes
its operate or release time. Any unit identifier is answered, as boards with one unit do.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

if TYPE_CHECKING:
    import asyncio
    import socket

    from hil.vbench.bench import Bench

READ_COILS, READ_DISCRETE_INPUTS, WRITE_COIL, WRITE_COILS = 1, 2, 5, 15
ANY_UNIT = 0


class Switched(Protocol):
    """A relay as the board sees it."""

    @property
    def coil(self) -> bool:
        """Whether the coil is driven."""

    @property
    def closed(self) -> bool:
        """Whether the contact is closed."""

    def set(self, *, closed: bool) -> None:
        """Drive the coil, or let it go."""


class RelayBoard:
    """The board's firmware: translates function codes into what the bench's relays do."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    async def act(
        self,
        function: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Answer one request (signature of pymodbus); coils and inputs are the low bits of register 0.

        pymodbus hands reads over without their bit count; bits without a relay read as open, as on boards with
        eight-bit registers.
        """
        self._bench.time.catch_up()
        model = self._bench.model
        relays: list[Switched] = [*model.plant.relays]
        socket = model.processes.get("socket")
        if socket is not None and socket.contact is not None:
            relays.append(socket.contact)
        if address >= len(relays):
            return ExcCodes.ILLEGAL_ADDRESS
        if function in {WRITE_COIL, WRITE_COILS} and values is not None:
            if address + len(values) > len(relays):
                return ExcCodes.ILLEGAL_ADDRESS
            for relay, value in zip(relays[address:], values, strict=False):
                relay.set(closed=bool(value))
        elif function in {READ_COILS, WRITE_COIL, WRITE_COILS}:  # pymodbus reads a write back for its reply
            registers[0] = sum(relay.coil << bit for bit, relay in enumerate(relays))
        elif function == READ_DISCRETE_INPUTS:
            registers[0] = sum(relay.closed << bit for bit, relay in enumerate(relays))
        else:
            return ExcCodes.ILLEGAL_FUNCTION
        return None


async def serve_relays(bench: Bench, listener: socket.socket, loop: asyncio.AbstractEventLoop) -> ModbusTcpServer:
    """Serve the relay board on ``listener``, a bound socket; ``shutdown()`` of the result ends it."""
    address: tuple[str, int] = listener.getsockname()
    device = SimDevice(
        ANY_UNIT,
        SimData(0, values=[False] * 16, datatype=DataType.BITS),
        use_bit_addressing=True,
        action=RelayBoard(bench).act,
    )
    server = ModbusTcpServer(device, address=address)
    # pymodbus would bind by itself and tell a busy port only to its log.
    server.call_create = partial(loop.create_server, server.handle_new_connection, sock=listener)
    await server.serve_forever(background=True)
    return server

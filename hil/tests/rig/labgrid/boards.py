"""Relay boards on real sockets: one of pymodbus whose coils may be stuck, and one that answers as it likes."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

WRITE_COIL, READ_COILS, READ_INPUTS = 5, 1, 2


@dataclass
class Board:
    """Four coils. A stuck coil acknowledges what it is told and stays as it is; a broken board refuses all.

    Discrete inputs are the mirror contacts: they follow the coils, and stay closed where the contacts are welded.
    """

    coils: list[bool] = field(default_factory=lambda: [False] * 4)
    stuck: set[int] = field(default_factory=set)
    welded: set[int] = field(default_factory=set)
    refuses: bool = False
    port: int = 0
    connections: int = 0
    """How many were made so far."""

    async def act(
        self,
        function: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Signature of pymodbus."""
        if self.refuses:
            return ExcCodes.DEVICE_FAILURE
        if function == WRITE_COIL and values is not None:
            if address not in self.stuck:
                self.coils[address] = bool(values[0])
        else:
            closed = [coil or (function == READ_INPUTS and bit in self.welded) for bit, coil in enumerate(self.coils)]
            registers[0] = sum(state << bit for bit, state in enumerate(closed))
        return None


@contextmanager
def served(board: Board) -> Iterator[Board]:
    """Serve the board on a free port of loopback, in a thread of its own."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    ended = asyncio.Event()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        board.port = probe.getsockname()[1]

    async def serve() -> None:
        device = SimDevice(
            0, SimData(0, values=[False] * 16, datatype=DataType.BITS), use_bit_addressing=True, action=board.act
        )

        def count(connected: bool) -> None:
            board.connections += connected

        server = ModbusTcpServer(device, address=("127.0.0.1", board.port), trace_connect=count)
        await server.serve_forever(background=True)
        ready.set()
        await ended.wait()
        await server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="relay board", daemon=True)
    thread.start()
    assert ready.wait(10), "the relay board did not start"
    try:
        yield board
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()

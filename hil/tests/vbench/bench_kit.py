"""Small device programs, plain instruments and blocking clients for the tests of the virtual bench."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyModbusTCP.client import ModbusClient

from hil.vbench.bench import Bench
from hil.vbench.io.fast_path import FastLaneLoop
from hil.vbench.io.lan import LAN_PORTS
from hil.vbench.plant.terminals import ElectronicLoadState, MeterSample
from hil.vbench.server import STANDARD_PORTS, Endpoints, RunningBench, start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hil.devices.board import Board, Program

PROGRAMS = f"{__name__}:build"
BYTE = 10 / 115200
"""Seconds that one byte takes on a line."""


class Instrument:
    """Answers every line with itself, but ``samples?`` with their number; remembers what the plant told it."""

    def __init__(self) -> None:
        self.samples: list[MeterSample] = []
        self.seeds: list[str] = []

    def execute(self, line: str) -> str | None:
        if line == "samples?":
            return str(len(self.samples))
        return None if line == "quiet" else line

    def power_on(self, seed: str, given: object = None) -> None:
        self.seeds.append(seed)
        self.samples.clear()

    def update(self, sample: MeterSample | None = None) -> None:
        if sample is not None:
            self.samples.append(sample)

    def form(self) -> None:
        """What it answers depends on no sample."""


@dataclass
class Echo:
    """Sends back what it gets; closes its contact ``close_after`` s after power-on, talks each ``talk`` s."""

    board: Board
    profile: Mapping[str, Any]
    calls: list[tuple[str, float]] = field(default_factory=list)
    due: float | None = None

    def power_on(self, now: float) -> None:
        self.calls.append(("on", now))
        if "boot text" in self.profile:
            for number in range(int(self.profile.get("boot lines", 1))):
                self.board.console.write(f"{self.profile['boot text']} {number}\n".encode())
        self.due = now + self.profile["talk"] if "talk" in self.profile else None
        if "close_after" in self.profile:
            self.due = now + self.profile["close_after"]

    def power_off(self, now: float) -> None:
        self.calls.append(("off", now))
        self.due = None

    def on_link_bytes(self, data: bytes, now: float) -> None:
        if data == b"die":
            raise LookupError("no such thing")
        if data == b"energy":
            data = repr(self.board.meter.energy()).encode()
        if data == b"random":
            data = self.board.entropy(8)
        if data.startswith(b"keep "):
            self.board.storage.write("kept", data[5:])
        if data == b"kept":
            data = self.board.storage.read("kept") or b"nothing"
        self.board.link.write(data)

    def on_plug(self, plugged: bool, now: float) -> None:
        """It has no plug contact."""

    def on_time(self, now: float) -> None:
        self.calls.append(("time", now))
        if self.profile.get("stuck"):
            return
        if "close_after" in self.profile:
            self.board.contact.set(closed=True)
            self.due = None
        else:
            self.board.link.write(b"tick")
            self.due = now + self.profile["talk"]

    def next_deadline(self) -> float | None:
        return self.due


def build(role: str, profile: Mapping[str, object], board: Board) -> Program:
    if profile.get("broken"):
        raise KeyError("profile")
    return Echo(board, profile)


def plain_bench(programs: str = PROGRAMS) -> Bench:
    return Bench(Instrument(), Instrument(), ElectronicLoadState(), programs=programs)


@dataclass
class Client:
    """A blocking TCP client."""

    connection: socket.socket

    def __post_init__(self) -> None:
        self._file = self.connection.makefile("rb")

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def line(self) -> bytes:
        return self._file.readline()

    def read(self, count: int) -> bytes:
        return self._file.read(count)

    def ask(self, **request: Any) -> dict[str, Any]:
        self.send(json.dumps(request).encode() + b"\n")
        reply: dict[str, Any] = json.loads(self.line())
        return reply

    def close(self) -> None:
        self._file.close()
        self.connection.close()


@dataclass
class Harness:
    """A running bench and its clients."""

    address: str
    ports: Mapping[str, int]
    stack: ExitStack

    def client(self, name: str) -> Client:
        client = Client(socket.create_connection((self.address, self.ports[name]), timeout=10))
        self.stack.callback(client.close)
        return client

    def switch(self, name: str, *, closed: bool) -> None:
        """Write coil ``K1`` to ``K4`` with a Modbus client that shares no code with the bench."""
        client = ModbusClient(self.address, self.ports["relays"], timeout=10, auto_close=True)
        assert client.write_single_coil(int(name[1]) - 1, closed) is True


@contextmanager
def running(make: Callable[[], Bench] = plain_bench, *, lan: bool = False) -> Iterator[Harness]:
    """Run a bench on free ports in a thread of its own; with ``lan`` VXI-11, HiSLIP and a portmapper have some too."""
    with ExitStack() as stack:
        loop = FastLaneLoop()
        stack.callback(loop.close)
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        stack.callback(thread.join, 10)
        stack.callback(loop.call_soon_threadsafe, loop.stop)

        async def open_bench() -> RunningBench:
            ports = dict.fromkeys((*STANDARD_PORTS, *LAN_PORTS), 0)
            return await start(make(), Endpoints(ports=ports), lan=lan)

        bench = asyncio.run_coroutine_threadsafe(open_bench(), loop).result(10)
        stack.callback(lambda: asyncio.run_coroutine_threadsafe(bench.close(), loop).result(10))
        yield Harness(
            bench.address, {**bench.ports, **(bench.lan.ports if bench.lan else {})}, stack.enter_context(ExitStack())
        )

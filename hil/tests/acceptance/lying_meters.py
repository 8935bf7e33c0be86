"""One run for each way in which a lab meter can be wrong without saying so: its numbers are well formed, and not true.

A proxy stands between rig and meter and changes its readings from the middle of a session on.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from hil.tests.acceptance.commands import Finished, Project
from hil.tests.acceptance.fault_matrix import SOCKET
from hil.tests.acceptance.faulty_parts import Address, Proxy, receive

QUESTION = b"CHAN1:MEAS:DATA?"
PORT = 5025
BENCH = "VirtualBench:\n          name: bench"

FROM_WH = 4.0
"""Energy from which on the meter lies: the session is in full swing."""


@dataclass
class Fields:
    """A reading, and what the meter remembers of those before."""

    voltage: float
    current: float
    power: float
    energy: float
    integrated: float


Lie: TypeAlias = Callable[[Fields, Fields], None]
"""Changes the fields of a reading; the second are those of the last reading that was true."""


def _backwards(now: Fields, _: Fields) -> None:
    now.power = -now.power


def _too_much_backwards(now: Fields, _: Fields) -> None:
    now.power = -5000.0 if now.power > 100 else now.power


def _no_power(now: Fields, _: Fields) -> None:
    now.power = 0.0


def _energy_stands(now: Fields, last: Fields) -> None:
    now.energy = last.energy


def _current_input_open(now: Fields, last: Fields) -> None:
    now.current, now.power, now.energy = 0.0, 0.0, last.energy


def _third_missing(now: Fields, last: Fields) -> None:
    now.current *= 2 / 3
    now.power *= 2 / 3
    now.energy = last.energy + (now.energy - last.energy) * 2 / 3


LIES: dict[str, Lie] = {
    "backwards": _backwards,
    "5000 W backwards": _too_much_backwards,
    "no power": _no_power,
    "energy stands": _energy_stands,
    "current input open": _current_input_open,
    "a third missing": _third_missing,
}

COMMANDS = {
    "a larger range": b"CHAN1:ACQ:CURR:RANG 20\n",
    "another voltage range": b"CHAN1:ACQ:VOLT:RANG 600\n",
}
"""What a second client tells the meter."""


@dataclass
class _State:
    began: bool = False
    last: Fields = field(default_factory=lambda: Fields(0.0, 0.0, 0.0, 0.0, 0.0))


class LyingMeter(Proxy):
    """Changes readings by one of ``LIES``, or is the second client that sends one of ``COMMANDS``."""

    def __init__(self, listen: Address, upstream: Address, what: str) -> None:
        self._lie, self._command = LIES.get(what), COMMANDS.get(what, b"")
        self._state = _State()
        self._there = upstream
        super().__init__(listen, upstream, what, threading.Event())

    def serve(self, client: socket.socket, server: socket.socket) -> None:
        rest = b""
        while True:
            *lines, rest = (rest + receive(client)).split(b"\n")
            for line in lines:
                server.sendall(line + b"\n")
                if b"?" not in line:
                    continue
                reply = b""
                while not reply.endswith(b"\n"):
                    reply += receive(server)
                client.sendall(self._changed(reply) if line == QUESTION and b"N" not in reply else reply)

    def _changed(self, reply: bytes) -> bytes:
        state, now = self._state, Fields(*map(float, reply.split(b",")))
        if not state.began and now.energy < FROM_WH:
            state.last = now
            return reply
        if not state.began:
            state.began = True
            if self._command:
                with socket.create_connection(self._there, timeout=5.0) as second:
                    second.sendall(self._command + b"*OPC?\n")
                    receive(second)
        if self._lie is None:
            return reply
        self._lie(now, state.last)
        values = now.voltage, now.current, now.power, now.energy, now.integrated
        return ",".join(f"{value:.6E}" for value in values).encode() + b"\n"


def plan_of(what: str) -> str:
    """Return the name of the plan."""
    return f"lying_meter_{what.replace(' ', '_')}"


def run(what: str, folder: Path) -> Finished:
    """Carry out a run in a project of its own, with a meter that lies in this way."""
    number = [*LIES, *COMMANDS].index(what) + 1
    bench, proxy = (f"127.{kind}.{os.getpid() % 250 + 1}.{number}" for kind in (198, 199))
    project = Project.make(folder)
    (project.folder / "cell.feature").write_text(SOCKET)
    with contextlib.closing(LyingMeter((proxy, PORT), (bench, PORT), what)):
        rig = project.rig(
            "lying.yaml",
            (
                "VirtualBench:\n          name: bench",
                f"VirtualBench:\n          name: bench\n          address: {bench}",
            ),
            (f"TCPIP::$LG_HIL_BENCH::{PORT}::SOCKET", f"TCPIP::{proxy}::{PORT}::SOCKET"),
        )
        return project.run("run", "cell.feature", "--rig", rig, "--node", "native", "--seed", "7")

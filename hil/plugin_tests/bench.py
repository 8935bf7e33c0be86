"""A virtual bench in lockstep, whose parts are looked at one by one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pyModbusTCP.client import ModbusClient

from hil.errors import RigFault
from hil.ports import Load, Meter
from hil.rig.virtual.process import VirtualBenchProcess
from hil.units import Second, Watt

SOME_LOAD = Watt(150.0)
"""What every load takes."""

UNDER_LOAD_S = 30.0


@dataclass
class Bench:
    """A virtual bench and its time.

    :param plugs: for each line, where what it sends comes back.
    """

    process: VirtualBenchProcess
    plugs: Mapping[str, str] = field(default_factory=dict)
    now: float = 0.0

    def reset(self) -> None:
        """Begin anew; a line that was opened by now has its place at the bench afterwards."""
        self.process.reset(seed="conformance", plant={}, devices={}, node=None, plugs=self.plugs)

    def wait(self, seconds: float) -> None:
        """Let so many seconds of the bench's time pass."""
        self.now, _ = self.process.advance(self.now + seconds, {})

    def resource(self, role: str) -> str:
        """Return the VISA resource of ``meter`` or ``load`` over TCP."""
        return f"TCPIP::{self.process.address}::{self.process.ports[role]}::SOCKET"

    def serial(self, role: str) -> str:
        """Return the VISA resource of ``meter`` or ``load`` on its PTY."""
        return f"ASRL{self.process.terminals[role]}::INSTR"

    def switch(self, relay: int, *, closed: bool) -> None:
        """Switch K1 to K4 by its number; raises RigFault if the board does not answer."""
        client = ModbusClient(self.process.address, self.process.ports["relays"], timeout=10, auto_close=True)
        if client.write_single_coil(relay - 1, closed) is not True:
            raise RigFault("the virtual relay board did not answer", place=f"relay K{relay}")


@contextlib.contextmanager
def virtual_bench(
    instruments: Mapping[str, str], *, serial: Sequence[str] = (), plugs: Mapping[str, str] | None = None
) -> Iterator[Bench]:
    """Start a virtual bench with these instruments by role; it is ended afterwards.

    :param serial: roles and lines that get a PTY.
    """
    with contextlib.closing(VirtualBenchProcess(instruments=instruments, serial=serial)) as process:
        bench = Bench(process, plugs or {})
        bench.reset()
        yield bench


def outside_the_stated_bounds(bench: Bench, meter: Meter, load: Load) -> list[str]:
    """Let ``load`` draw 150 W for 30 s; return which readings of ``meter`` are further from the truth than stated."""
    load.prepare()
    meter.prepare()
    load.draw_power(SOME_LOAD)
    load.set_input(on=True)
    for relay in (1, 2):
        bench.switch(relay, closed=True)
    bench.wait(UNDER_LOAD_S)
    reading, truth = meter.read(), bench.process.ask({"op": "truth"})
    load.set_input(on=False)
    energy = meter.energy_budget(reading.energy, Second(UNDER_LOAD_S), float(reading.energy))
    compared = (
        ("power", float(reading.power), truth["power"], meter.power_budget(reading).expanded),
        ("voltage", float(reading.voltage), truth["voltage"], meter.voltage_budget(reading).expanded),
        ("current", float(reading.current), truth["current"], meter.current_budget(reading).expanded),
        ("energy", float(reading.energy), truth["energy_wh"], energy.expanded),
    )
    found = [
        f"{what}: read {read:g}, true {true:g}, stated ± {bound:g}"
        for what, read, true, bound in compared
        if not abs(read - true) <= bound
    ]
    if truth["power"] < SOME_LOAD * 0.998:
        found.append(f"load: {SOME_LOAD:g} W were set, {truth['power']:g} W flowed")
    return found

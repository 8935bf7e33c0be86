"""Virtual benches in lockstep whose parts the suites look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from labgrid import Target
from labgrid.driver import ModbusCoilDriver, SerialDriver
from labgrid.resource import ModbusTCPCoil, NetworkSerialPort
from pyModbusTCP.client import ModbusClient

from hil.conformance.finding import Finding
from hil.links.serial_line import SerialLine
from hil.rig.labgrid.relays import CoilRelay
from hil.rig.labgrid.serial_ports import port_of
from hil.rig.virtual.client import VirtualBenchProcess
from hil.rig.virtual.lockstep_clock import LockstepClock


@dataclass
class Bench:
    """A virtual bench with these instruments, and its time."""

    process: VirtualBenchProcess
    plugs: Mapping[str, str]
    now: float = 0.0

    def reset(self) -> None:
        """Begin anew; a line that was opened by now has its place at the bench afterwards."""
        self.process.reset(seed="conformance", plant={}, devices={}, node=None, plugs=self.plugs)

    def wait(self, seconds: float) -> None:
        self.now, _ = self.process.advance(self.now + seconds, {})

    def resource(self, role: str) -> str:
        return f"TCPIP::{self.process.address}::{self.process.ports[role]}::SOCKET"

    def serial(self, role: str) -> str:
        return f"ASRL{self.process.terminals[role]}::INSTR"

    def switch(self, relay: int, *, closed: bool) -> None:
        client = ModbusClient(self.process.address, self.process.ports["relays"], timeout=10, auto_close=True)
        assert client.write_single_coil(relay - 1, closed) is True

    def relay(self, number: int) -> CoilRelay:
        """Return K1 to K4 behind labgrid's driver."""
        target, host = Target(f"K{number}"), f"{self.process.address}:{self.process.ports['relays']}"
        ModbusTCPCoil(target, name=f"K{number}", host=host, coil=number - 1)
        driver = ModbusCoilDriver(target, name=f"K{number}")
        target.activate(driver)
        return CoilRelay(driver)

    def line(self, name: str, clock: LockstepClock) -> SerialLine:
        """Return a line behind labgrid's driver, served by ``clock``."""
        target = Target(name)
        NetworkSerialPort(target, name=name, host=self.process.address, port=self.process.ports[name], protocol="raw")
        driver = SerialDriver(target, name=name)
        target.activate(driver)
        line = SerialLine(name, port_of(driver))
        clock.attach(line)
        self.reset()
        return line


Make: TypeAlias = Callable[..., Bench]


def differences(findings: Sequence[Finding]) -> list[str]:
    return [str(finding) for finding in findings if not finding.conforms]

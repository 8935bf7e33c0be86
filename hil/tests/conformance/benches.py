"""Virtual benches in lockstep whose parts the suites look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from labgrid import Target
from labgrid.driver import ModbusCoilDriver, SerialDriver
from labgrid.resource import ModbusTCPCoil, NetworkSerialPort

from hil.conformance.finding import Finding
from hil.links.serial_line import SerialLine
from hil.plugin_tests import bench as virtual
from hil.rig.labgrid.relays import CoilRelay
from hil.rig.labgrid.serial_ports import port_of
from hil.rig.virtual.lockstep_clock import LockstepClock


class Bench(virtual.Bench):
    """A virtual bench with these instruments, and its time."""

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

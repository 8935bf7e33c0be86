"""Builds what a reset asks for: a model of plant, lines and devices that starts at t = 0."""

from __future__ import annotations

import importlib
import math
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hil.devices.lockstep.command import DeviceCommand
from hil.devices.lockstep.program import LockstepProgram
from hil.errors import ConfigurationError, HilError
from hil.vbench.devices.calendar import Calendar
from hil.vbench.devices.host import DeviceHost, describe
from hil.vbench.devices.own_meter import DeviceMeter, meter_gain
from hil.vbench.devices.processes import ProcessHost
from hil.vbench.devices.program_storage import ProgramStorage, Scratch
from hil.vbench.devices.socket_ledger import ledger_access
from hil.vbench.devices.uart import LinePort, Uart
from hil.vbench.model_request import ROLES, ModelRequest
from hil.vbench.plant.plant import Plant
from hil.vbench.virtual_time import Kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hil.devices.board import ProgramFactory
    from hil.vbench.devices.resources import Resources
    from hil.vbench.devices.socket_ledger import SocketLedger
    from hil.vbench.plant.terminals import ElectronicLoadState, MeterSample

PROGRAMS = "hil.devices.firmware.factory:build"
"""Where the device programs come from: ``module:callable``, a :class:`hil.devices.board.ProgramFactory`."""


def find_factory(dotted: str) -> ProgramFactory:
    """Import ``module:callable``; raises ConfigurationError if it is not there."""
    module, _, name = dotted.partition(":")
    try:
        factory: ProgramFactory = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"no device programs at '{dotted}': {error}") from None
    return factory


@dataclass
class BenchModel:
    """Everything that starts at t = 0 and ends with the next reset."""

    kernel: Kernel
    plant: Plant
    uarts: dict[str, Uart]
    hosts: dict[str, DeviceHost]
    processes: dict[str, ProcessHost]
    on_the_wall: bool
    """Whether time follows the wall clock also under a controller, with devices as processes of their own."""

    def close(self) -> None:
        """End the devices that are processes, and remove what they stored."""
        for host in self._devices().values():
            host.discard()
            if host.calendar is not None:
                host.calendar.discard()

    def identities(self) -> dict[str, str]:
        """Return what the programs of the devices say that they are, by role; those that say nothing are left out."""
        return {role: device.identity for role, device in self._devices().items() if device.identity}

    def resources(self) -> dict[str, Resources]:
        """Return what the programs of the devices take of this machine, by role; those that are none are left out."""
        told = {role: device.resources() for role, device in self._devices().items()}
        return {role: resources for role, resources in told.items() if resources is not None}

    def look_at_programs(self) -> None:
        """Have each device fail whose program stands still; those that end are noticed by themselves."""
        for process in self.processes.values():
            process.look()

    def stopped(self) -> dict[str, str]:
        """Return why devices have stopped over a seeded fault of their storage, by role; others are left out."""
        return {role: device.stopped for role, device in self._devices().items() if device.stopped}

    def _devices(self) -> dict[str, DeviceHost | ProcessHost]:
        return {**self.hosts, **self.processes}


@dataclass(frozen=True)
class ModelBuilder:
    """Knows what of the bench stays from model to model.

    :param end_period: told what the lab meter sees, ten times a second.
    :param programs: dotted name of the program factory, imported when a reset first fits a device.
    :param relays_at: ``HOST:PORT`` of the relay board, for devices that are processes.
    :param catch_up: moves time to the present of the wall clock, if it follows that.
    """

    ports: Mapping[str, LinePort]
    load_state: ElectronicLoadState
    end_period: Callable[[MeterSample], None]
    ledger: SocketLedger
    scratch: Scratch
    programs: str
    relays_at: Callable[[], str]
    catch_up: Callable[[], None]

    def build(self, request: ModelRequest) -> BenchModel:
        """Return a model at t = 0; raises HilError if it cannot be built."""
        kernel = Kernel()
        numbers = request.plant
        gains = {
            role: meter_gain(request.seed, role) if math.isnan(given) else given
            for role, given in zip(ROLES, (numbers.socket_meter_gain, numbers.cable_meter_gain), strict=True)
        }
        hosts: dict[str, DeviceHost] = {}
        processes: dict[str, ProcessHost] = {}
        on_the_wall = request.clock == "wall"

        def supply(role: str, on: bool) -> None:
            host = hosts.get(role) or processes.get(role)
            if host is not None:
                host.supply(on)

        def plug(plugged: bool) -> None:
            if "socket" in hosts:  # a socket that is a process of its own has no plug contact
                hosts["socket"].plug(plugged)

        fitted = [role for role in ROLES if request.devices.get(role) is not None]
        plant = Plant(kernel, numbers, self.load_state, self.end_period, "socket" in fitted, supply)
        plant.on_plug = plug
        uarts = {
            f"{role}-{line}": Uart(kernel, self.ports[f"{role}-{line}"], baud, prompt=line == "link")
            for role in ROLES
            for line, baud in (("link", numbers.link_baud), ("console", numbers.console_baud))
        }
        for name, other in request.plugs.items():
            if name.partition("-")[0] in fitted:
                raise ConfigurationError(f"'{name}' ends at a device, not in a plug", place="reset.plugs")
            uarts[name].plug(uarts[other])
        for role in fitted:
            counted = numbers.socket_meter_counted if role == "socket" else numbers.cable_meter_counted
            meter = DeviceMeter(plant, gains[role], ahead_of_contact=role == "socket", counted_wh=counted)
            lines = uarts[f"{role}-link"], uarts[f"{role}-console"]
            command = request.programs.get(role)
            if command is not None and command.on_serial_ports and not on_the_wall:
                raise ConfigurationError("a program on serial ports needs clock: wall", place=f"devices.{role}")
            if on_the_wall and (command is None or not command.on_serial_ports):
                command = on_serial_ports(role, command)
            calendar = None
            if role in request.calendars and command is not None:
                calendar = Calendar(Path(f"{self.scratch.new(role)}.calendar"))
                command = calendar.seen_by(command)
            if on_the_wall and command is not None:
                processes[role] = self._on_serial_ports(role, kernel, plant, lines, command, meter, request)
            else:
                hosts[role] = self._in_step(role, kernel, plant, lines, command, meter, request)
            (hosts.get(role) or processes[role]).calendar = calendar
        return BenchModel(kernel, plant, uarts, hosts, processes, on_the_wall)

    def _on_serial_ports(
        self,
        role: str,
        kernel: Kernel,
        plant: Plant,
        lines: tuple[Uart, Uart],
        command: DeviceCommand,
        meter: DeviceMeter,
        request: ModelRequest,
    ) -> ProcessHost:
        return ProcessHost(
            role,
            kernel,
            plant,
            *lines,
            command=command,
            profile=request.devices[role] or {},
            ledger=ledger_access(request) if role == "socket" else None,
            meter=meter,
            storage=ProgramStorage(self.scratch.new(role)),
            relays=self.relays_at,
            catch_up=self.catch_up,
        )

    def _in_step(
        self,
        role: str,
        kernel: Kernel,
        plant: Plant,
        lines: tuple[Uart, Uart],
        command: DeviceCommand | None,
        meter: DeviceMeter,
        request: ModelRequest,
    ) -> DeviceHost:
        """Return a device whose time the bench keeps: the reference program, or one of the lockstep protocol."""
        factory, other, storage = find_factory(self.programs), None, None
        if command is not None:
            storage = ProgramStorage(self.scratch.new(role))
            program = partial(
                LockstepProgram,
                meter=meter,
                plugged=(lambda: plant.relays[1].closed) if role == "socket" else (lambda: None),
                storage=storage.path,
            )
            factory = partial(program, command=storage.seen_by(command))
            if command.other_firmware is not None:
                other = partial(program, command=storage.seen_by(command.other_firmware))
        try:
            return DeviceHost(
                role,
                kernel,
                plant,
                *lines,
                factory=factory,
                profile=request.devices[role] or {},
                ledger=self.ledger.view(request, lambda: kernel.now) if role == "socket" else None,
                ledger_late_s=lambda: self.ledger.late_s,
                seed=request.seed,
                meter=meter,
                program_storage=storage,
                other_factory=other,
            )
        except HilError:
            raise
        except Exception as error:
            raise ConfigurationError(f"the {role}'s program cannot be built: {describe(error)}") from error


def on_serial_ports(role: str, program: DeviceCommand | None) -> DeviceCommand:
    """Return the command that runs the reference firmware, or a program that speaks the lockstep protocol, on ports."""
    words = [sys.executable, "-m", "hil.cli.main", "device", role, "--link", "{link}", "--console", "{console}"]
    words += ["--meter", "pzem:{meter}", "--storage", "{storage}", "--profile", "-"]
    words += ["--relay", "modbus:{relay}"] if role == "socket" else []
    if program is None:
        return DeviceCommand(words, Path.cwd(), trusted=True)
    other = [*words, "--", *program.other] if program.other else []
    return DeviceCommand([*words, "--", *program.words], program.folder, hosts=True, trusted=True, other=other)

"""Devices as programs on serial ports: link, console and meter are PTYs, the supply a real start and ``kill -9``.

Stands where :class:`hil.vbench.devices.host.DeviceHost` stands in virtual time. Only for a bench on the wall clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from hil.child_process import STOPPED, ChildProcess
from hil.errors import ConfigurationError
from hil.vbench.devices.blame import BENCH, blamed
from hil.vbench.devices.pzem004t import PzemValues, RtuPort, VirtualPzem
from hil.vbench.devices.resources import Resources, used_by
from hil.vbench.devices.socket_contact import SocketContact
from hil.vbench.io.pty import Terminal

if TYPE_CHECKING:
    from hil.devices.lockstep.command import DeviceCommand
    from hil.vbench.devices.calendar import Calendar
    from hil.vbench.devices.own_meter import DeviceMeter
    from hil.vbench.devices.program_storage import ProgramStorage
    from hil.vbench.devices.socket_ledger import LedgerAccess
    from hil.vbench.devices.uart import Uart
    from hil.vbench.plant.plant import Plant
    from hil.vbench.virtual_time import Kernel

LEDGER_VARIABLE = "HIL_DEVICE_LEDGER"
VIEW_VARIABLE = "HIL_DEVICE_LEDGER_VIEW"
CONTACT_COIL = 4
"""The socket's contact on the relay board, behind K1 to K4."""

IDENTITY = b"identity "
"""Begins the line of the console that tells what the program is."""

FIRST_WORDS = 4096
"""Bytes of the console in which that line is looked for."""

ENOUGH_LOOKS = 2
"""A program that is found stopped so many times does not go on by itself."""

LAST_WORDS = 400
"""Characters of a program's standard error that a fault tells."""


class ProcessHost:
    """One device of the model: starts its program when its supply is switched on, kills it when it is switched off.

    :param storage: its own; removed with the model.
    :param relays: where the relay board listens, ``HOST:PORT``.
    :param catch_up: moves the bench's time to the present before something from outside acts on it.
    """

    def __init__(
        self,
        role: str,
        kernel: Kernel,
        plant: Plant,
        link: Uart,
        console: Uart,
        *,
        command: DeviceCommand,
        profile: Mapping[str, object],
        ledger: LedgerAccess | None,
        meter: DeviceMeter,
        storage: ProgramStorage,
        relays: Callable[[], str],
        catch_up: Callable[[], None],
    ) -> None:
        self.role = role
        self.contact = SocketContact(plant.contact) if role == "socket" else None
        self._kernel = kernel
        self._plant = plant
        self._link, self._console = link, console
        self._commands = (command, command.other_firmware)
        self._command = command
        self._profile = dict(profile)
        self.identity = ""
        """What its program says that it is; empty until it has said so."""
        self._first_words = b""
        self._ledger = ledger
        self._relays = relays
        self._catch_up = catch_up
        self._meter = meter
        self._module = VirtualPzem(self._measure)
        self._process: ChildProcess | None = None
        self._looks_stopped = 0
        """So many looks one after the other have found its program stopped by a signal."""
        self._terminals: list[Terminal] = []
        self.storage = storage
        self.calendar: Calendar | None = None
        """Its own, if that can be set."""
        self.stopped = ""
        """Why its program has stopped, as a device does whose storage fails; empty if it has not."""

    @property
    def pid(self) -> int | None:
        """Process id while the device runs."""
        return self._process.pid if self._process is not None else None

    def supply(self, on: bool) -> None:
        """Switch the power of the electronics; runs inside an event of the kernel."""
        if on == self._link.powered:
            return
        self._link.powered = self._console.powered = on
        if self.contact is not None:
            self.contact.powered = on
        if on:
            self.stopped = ""
            self.storage.restart()
            try:
                self._start()
            except OSError as error:  # no PTY, no process, no folder: this machine's
                self._kernel.fail(BENCH, f"the {self.role}'s program cannot be started here: {error}")
        else:
            self._link.cut()
            self._console.cut()
            self._plant.contact.set(closed=False)
            self.close()

    def look(self) -> None:
        """Say that the device failed if its program is stopped by a signal, and was so when it was looked at before."""
        stopped = self._process is not None and self._process.stopped()
        self._looks_stopped = self._looks_stopped + 1 if stopped else 0
        if self._looks_stopped == ENOUGH_LOOKS:
            self._tell(f"its program {STOPPED}")

    def resources(self) -> Resources | None:
        """Return what its program takes of this machine; None while it does not run."""
        return None if self._process is None else used_by(self._process.pid, hosted=self._command.hosts)

    def install(self, *, other: bool) -> None:
        """Have the other version of the program, or the first again, from the next power-on.

        Raises ConfigurationError if there is no other, or while the supply is on.
        """
        command = self._commands[other]
        if command is None:
            raise ConfigurationError(f"the {self.role} has no other firmware", place="firmware.role")
        if self._link.powered:
            raise ConfigurationError(f"the supply of the {self.role} is on", place="firmware.role")
        self.storage.share()
        self._command, self.identity, self._first_words = command, "", b""

    def drift(self, gain: float) -> None:
        """Give the device's own meter another gain error, 0.02 for +2 %."""
        self._catch_up()
        self._meter.drift(gain)

    def step_meter_back(self, energy_wh: float) -> None:
        """Let the register of the device's own meter show so much less from now on."""
        self._catch_up()
        self._meter.step_back(energy_wh)

    def fail_meter(self, *, silent: bool) -> None:
        """Let the device's own meter answer no more, or stand still."""
        self._catch_up()
        self._meter.fail(silent=silent)

    def close(self) -> None:
        """Kill the program, if it runs; it has no time to notice."""
        process, self._process = self._process, None
        if process is None:
            return
        process.end()
        for terminal in self._terminals:
            terminal.close()
        self._terminals.clear()

    def discard(self) -> None:
        """Kill the program and remove its storage: the model ends."""
        self.close()
        self.storage.discard()

    def abandon(self) -> None:
        """Kill the program from any thread, when the bench itself is about to go."""
        if self._process is not None:
            self._process.kill()

    def _start(self) -> None:
        link = Terminal(self._from_device(self._link))
        console = Terminal(self._from_device(self._console, self._listen_for_identity))
        loop = asyncio.get_running_loop()
        meter = Terminal(lambda data: None if self._meter.silent else port.receive(data))
        port = RtuPort(self._module, self._answer(meter), loop.call_later)
        self._link.receiver = link.write
        self._terminals = [link, console, meter]
        ports = {
            "{link}": link.path,
            "{console}": console.path,
            "{meter}": meter.path,
            "{relay}": f"{self._relays()}/{CONTACT_COIL}",
            "{storage}": str(self.storage.path),
        }
        command = self.storage.seen_by(self._command)
        words = [_filled(word, ports) for word in command.words]
        ledger = {} if self._ledger is None else environment_of(self._ledger)

        def on_end(process: ChildProcess) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the bench has ended, too
                loop.call_soon_threadsafe(self._ended, process)

        self._process = ChildProcess(
            f"{self.role} device",
            words,
            feed=json.dumps(self._profile).encode(),
            stdout=subprocess.DEVNULL,
            environment=command.environment(**ledger),
            folder=command.folder,
            dies_with_parent=True,
            on_end=on_end,
        )

    def _answer(self, meter: Terminal) -> Callable[[bytes], None]:
        def send(reply: bytes) -> None:
            if meter in self._terminals:  # else the supply was cut before the reply was due
                meter.write(reply)

        return send

    def _from_device(self, uart: Uart, listener: Callable[[bytes], None] | None = None) -> Callable[[bytes], None]:
        def receive(data: bytes) -> None:
            self._catch_up()
            uart.write(data)
            if listener is not None:
                listener(data)

        return receive

    def _listen_for_identity(self, data: bytes) -> None:
        """Look for the line of the console that tells what the program is, among the first ones."""
        if self.identity or len(self._first_words) > FIRST_WORDS:
            return
        self._first_words += data
        for line in self._first_words.splitlines(keepends=True):
            if line.startswith(IDENTITY) and line.endswith((b"\n", b"\r")):
                self.identity = line.removeprefix(IDENTITY).decode(errors="replace").strip()

    def _measure(self) -> PzemValues:
        self._catch_up()
        meter = self._meter
        voltage = meter.voltage()
        frequency = self._plant.parameters.mains_frequency if voltage else 0.0
        energy = float(meter.energy()) + meter.returned()
        return PzemValues(voltage, meter.current(), abs(float(meter.power())), energy, frequency)

    def _ended(self, process: ChildProcess) -> None:
        """The program ended by itself while it had power; its contact stands as it left it."""
        if process is not self._process:  # its supply was switched off meanwhile
            return
        for terminal in self._terminals:
            terminal.read()
        words = process.last_words()[-LAST_WORDS:]
        how = f"its program {process.how_it_ended()}{': ' + words if words else ''}"
        own = f"{self.role}: its program "  # a host tells how the program that it runs has failed
        how = words.removeprefix(f"{self.role}: ") if words.startswith(own) else how
        if self.storage.out_of_order and (process.returncode or 0) >= 0:
            self.stopped = how
        else:
            self._tell(how)

    def _tell(self, how: str) -> None:
        self._kernel.fail(*blamed(self.role, how, self.storage.folder))


def environment_of(ledger: LedgerAccess) -> dict[str, str]:
    """Return the environment in which a socket's program finds its view of the ledger."""
    server = ledger.server
    user, password = quote(server.user, safe=""), quote(server.password, safe="")
    url = f"http://{user}:{password}@{server.host}:{server.port}" if user else f"tcp://{server.host}:{server.port}"
    return {LEDGER_VARIABLE: url, VIEW_VARIABLE: ledger.view}


def _filled(word: str, ports: Mapping[str, str]) -> str:
    for name, value in ports.items():
        word = word.replace(name, value)
    return word

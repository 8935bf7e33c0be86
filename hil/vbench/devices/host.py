"""Hosts of device programs: the board that a program sees, its supply, its timers, and what happens when it raises."""

from __future__ import annotations

import contextlib
import math
import traceback
from pathlib import PurePath
from typing import TYPE_CHECKING

from hil.devices.board import Board
from hil.devices.lockstep.program import LockstepProgram, ProgramEnded
from hil.devices.storage.journal import StorageFailed
from hil.errors import ConfigurationError, DeviceFailed
from hil.vbench.devices.blame import BENCH, blamed
from hil.vbench.devices.busy import Busy, BusyContact, BusyOut
from hil.vbench.devices.entropy import Entropy
from hil.vbench.devices.resources import Resources, used_by
from hil.vbench.devices.storage import DeviceStorage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hil.devices.board import Contact, Program, ProgramFactory
    from hil.ports import LedgerView
    from hil.vbench.devices.calendar import Calendar
    from hil.vbench.devices.own_meter import DeviceMeter
    from hil.vbench.devices.program_storage import ProgramStorage
    from hil.vbench.devices.uart import Uart
    from hil.vbench.plant.plant import Plant
    from hil.vbench.virtual_time import Alarm, Kernel

LIVELOCK = 10_000
"""So many calls of ``on_time`` at one instant mean that the program will never let time pass."""


class OpenOutput:
    """The relay output of a board that has no relay behind it (the cable)."""

    def set(self, *, closed: bool) -> None:
        """Nothing is connected."""


class DeviceHost:
    """One device: builds its program, switches its supply, hands it bytes and instants.

    A program that raises is reported once through ``Kernel.fail`` and then left alone, its contact as it stands, until
    its supply is switched off and on: then it is built anew. One that stops because a seeded fault of its storage keeps
    it from its records is left alone likewise, and not reported: SPEC demands that of it.

    :param meter: the device's own.
    :param program_storage: of a program in a process of its own; removed with the model.
    :param other_factory: builds the other version of that program; None if there is none.
    """

    def __init__(
        self,
        role: str,
        kernel: Kernel,
        plant: Plant,
        link: Uart,
        console: Uart,
        *,
        factory: ProgramFactory,
        profile: Mapping[str, object],
        ledger: LedgerView | None,
        ledger_late_s: Callable[[], float] = lambda: 0.0,
        seed: str,
        meter: DeviceMeter,
        program_storage: ProgramStorage | None = None,
        other_factory: ProgramFactory | None = None,
    ) -> None:
        self.role = role
        self.identity = ""
        """What its program says that it is; empty until it has said so."""
        self.calendar: Calendar | None = None
        """Its own, if that can be set."""
        self.stopped = ""
        """Why its program has stopped, as a device does whose storage fails; empty if it has not."""
        self._busy = Busy(kernel)
        records = DeviceStorage(self._busy.take)
        self.storage: DeviceStorage | ProgramStorage = program_storage or records
        self._kernel = kernel
        self._link = link
        self._console = console
        self._contact: Contact = plant.contact if role == "socket" else OpenOutput()
        self._meter = meter
        self._program_storage = program_storage
        self._board = Board(
            link=BusyOut(link, self._busy),
            console=BusyOut(console, self._busy),
            contact=BusyContact(self._contact, self._busy),
            meter=self._meter,
            storage=records,
            ledger=ledger,
            entropy=Entropy(seed, role),
            ledger_late_s=ledger_late_s,
            contact_position=(lambda: plant.contact.closed) if role == "socket" else (lambda: None),
            identify=self._identify,
        )
        self._factories = (factory, other_factory)
        self._profile = profile
        self._factory = factory
        self._program = self._build()
        self._powered = False
        self._ended = False
        self._alarm: Alarm | None = None
        self._deadline: float | None = None
        """The program's own, as it stood after the last call: only calls change it."""
        self._turns = 0
        self._turns_at = -1.0
        link.receiver = self._on_link_bytes

    def supply(self, on: bool) -> None:
        """Switch the power of the electronics; runs inside an event of the kernel."""
        if on == self._powered:
            return
        self._powered = on
        self._link.powered = on
        self._console.powered = on
        if on:
            self._meter.restart()
            self.storage.restart()
            self._run(self._start)
            return
        self._busy.end()
        self._link.cut()
        self._console.cut()
        self._contact.set(closed=False)
        self._disarm()
        if not self._ended:
            self._run(lambda: self._program.power_off(self._kernel.now))

    def resources(self) -> Resources | None:
        """Return what its program takes of this machine; None if it is no process of its own, or does not run."""
        pid = self._program.pid if isinstance(self._program, LockstepProgram) else None
        return None if pid is None else used_by(pid)

    def install(self, *, other: bool) -> None:
        """Have the other version of the program, or the first again, from the next power-on.

        Raises ConfigurationError if there is no other, or while the supply is on.
        """
        factory = self._factories[other]
        if factory is None or self._program_storage is None:
            raise ConfigurationError(f"the {self.role} has no other firmware", place="firmware.role")
        if self._powered:
            raise ConfigurationError(f"the supply of the {self.role} is on", place="firmware.role")
        self._program_storage.share()
        self._factory, self._program = factory, factory(self.role, self._profile, self._board)
        self.identity = ""

    def drift(self, gain: float) -> None:
        """Give the device's own meter another gain error, 0.02 for +2 %."""
        self._meter.drift(gain)

    def step_meter_back(self, energy_wh: float) -> None:
        """Let the register of the device's own meter show so much less from now on."""
        self._meter.step_back(energy_wh)

    def fail_meter(self, *, silent: bool) -> None:
        """Let the device's own meter answer no more, or stand still."""
        self._meter.fail(silent=silent)

    def plug(self, plugged: bool) -> None:
        """The plug contact of the socket moved; runs inside an event of the kernel."""
        if self._busy.now:
            self._busy.then(lambda: self.plug(plugged))
        elif self._powered and not self._ended:
            self._run(lambda: self._program.on_plug(plugged, self._kernel.now))

    def discard(self) -> None:
        """End the program, and remove what it stored: the model ends."""
        if self._powered and not self._ended:
            self._program.power_off(self._kernel.now)
        self._powered = False
        if self._program_storage is not None:
            self._program_storage.discard()

    def _identify(self, text: str) -> None:
        self.identity = text

    def _build(self) -> Program:
        return self._factory(self.role, self._profile, self._board)

    def _start(self) -> None:
        self.stopped = ""
        if self._ended:
            self._program = self._build()
            self._ended = False
        self._program.power_on(self._kernel.now)

    def _on_link_bytes(self, data: bytes) -> None:
        if self._busy.now:
            self._busy.then(lambda: self._on_link_bytes(data))
        elif not self._ended:
            self._run(lambda: self._program.on_link_bytes(data, self._kernel.now))

    def _run(self, call: Callable[[], None]) -> None:
        try:
            call()
            if self._powered:
                self._deadline = self._program.next_deadline()
                self._arm(self._deadline)
        except Exception as error:  # whatever a program does, the bench lives on and says whose fault it was
            if isinstance(error, StorageFailed | ProgramEnded) and self.storage.out_of_order:
                self.stopped = str(error)
                self._end()
            elif isinstance(error, ConfigurationError):  # what a laboratory added to the bench has failed
                self._crash(str(error), BENCH)
            elif self._program_storage is None or isinstance(error, DeviceFailed):
                self._crash(describe(error))
            else:  # the program is a process of its own: what was raised here was raised by the bench or its machine
                self._crash(describe(error), BENCH)

    def _end(self) -> None:
        """Have no program until the next power-on."""
        self._ended = True
        self._disarm()
        with contextlib.suppress(Exception):  # it has failed already; a process of its own must not be left behind
            self._program.power_off(self._kernel.now)

    def _crash(self, how: str, who: str = "") -> None:
        self._end()
        if who:
            self._kernel.fail(who, how)
        elif self._program_storage is None:
            self._kernel.fail(self.role, how)
        else:
            self._kernel.fail(*blamed(self.role, how, self._program_storage.folder))

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _arm(self, deadline: float | None) -> None:
        if deadline is None or deadline == math.inf:
            self._disarm()
            return
        if math.isnan(deadline):
            raise ValueError("next_deadline() is not a number")
        if self._alarm is not None:
            if self._alarm.due <= deadline:
                return  # it asks again when it rings: cheaper than a new alarm for each byte
            self._alarm.cancel()
        self._alarm = self._kernel.call_at(deadline, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if self._busy.now:
            self._busy.then(self._ring)
            return
        now = self._kernel.now
        self._turns = self._turns + 1 if now == self._turns_at else 0
        self._turns_at = now
        if self._turns > LIVELOCK:
            self._crash(f"livelock: asked for on_time at {now} s {LIVELOCK} times")
            return
        self._run(self._on_time)

    def _on_time(self) -> None:
        if self._deadline is not None and self._deadline <= self._kernel.now:
            self._program.on_time(self._kernel.now)


def describe(error: Exception) -> str:
    """Return one line: kind and text of ``error`` and where it was raised (file name, line, function).

    Of a program in a process of its own the text is enough.
    """
    if isinstance(error, DeviceFailed):
        return error.what
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({PurePath(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"

"""One of the reference devices of a simulated session: its program, its board, its supply."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from hil.devices.board import Board
from hil.units import Watt, WattHour

if TYPE_CHECKING:
    from hil.devices.firmware.cable import CableProgram
    from hil.devices.firmware.socket import SocketProgram
    from hil.ports import LedgerView


class Surroundings(Protocol):
    """What of a simulated session a device is connected to."""

    first_session: int
    now: float
    energy_wh: float
    """What has flowed to the appliance, in Wh."""
    power_w: float
    """What the appliance takes while the socket's contact is closed, in W."""
    closed: bool
    contact_stuck: bool
    """The contact does not close when it is switched on (seeded fault)."""

    @property
    def ledger(self) -> LedgerView: ...

    def carry(self, sender: str, frame: bytes) -> None:
        """Take a frame from the device of this role."""


class Device:
    """A program, its board and its supply. The board's parts are this object's methods."""

    def __init__(
        self, role: str, around: Surroundings, program: Callable[[Board], SocketProgram | CableProgram]
    ) -> None:
        self.role = role
        self.on = False
        self.records: dict[str, bytes] = {}
        self.meter_gain = 1.0
        self._around = around
        self._meter_origin = 0.0
        self._entropy = itertools.count(around.first_session)
        self.program = program(
            Board(
                link=_Writer(lambda data: around.carry(role, data)),
                console=_Writer(lambda data: None),
                contact=self,
                meter=self,
                storage=self,
                ledger=around.ledger if role == "socket" else None,
                entropy=lambda count: next(self._entropy).to_bytes(count, "big"),
            )
        )

    @property
    def machine(self) -> Any:
        """The protocol machine that runs on it; None while it boots or is off."""
        endpoint = self.program._endpoint
        return endpoint.machine if endpoint is not None else None

    def read(self, name: str) -> bytes | None:
        return self.records.get(name)

    def write(self, name: str, record: bytes) -> None:
        self.records[name] = record

    def energy(self) -> WattHour:
        return WattHour((self._around.energy_wh - self._meter_origin) * self.meter_gain)

    def power(self) -> Watt:
        return Watt(self._around.power_w if self._around.closed else 0.0)

    def live(self) -> bool:
        return self._around.closed

    def set(self, *, closed: bool) -> None:
        if self.role == "socket":
            self._around.closed = closed and self.on and not self._around.contact_stuck

    def supply(self, on: bool) -> None:
        if on == self.on:
            return
        self.on = on
        if on:
            self._meter_origin = self._around.energy_wh
            self.program.power_on(self._around.now)
        else:
            self.program.power_off(self._around.now)
            self.set(closed=False)


class _Writer:
    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.write = write

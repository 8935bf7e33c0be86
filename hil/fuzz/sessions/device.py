"""One of the reference devices of a world: its program, its board, its supply."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hil.devices.board import Board
from hil.units import Watt, WattHour

if TYPE_CHECKING:
    from hil.devices.firmware.cable import CableProgram
    from hil.devices.firmware.socket import SocketProgram
    from hil.fuzz.sessions.simulation import World


class Device:
    """A program, its board and its supply. The board's parts are this object's methods."""

    def __init__(self, role: str, world: World, program: Callable[[Board], SocketProgram | CableProgram]) -> None:
        self.role = role
        self.on = False
        self.records: dict[str, bytes] = {}
        self.meter_gain = 1.0
        self._world = world
        self._meter_origin = 0.0
        self._entropy = itertools.count(world.first_session)
        self.program = program(
            Board(
                link=_Writer(lambda data: world.carry(role, data)),
                console=_Writer(lambda data: None),
                contact=self,
                meter=self,
                storage=self,
                ledger=world.ledger if role == "socket" else None,
                entropy=lambda count: next(self._entropy).to_bytes(count, "big"),
            )
        )

    @property
    def machine(self) -> Any:
        """The protocol machine that runs on it; None while it boots or is off."""
        player = self.program._player
        return player.machine if player is not None else None

    def read(self, name: str) -> bytes | None:
        return self.records.get(name)

    def write(self, name: str, record: bytes) -> None:
        self.records[name] = record

    def energy(self) -> WattHour:
        return WattHour((self._world.energy_wh - self._meter_origin) * self.meter_gain)

    def power(self) -> Watt:
        return Watt(self._world.power_w if self._world.closed else 0.0)

    def live(self) -> bool:
        return self._world.closed

    def set(self, *, closed: bool) -> None:
        if self.role == "socket":
            self._world.closed = closed and self.on and not self._world.contact_stuck

    def supply(self, on: bool) -> None:
        if on == self.on:
            return
        self.on = on
        if on:
            self._meter_origin = self._world.energy_wh
            self.program.power_on(self._world.now)
        else:
            self.program.power_off(self._world.now)
            self.set(closed=False)


class _Writer:
    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.write = write

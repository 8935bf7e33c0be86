"""Checks of the socket's own contact and meter; while one fails, the socket sells nothing.

SPEC, "Energy and meters". Boards whose drivers find such a fault themselves raise it; both ways end the sale.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from hil.devices.board import RegisterCount
from hil.errors import RigFault
from hil.units import WattHour

if TYPE_CHECKING:
    from hil.devices.board import Contact, EnergyMeter
    from hil.units import Watt

CONTACT_RESTS_S = 0.1
"""Seconds after a command within which the contact must have followed: relays of 16 A take 15 ms, and may bounce."""

LATE_S = 0.05
"""A look at the contact that comes so much too late was held up, by a slow storage for one, and so may the command have
been that it is about."""

V = TypeVar("V")


class OutOfOrder(RigFault):
    """The socket's own contact or meter does not do what it should."""


class CountedMeter:
    """The device's own meter: its energy since power-on, by a register that begins anywhere and has an end.

    Implements :class:`hil.devices.board.EnergyMeter`, with errors of its own meter.
    """

    def __init__(self, meter: EnergyMeter) -> None:
        self._meter = meter
        self._count = RegisterCount()

    def begin(self) -> None:
        """The device was powered on: count from what the register has now, or has when it answers first."""
        self._count = RegisterCount()
        with contextlib.suppress(RigFault):
            self.energy()

    def energy(self) -> WattHour:
        """Return the energy in Wh since power-on."""
        return WattHour(self._count.add(self._meter.energy()))

    def power(self) -> Watt:
        """Return the present power."""
        return self._meter.power()

    def live(self) -> bool:
        """Tell whether there is mains voltage."""
        return self._meter.live()


class CheckedMeter:
    """The socket's meter: silence is a fault, and so is a count that stands still while power flows.

    :param most_uncounted_mwh: as much may flow by its own reading of the power before the count must have moved.
    :param now: the present instant in seconds.
    """

    def __init__(self, meter: EnergyMeter, most_uncounted_mwh: float, now: Callable[[], float]) -> None:
        self._meter = meter
        self._most_uncounted_mwh = most_uncounted_mwh
        self._now = now
        self._counted: WattHour | None = None
        self._uncounted_mwh = 0.0
        self._power_w = 0.0
        self._since = 0.0

    def begin(self) -> None:
        """Power begins or ends: start counting anew, without the readings before."""
        self._power_w, self._since, self._uncounted_mwh, self._counted = 0.0, self._now(), 0.0, None

    def energy(self) -> WattHour:
        """Return the count; raises OutOfOrder if the meter is silent, or did not count what flowed.

        A lower count than the one before is taken as that one.
        """
        counted = _answer(self._meter.energy)
        self._add_up()
        if self._counted is None or counted > self._counted:
            self._counted, self._uncounted_mwh = counted, 0.0
        elif self._uncounted_mwh >= self._most_uncounted_mwh:
            raise OutOfOrder(f"the energy meter stands still at {self._counted:g} Wh while {self._power_w:g} W flow")
        return self._counted

    def power(self) -> Watt:
        """Return the present power; raises OutOfOrder if the meter is silent."""
        power = _answer(self._meter.power)
        self._add_up()
        self._power_w = float(power)
        return power

    def _add_up(self) -> None:
        """Count by the power what flowed up to now; whether the meter did tells its next count."""
        now = self._now()
        self._uncounted_mwh += max(0.0, self._power_w) * (now - self._since) / 3.6
        self._since = now


class CheckedContact:
    """The socket's contact: it is read back when it has come to rest.

    :param position: of the contact by its auxiliary contact; None where the board has none.
    """

    def __init__(self, contact: Contact, position: Callable[[], bool | None], now: Callable[[], float]) -> None:
        self._contact = contact
        self._position = position
        self._now = now
        self._told = False
        self._put_off = False
        self.due: float | None = None
        """When it must be looked at; None if it was since the last command."""

    def set(self, *, closed: bool) -> None:
        """Switch; ``check`` is due when the contact has come to rest."""
        self._contact.set(closed=closed)
        self._told, self._put_off = closed, False
        self.due = self._now() + CONTACT_RESTS_S

    def fall_open(self) -> None:
        """The device was without power, and so was the coil."""
        self._told, self.due = False, None

    def check(self) -> None:
        """Read the contact back; raises OutOfOrder if it is not where it was told to be.

        A look that comes too late is put off once.
        """
        if self.due is not None and self._now() > self.due + LATE_S and not self._put_off:
            self.due, self._put_off = self._now() + CONTACT_RESTS_S, True
            return
        self.due = None
        position = self._position()
        if position is not None and position is not self._told:
            words = {True: "closed", False: "open"}
            raise OutOfOrder(f"the contact was told to be {words[self._told]} and reads back {words[position]}")


def _answer(ask: Callable[[], V]) -> V:
    try:
        return ask()
    except RigFault as fault:
        raise OutOfOrder(fault.what) from fault

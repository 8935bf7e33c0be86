"""A device's own meter on the power path, and its gain error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.devices.board import REGISTER_WH
from hil.errors import RigFault
from hil.units import Watt, WattHour
from hil.vbench.devices.entropy import Entropy

if TYPE_CHECKING:
    from hil.vbench.plant.plant import Plant


def meter_gain(seed: str, role: str) -> float:
    """Return the gain error of a device's own meter, evenly distributed within ±0.2 % over seeds (class 0.2)."""
    draw = int.from_bytes(Entropy(seed, f"{role} meter")(6), "big") / (1 << 48)
    return (2 * draw - 1) * 0.002


class DeviceMeter:
    """The device's own meter on the power path, with a gain error of current, power and energy.

    It counts what goes to the appliance; while power flows back its count stands still and its power is negative.

    :param ahead_of_contact: it sits on the mains' side of the socket's contact; else at the appliance.
    :param counted_wh: what its register has at first; it then goes on through a power cut. With 0 it begins anew with
        each power-on.
    """

    def __init__(self, plant: Plant, gain: float, *, ahead_of_contact: bool, counted_wh: float = 0.0) -> None:
        self._plant = plant
        self._ahead = ahead_of_contact
        self._factor = 1 + gain
        self._start = 0.0
        self._counted_wh = counted_wh
        self.silent = False
        """Whether it fails to answer."""
        self._frozen: tuple[WattHour, Watt] | None = None
        """What it goes on telling; None while it measures."""

    def fail(self, *, silent: bool = False) -> None:
        """Answer no more; or stand still at the present energy and power."""
        self.silent = silent
        self._frozen = None if silent else (self.energy(), self.power())

    def restart(self) -> None:
        """Count from zero again, unless the register goes on: the device was powered on."""
        if not self._counted_wh:
            self._start = self._plant.delivered()

    def drift(self, gain: float) -> None:
        """Have another gain error from now on; what was counted stays counted."""
        counted = self._measured()
        self._factor = 1 + gain
        self._start = self._plant.delivered() - counted / self._factor

    def step_back(self, energy_wh: float) -> None:
        """Show so much less than was counted from now on."""
        self._start += energy_wh / self._factor

    def energy(self) -> WattHour:
        """Return what its register has, in Wh below ``REGISTER_WH``, with its gain error."""
        if self._frozen is not None or self.silent:
            return self._failing()[0]
        return WattHour((self._measured() + self._counted_wh) % REGISTER_WH)

    def _measured(self) -> float:
        return (self._plant.delivered() - self._start) * self._factor

    def _failing(self) -> tuple[WattHour, Watt]:
        if self._frozen is None:
            raise RigFault("the energy meter does not answer", place="meter")
        return self._frozen

    def power(self) -> Watt:
        """Return the present power in W, with its gain error; negative where it flows back."""
        if self._frozen is not None or self.silent:
            return self._failing()[1]
        return Watt(self._plant.power() * self._factor)

    def returned(self) -> float:
        """Return the energy in Wh that flowed back through it, with its gain error."""
        return (self._plant.through() - self._plant.delivered()) * self._factor

    def live(self) -> bool:
        """Tell whether the outlet has voltage."""
        return self._plant.outlet_voltage() > 0

    def voltage(self) -> float:
        """Return V rms where it sits."""
        if self._ahead:
            return self._plant.mains.voltage if self._plant.relays[0].closed else 0.0
        return self._plant.outlet_voltage()

    def current(self) -> float:
        """Return A rms, with its gain error."""
        return self._plant.current() * self._factor

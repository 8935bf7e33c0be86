"""The source ahead of K1, K3 and K4, and the power supplies that feed the devices' electronics from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.plant.parameters import PlantParameters
    from hil.vbench.virtual_time import Alarm, Kernel

HIGHEST_VOLTAGE = 300.0
"""V rms; more than any mains has, and the end of the range that the lab meters are set to."""


class Mains:
    """Constant between two events; starts at the nominal voltage.

    A supply works down to ``supply_dropout_voltage`` and bridges ``supply_hold_up`` seconds below it.

    :param before_change: called right before the voltage changes: the time until now belongs to the old one.
    :param on_supply: called with ``socket`` or ``cable`` and whether its electronics now have power.
    """

    def __init__(
        self,
        kernel: Kernel,
        parameters: PlantParameters,
        before_change: Callable[[], None],
        on_supply: Callable[[str, bool], None],
    ) -> None:
        self.voltage = parameters.mains_voltage
        self._kernel = kernel
        self._dropout = parameters.supply_dropout_voltage
        self._hold_up = parameters.supply_hold_up
        self._before_change = before_change
        self._on_supply = on_supply
        self._connected = {"socket": False, "cable": False}
        self._alive = self.voltage >= self._dropout
        self._giving_up: Alarm | None = None

    def set(self, voltage: float) -> None:
        """Have this voltage (V rms) from the present instant on, as the first event to come."""
        if not 0 <= voltage <= HIGHEST_VOLTAGE:
            raise ConfigurationError(f"{voltage:g} V is not from 0 to {HIGHEST_VOLTAGE:g} V", place="mains.voltage")
        self._kernel.call_at(self._kernel.now, lambda: self._change(voltage))

    def connect(self, role: str, connected: bool) -> None:
        """K3 or K4 moved; runs inside an event of the kernel."""
        self._connected[role] = connected
        if self._alive:
            self._on_supply(role, connected)

    def _change(self, voltage: float) -> None:
        self._before_change()
        self.voltage = voltage
        if voltage >= self._dropout:
            if self._giving_up is not None:
                self._giving_up.cancel()
                self._giving_up = None
            self._switch(alive=True)
        elif self._alive and self._giving_up is None:
            self._giving_up = self._kernel.call_at(self._kernel.now + self._hold_up, self._give_up)

    def _give_up(self) -> None:
        self._giving_up = None
        self._switch(alive=False)

    def _switch(self, *, alive: bool) -> None:
        if alive is self._alive:
            return
        self._alive = alive
        for role, connected in self._connected.items():
            if connected:
                self._on_supply(role, alive)

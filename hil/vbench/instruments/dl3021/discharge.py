"""The discharge of a battery: charge, energy and time so far, and when it is over."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hil.vbench.instruments.dl3021.settings import Battery

_ROUNDING = 1e-9


class Discharge:
    """Sums what flows. Between two looks current and power are those of the first."""

    def __init__(self, now: float = 0.0) -> None:
        self.charge = 0.0
        """mAh."""
        self.energy = 0.0
        """Wh."""
        self.seconds = 0.0
        """Since the battery's voltage has reached the starting voltage."""
        self._since = now
        self._flowing = 0.0, 0.0

    def look(self, now: float, volts: float, amperes: float, battery: Battery) -> str | None:
        """Take what the terminals carry at ``now``; return why the discharge is over, None while it is not."""
        seconds = now - self._since
        self.charge += self._flowing[0] * seconds / 3.6
        self.energy += self._flowing[1] * seconds / 3600.0
        if self._flowing[0] > 0.0:
            self.seconds += seconds
        self._since, self._flowing = now, (amperes, volts * amperes)
        if battery.stops_at_capacity and self.charge >= battery.stop_capacity * (1 - _ROUNDING):
            return "capacity"
        if battery.stops_at_time and self.seconds >= battery.stop_time * (1 - _ROUNDING):
            return "time"
        if battery.stops_at_voltage and self.seconds > 0.0 and volts < battery.stop_voltage:
            return "voltage"
        return None

    def remaining(self, battery: Battery) -> float:
        """Return the seconds until it is over if all stays as it is; infinity if nothing ends it."""
        amperes = self._flowing[0]
        ends = [math.inf]
        if amperes > 0.0 and battery.stops_at_capacity:
            ends.append((battery.stop_capacity - self.charge) * 3.6 / amperes)
        if amperes > 0.0 and battery.stops_at_time:
            ends.append(battery.stop_time - self.seconds)
        return max(0.0, min(ends))

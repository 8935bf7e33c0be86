"""The lab meter as a counterpart that the rig plays may use it: it has none of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hil.scenario.observer import Observer

OF_ENERGY = 0.003
"""Relative error of energy that no supported meter exceeds, besides its error at zero power."""


class CounterpartMeter:
    """Readings of the lab meter for the counterpart: it must not blame a device for an error of the lab meter."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def power(self) -> float:
        """Return the power in W; 0 where it may be the meter's offset."""
        return self._observer.watch.power_w if self._observer.power_flows() else 0.0

    def voltage(self) -> float:
        """Return the newest voltage in V."""
        return self._observer.watch.voltage_v

    def energy(self, *, most: bool) -> float:
        """Return the most or the least energy in Wh that the lab meter lets be true."""
        observer = self._observer
        if observer.sampling is not None:
            observer.sampling.refresh()
        energy = observer.watch.energy_wh
        spread = observer.off_w / 2 * observer.clock.now() / 3600 + OF_ENERGY * abs(energy)
        return max(0.0, energy + spread if most else energy - spread)

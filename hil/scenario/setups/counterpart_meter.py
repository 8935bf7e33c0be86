"""The lab meter as a counterpart that the rig plays may use it: it has none of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.judge.messages import Receipt
from hil.rig.sampling.timer import reading_age

if TYPE_CHECKING:
    from hil.scenario.observer import Observer

OF_ENERGY = 0.003
"""Relative error of energy that no supported meter exceeds, besides its error at zero power."""

ORDINARY_AGE_S = 0.22
"""So old a reading may be of a meter that updates every 0.1 s; the tolerance of a cable is for as much (SPEC)."""


class CounterpartMeter:
    """Readings of the lab meter for the counterpart: it must not blame a device for an error of the lab meter."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._highest_w = self._most_wh = 0.0

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
        if not most:
            return max(0.0, energy - spread)
        self._most_wh = max(self._most_wh, energy + spread + self._unseen())
        return self._most_wh

    def _unseen(self) -> float:
        """Return the most energy in Wh that a slow meter has not shown yet, beyond what each cable reckons with."""
        observer = self._observer
        age = reading_age(observer.rig.meter)
        self._highest_w = max(self._highest_w, observer.watch.power_w)
        if age <= ORDINARY_AGE_S or not (observer.power_flows() or self._may_flow_unseen(age)):
            return 0.0
        return (age - ORDINARY_AGE_S) * max(self._highest_w, float(observer.plan.load_power_w or 0.0)) / 3600

    def _may_flow_unseen(self, age: float) -> bool:
        """Tell whether a payment was accepted so lately that no reading shows yet what flows since."""
        receipts = self._observer.messages(Receipt)
        return bool(receipts) and self._observer.clock.now() - receipts[-1][0].t <= age

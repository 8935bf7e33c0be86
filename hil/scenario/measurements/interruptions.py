"""Whether the power was interrupted, by the voltage at the lab meter: it tells of the socket's contact under any load.

The rms voltage of a window falls with the share of it that was without voltage: V²/V₀² is the share with. Where
readings come less often than windows end, the energy bounds the time between them instead. Spells within one window
count together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.evidence.documents import Kind
from hil.evidence.observations import Timed
from hil.evidence.timing import DEAD_V, power_readings, voltage_readings
from hil.scenario.measurements.lab import energy_of, mean_power_uncertainty, voltage_uncertainty

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.evidence.documents import Event
    from hil.scenario.scenario import Trial

SHORTEST_INTERRUPTION_S = 0.02
"""What is shorter is none: one cycle of 50 Hz; rms values tell of no less than half a cycle (IEC 61000-4-30)."""

SEEN_ALL = 1.5
"""Readings that are at most so many update periods apart miss no window."""


@dataclass(frozen=True)
class _Spell:
    """Seconds without voltage within a stretch of ``length`` seconds: at least ``low``, at most ``high``."""

    length: float
    low: float
    high: float


def longest_interruption(trial: Trial, _: float) -> Timed:
    """Return the longest time without voltage, in seconds, from the first reading with voltage to the last.

    Raises EvidenceMissing, or DeviceIdle if the device is to blame, if there never was any.
    """
    volts = voltage_readings(trial.recorder.events)
    live = [index for index, (_, voltage) in enumerate(volts) if voltage >= DEAD_V]
    if not live:
        raise trial.no_evidence("there was never any voltage at the lab meter")
    spells = _Spells(trial).within(volts[live[0] : live[-1] + 1])
    return Timed(_longest([(each.length, each.low) for each in spells]), _longest([(e.length, e.high) for e in spells]))


def _longest(stretches: Sequence[tuple[float, float]]) -> float:
    """Return the longest run of seconds off: it goes on into the next stretch from one that is off to its end."""
    longest = run = 0.0
    for length, off in stretches:
        longest = max(longest, run + off)
        run = run + off if off >= length else off
    return longest


class _Spells:
    """Finds the spells without voltage; the uncertainties are those of the highest readings of the scenario."""

    def __init__(self, trial: Trial) -> None:
        powers = power_readings(trial.recorder.events)
        highest, self._most_w = max(powers, key=lambda each: each[1])
        highest_voltage, _ = max(voltage_readings(trial.recorder.events), key=lambda each: each[1])
        self._u_w = mean_power_uncertainty(trial, highest)
        self._u_v = voltage_uncertainty(trial, highest_voltage)
        self._powers = {id(event): power for event, power in powers}
        self._window = float(trial.rig.meter.update_period)
        self._trial = trial

    def within(self, volts: Sequence[tuple[Event, float]]) -> list[_Spell]:
        """Return those of the windows of ``volts``, and of the times between windows; the ends are left out."""
        spells = []
        for index, (event, voltage) in enumerate(volts):
            if index and event.t - volts[index - 1][0].t > SEEN_ALL * self._window:
                spells.append(self._between(volts[index - 1][0], event))
            if 0 < index < len(volts) - 1:  # of the first and the last window a part is before and after
                beside = (volts[index - 1][1], volts[index + 1][1])
                spells.append(self._in_window(voltage, [each for each in beside if each >= DEAD_V]))
        return spells

    def _in_window(self, voltage: float, beside: Sequence[float]) -> _Spell:
        """Return the spell within one window, by its voltage and the live ones before and after it."""
        window, u = self._window, self._u_v
        if not beside and voltage < DEAD_V:
            return _Spell(window, window, window)
        most, least = max(*beside, voltage), min(beside, default=voltage)
        share_low, share_high = max(0.0, voltage - u) / (most + u), min(1.0, (voltage + u) / (least - u))
        return _Spell(window, (1 - share_high**2) * window, (1 - share_low**2) * window)

    def _between(self, earlier: Event, later: Event) -> _Spell:
        """Return the spell in the time between two readings, by the energy that flowed in it.

        No power is reckoned above the highest reading of the scenario; and where the load drew one power all the time,
        none below the lower of both readings.
        """
        apart, window, off_w = later.t - earlier.t, self._window, self._trial.off_w
        joules, unsure = (energy_of(later) - energy_of(earlier)) * 3600, self._u_w * apart
        beside = min(self._powers[id(earlier)], self._powers[id(later)])
        low, high = 0.0, apart
        if self._most_w > off_w:
            high = min(apart, apart + window - max(0.0, joules - unsure) / (self._most_w + self._u_w))
        if beside > off_w + self._u_w and self._is_steady(earlier.t, later.t):
            low = max(0.0, apart - window - (joules + unsure) / (beside - self._u_w))
        return _Spell(apart, min(low, high), high)

    def _is_steady(self, start: float, end: float) -> bool:
        """Tell whether the load was told to draw one power all the time."""
        plan = self._trial.plan
        if plan.load_profile is not None or plan.load_power_w is None:
            return False
        events = self._trial.recorder.events
        return not any(event.kind is Kind.LOAD and start - 1 <= event.t <= end for event in events)

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
from hil.scenario.measurements.lab import energy_of, power_uncertainty, voltage_uncertainty

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
    spells = list(_spells(trial, volts[live[0] : live[-1] + 1]))
    return Timed(_longest([(each.length, each.low) for each in spells]), _longest([(e.length, e.high) for e in spells]))


def _longest(stretches: Sequence[tuple[float, float]]) -> float:
    """Return the longest run of seconds off: it goes on into the next stretch from one that is off to its end."""
    longest = run = 0.0
    for length, off in stretches:
        longest = max(longest, run + off)
        run = run + off if off >= length else off
    return longest


def _spells(trial: Trial, volts: Sequence[tuple[Event, float]]) -> list[_Spell]:
    window = float(trial.rig.meter.update_period)
    powers = {id(event): power for event, power in power_readings(trial.recorder.events)}
    most = max(powers.values(), default=0.0)
    spells = []
    for index, (event, voltage) in enumerate(volts):
        if index and event.t - volts[index - 1][0].t > SEEN_ALL * window:
            spells.append(_between(trial, volts[index - 1][0], event, powers, most, window))
        if 0 < index < len(volts) - 1:  # of the first and the last window a part is before and after
            beside = [volts[index - 1][1], volts[index + 1][1]]
            spells.append(_within(trial, voltage, [each for each in beside if each >= DEAD_V], window))
    return spells


def _within(trial: Trial, voltage: float, beside: Sequence[float], window: float) -> _Spell:
    """Return the spell within one window, by its voltage and the live ones before and after it."""
    if not beside:
        beside = [voltage] if voltage >= DEAD_V else []
    if not beside:
        return _Spell(window, window, window)
    u = voltage_uncertainty(trial, max(*beside, voltage))
    with_voltage_low = (max(0.0, voltage - u) / (max(*beside, voltage) + u)) ** 2
    with_voltage_high = min(1.0, (voltage + u) / (min(beside) - u)) ** 2
    return _Spell(window, (1 - with_voltage_high) * window, (1 - with_voltage_low) * window)


def _between(
    trial: Trial, earlier: Event, later: Event, powers: dict[int, float], most: float, window: float
) -> _Spell:
    """Return the spell in the time between two readings, by the energy that flowed in it.

    No power is reckoned above the highest reading of the scenario; and where the load drew one power all the time,
    none below the lower of both readings.
    """
    apart = later.t - earlier.t
    gained = energy_of(later) - energy_of(earlier)
    beside = (powers[id(earlier)], powers[id(later)])
    u = power_uncertainty(trial, most)
    high = apart + window - max(0.0, gained * 3600 - u * apart) / (most + u) if most > trial.off_w else apart
    low = 0.0
    if min(beside) > trial.off_w and _is_steady(trial, earlier.t, later.t):
        least = min(beside) - power_uncertainty(trial, min(beside))
        low = apart - window - (gained * 3600 + u * apart) / least
    return _Spell(apart, max(0.0, low), max(0.0, min(high, apart)))


def _is_steady(trial: Trial, start: float, end: float) -> bool:
    """Tell whether the load was told to draw one power all the time."""
    if trial.plan.load_profile is not None or trial.plan.load_power_w is None:
        return False
    return not any(event.kind is Kind.LOAD and start - 1 <= event.t <= end for event in trial.recorder.events)

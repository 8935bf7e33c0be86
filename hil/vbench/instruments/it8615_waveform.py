"""Which currents the IT8615 can draw: pairs of power factor and crest factor, and the peak of their power.

A current with the crest factor of a sine is one, shifted against the voltage: any power factor goes with it. One with a
higher crest factor flows in pulses, half a cosine wide, once in each half-cycle of the voltage, and may be shifted as
far as it stays inside. That the real unit does it so is unverified; the limits of power factor that follow are those
that the manual of a sibling has (Chroma 63800, table 3-1: 0.977 to 0.993 at a crest factor of 1.5; b).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from hil.vbench.plant.waveform import SINE, SINE_CREST_FACTOR, Waveform

if TYPE_CHECKING:
    from collections.abc import Callable

SINE_UP_TO: Final = 1.415
"""Settings up to this crest factor are a sine (√2, rounded up as clients write it)."""

HIGHEST_CREST_FACTOR: Final = 5.0

_STEPS: Final = 60
"""Halvings of an interval: more than a double can tell apart."""

_ANGLES: Final = 720
"""Of one half-cycle, at which its power is looked at."""


def played(power_factor: float, crest_factor: float, priority: str) -> Waveform:
    """Return the waveform that these settings give: what has no priority gives way to what has.

    :param priority: ``PF`` or ``CF``.
    """
    if crest_factor <= SINE_UP_TO:
        return SINE if power_factor == 1.0 else Waveform(power_factor, SINE_CREST_FACTOR)
    if priority == "CF":
        least, most = power_factors(crest_factor)
        return Waveform(min(max(power_factor, least), most), crest_factor)
    if power_factor < power_factors(HIGHEST_CREST_FACTOR)[0]:
        return Waveform(power_factor, SINE_CREST_FACTOR)
    least, most = crest_factors(power_factor)
    nearest = min(max(crest_factor, least), most)
    return Waveform(power_factor, nearest) if nearest > SINE_UP_TO else played(power_factor, nearest, priority)


def power_factors(crest_factor: float) -> tuple[float, float]:
    """Return the least and the most that the power factor of pulses can be."""
    most = _in_phase(crest_factor)
    return most * math.cos(_room(crest_factor)), most


def crest_factors(power_factor: float) -> tuple[float, float]:
    """Return the least and the most that the crest factor of pulses with this power factor can be."""
    least = _falls_to(lambda crest: power_factors(crest)[0], power_factor)
    return least, _falls_to(lambda crest: power_factors(crest)[1], power_factor)


def peak_power(waveform: Waveform, apparent: float) -> float:
    """Return the highest instantaneous power in W; ``apparent``: in VA."""
    if waveform.crest_factor <= SINE_UP_TO:
        return apparent * (1.0 + waveform.power_factor)
    shift, width = pulse(waveform)

    def power(angle: float) -> float:
        inside = abs(angle - shift) <= width / 2
        return math.cos(angle) * math.cos(math.pi * (angle - shift) / width) if inside else 0.0

    angles = (math.pi * (step / _ANGLES - 0.5) for step in range(_ANGLES + 1))
    return apparent * math.sqrt(2.0) * waveform.crest_factor * max(power(angle) for angle in angles)


def pulse(waveform: Waveform) -> tuple[float, float]:
    """Return by how many radians the current lags, and for how many of each half-cycle it flows: π for a sine."""
    if waveform.crest_factor <= SINE_UP_TO:
        return math.acos(waveform.power_factor), math.pi
    shift = math.acos(min(1.0, waveform.power_factor / _in_phase(waveform.crest_factor)))
    return shift, 2 * math.pi / (waveform.crest_factor * waveform.crest_factor)


def _in_phase(crest_factor: float) -> float:
    """Return the power factor of a pulse around the peak of the voltage.

    The rms of half a cosine of height 1 that is w of π wide is sqrt(w / 2π): w = 2π / crest factor². Its product with
    the voltage, over a half-cycle, has a closed form.
    """
    k = crest_factor * crest_factor / 2
    if k - 1 < 1e-9:
        return 1.0
    return 4 / math.pi * k * math.sqrt(k) * math.cos(math.pi / (2 * k)) / (k * k - 1)


def _room(crest_factor: float) -> float:
    """Return by how much a pulse can be shifted within its half-cycle, in radians."""
    return max(0.0, (math.pi - 2 * math.pi / (crest_factor * crest_factor)) / 2)


def _falls_to(falling: Callable[[float], float], value: float) -> float:
    """Return where ``falling``, a function of the crest factor, comes down to ``value``; one end if it does nowhere."""
    low, high = SINE_CREST_FACTOR, HIGHEST_CREST_FACTOR
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if falling(middle) > value:
            low = middle
        else:
            high = middle
    return low

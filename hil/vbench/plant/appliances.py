"""What can sit in the cable's outlet: nothing, a toaster, the power stage of the electronic load, or a solar inverter.

Between two events the voltage at the outlet is constant, so each appliance integrates in closed form: no step size,
no integration error, and no event while nothing changes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from hil.vbench.plant.waveform import SINE, Waveform

if TYPE_CHECKING:
    from hil.vbench.plant.terminals import ElectronicLoadState


class Appliance(Protocol):
    """A consumer on sinusoidal mains."""

    @property
    def waveform(self) -> Waveform:
        """Power factor and crest factor of its current."""

    def current(self, voltage: float) -> float:
        """Return the present rms current in A at ``voltage`` (V rms)."""

    def pass_time(self, duration: float, voltage: float) -> tuple[float, float]:
        """Let ``duration`` seconds pass at constant ``voltage``; return the integrals of I² (A²s) and P (J)."""


class Nothing:
    """An empty outlet."""

    waveform = SINE

    def current(self, voltage: float) -> float:
        """See :class:`Appliance`; always 0 A."""
        return 0.0

    def pass_time(self, duration: float, voltage: float) -> tuple[float, float]:
        """See :class:`Appliance`."""
        return 0.0, 0.0


@dataclass
class Toaster:
    """A heating wire whose resistance rises as it heats: R = R_hot · (1 - a·c), coldness c from 1 (cold) to 0 (hot).

    c decays with ``heat_time`` while energised and recovers with ``cool_time`` while not. Power of 1300 W at 230 V:
    slides. a = 0.3, 0.4 s and 30 s are estimates for a nichrome-wire toaster of that size; parameters of the plant.
    """

    power: float = 1300.0
    """Active power in W when hot, at ``nominal_voltage``."""
    nominal_voltage: float = 230.0
    inrush: float = 0.3
    """a: the part of the hot resistance that is missing when cold, 0 ≤ a < 1."""
    heat_time: float = 0.4
    cool_time: float = 30.0
    coldness: float = 1.0

    @property
    def waveform(self) -> Waveform:
        """See :class:`Appliance`; a heating wire draws a sine in phase."""
        return SINE

    @property
    def hot_resistance(self) -> float:
        """Resistance in ohm when hot."""
        return self.nominal_voltage**2 / self.power

    def current(self, voltage: float) -> float:
        """See :class:`Appliance`."""
        return voltage / (self.hot_resistance * (1 - self.inrush * self.coldness))

    def pass_time(self, duration: float, voltage: float) -> tuple[float, float]:
        """See :class:`Appliance`."""
        if voltage == 0:
            self.coldness = 1 - (1 - self.coldness) * math.exp(-duration / self.cool_time)
            return 0.0, 0.0
        tau = self.heat_time
        before = self.inrush * self.coldness
        fall = -before * math.expm1(-duration / tau)
        self.coldness *= math.exp(-duration / tau)
        after = before - fall
        # With u = a·c(t): ∫dt/(1-u) = t + τ·ln(1-u) and ∫dt/(1-u)² = t + τ·ln(1-u) - τ/(1-u), as differences.
        once = duration + tau * math.log1p(fall / (1 - before))
        twice = once + tau * fall / ((1 - before) * (1 - after))
        hot_current = voltage / self.hot_resistance
        return hot_current**2 * twice, voltage * hot_current * once


class ElectronicLoad:
    """The power stage of an AC load; its set-points are a copy, so that the time before a change is billed at the old.

    Constant power is active power: the less the power factor, the more current.

    :param max_current: A rms; :param max_power: VA. The stage limits itself to both (IT8615: 1.8 kVA, research/scpi.md;
        20 A is the estimate for that model).
    """

    def __init__(self, state: ElectronicLoadState, *, max_current: float = 20.0, max_power: float = 1800.0) -> None:
        self._state = state
        self._max_current = max_current
        self._max_power = max_power
        self.refresh()

    def refresh(self) -> None:
        """Take over the set-points of the instrument, and its errors."""
        state = self._state
        self._mode = state.mode
        self._on = state.input_on
        self._starting_voltage = state.starting_voltage
        self.waveform = state.waveform
        self._errors = state.errors
        self._set_point = {
            "CURR": state.current,
            "RES": state.resistance,
            "POW": state.power,
            "VOLT": state.voltage,
            "SHOR": 0.0,
        }[state.mode]
        self._drawn = math.nan, 0.0
        """The voltage for which the current was found last, and that current; no voltage yet with these set-points."""

    def current(self, voltage: float) -> float:
        """See :class:`Appliance`."""
        known, current = self._drawn
        if voltage != known:
            current = self._find_current(voltage)
            self._drawn = voltage, current
        return current

    def _find_current(self, voltage: float) -> float:
        if not self._on or voltage == 0 or voltage < self._starting_voltage:
            return 0.0
        if self._mode == "CURR":
            wanted = self._set_point
        elif self._mode == "POW":
            effective = voltage * self.waveform.power_factor
            wanted = self._set_point / effective if effective > 0 else math.copysign(math.inf, self._set_point)
        elif self._mode == "RES":
            wanted = voltage / self._set_point if self._set_point > 0 else math.inf
        else:
            # a source of voltage does not give way: what pulls it down to less takes all that it can, or nothing
            wanted = math.inf if voltage > self._set_point else 0.0
        if wanted > 0:
            wanted = wanted * (1.0 + self._errors.gain) + self._errors.offset
        return max(0.0, min(wanted, self._max_current, self._max_power / voltage))

    def pass_time(self, duration: float, voltage: float) -> tuple[float, float]:
        """See :class:`Appliance`."""
        current = self.current(voltage)
        return current * current * duration, voltage * current * self.waveform.power_factor * duration


class Inverter:
    """A small solar inverter with a plug: feeds a constant power back into the mains while they are there.

    :param power: W that it feeds back. Without mains it feeds nothing (anti-islanding). That a real one first watches
        the mains for a minute (VDE-AR-N 4105) is left out.
    """

    waveform = Waveform(power_factor=-1.0)

    def __init__(self, power: float, start_voltage: float = 85.0) -> None:
        self._power = power
        self._start_voltage = start_voltage

    def current(self, voltage: float) -> float:
        """See :class:`Appliance`; an rms value has no sign."""
        return self._power / voltage if voltage >= self._start_voltage else 0.0

    def pass_time(self, duration: float, voltage: float) -> tuple[float, float]:
        """See :class:`Appliance`; the energy is negative."""
        current = self.current(voltage)
        return current * current * duration, -voltage * current * duration

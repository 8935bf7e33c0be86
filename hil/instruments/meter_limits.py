"""What the maker of a power meter promises, as a function of range, reading, power factor and temperature.

A driver states the figures with their sources; here they become budgets. Power and energy share one sum: an energy is
a power over time, so the part that belongs to the range counts once for a power, and for each hour of an energy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hil.evidence.uncertainty import Budget, Conditions
from hil.units import Ampere, Second, Volt, Watt, WattHour

if TYPE_CHECKING:
    from hil.ports import Reading


@dataclass(frozen=True)
class QuantityLimits:
    """± (``of_reading`` x reading + ``of_range`` x range) of one quantity on the range that the driver sets.

    :param end: of that range, in V, A or W.
    :param digits: significant digits of the range that a reading shows.
    :param source: of both parts.
    """

    of_reading: float
    of_range: float
    end: float
    digits: int
    source: str

    @property
    def resolution(self) -> float:
        """Half of the last digit."""
        return half_digit(self.end, self.digits)


@dataclass(frozen=True)
class MakersLimits:
    """Everything that a data sheet says of a meter's errors; fractions, not percents.

    :param quick: error that the update interval set by the driver adds, as a fraction of reading.
    :param integration: what an integrated energy adds to that of power, of reading.
    :param energy_digits: significant digits of an energy.
    :param power_factor: influence at power factor 0, of apparent power; at any other it counts for the reactive part.
    :param heat_of_voltage: self-heating error, fraction of reading per V²; ``heat_of_current``: per A².
    :param reference: °C between which all that holds; ``per_kelvin``: of reading for each kelvin beyond.
    """

    voltage: QuantityLimits
    current: QuantityLimits
    power: QuantityLimits
    quick: float
    quick_source: str
    integration: float
    integration_source: str
    energy_digits: int
    power_factor: float
    power_factor_source: str
    heat_of_voltage: float
    heat_of_current: float
    heat_source: str
    per_kelvin: float
    temperature_source: str
    reference: tuple[float, float] = (18.0, 28.0)

    def power_budget(self, reading: Reading, conditions: Conditions) -> Budget:
        """Return the budget of a reading of active power, in W."""
        if (transformer := conditions.transformer) is not None:
            apparent = abs(reading.voltage * reading.current)
            own = self.power_budget(_secondary(reading, transformer.ratio), replace(conditions, transformer=None))
            most = self._most_apparent(apparent / transformer.ratio, 1.0) * transformer.ratio
            plain, volts = transformer.plain(own), reading.voltage + self.voltage_budget(reading, conditions).expanded
            return transformer.of_active(plain, abs(reading.power), most, 1.0, volts, steady=True)
        heat = self._heat(reading.voltage, reading.current)
        apparent = abs(reading.voltage * reading.current)
        budget = self._active("W", abs(reading.power), apparent, 1.0, heat, self.power.resolution, conditions)
        return budget if reading.power > 0 else uncorrected(budget)

    def energy_budget(self, energy: float, loaded: float, apparent: float, conditions: Conditions) -> Budget:
        """Return the budget of an energy of ``energy`` Wh that was integrated over ``loaded`` seconds, in Wh.

        :param apparent: apparent energy of that time in VAh, as far as it is known; what the inputs heat is taken for
            the ends of their ranges.
        """
        if (transformer := conditions.transformer) is not None:
            ratio, hours = transformer.ratio, loaded / 3600
            own = self.energy_budget(energy / ratio, loaded, apparent / ratio, replace(conditions, transformer=None))
            most = self._most_apparent(abs(apparent) / ratio, hours) * ratio
            plain = transformer.plain(own)
            return transformer.of_active(plain, abs(energy), most, hours, self.voltage.end, steady=False)
        heat, digit = self._heat(self.voltage.end, self.current.end), half_digit(energy, self.energy_digits)
        budget = self._active("Wh", abs(energy), abs(apparent), loaded / 3600, heat, digit, conditions)
        return budget.plus("integration", self.integration * abs(energy), self.integration_source)

    def voltage_budget(self, reading: Reading, conditions: Conditions) -> Budget:
        """Return the budget of a reading of voltage, in V."""
        return self._plain("V", self.voltage, reading.voltage, conditions)

    def current_budget(self, reading: Reading, conditions: Conditions) -> Budget:
        """Return the budget of a reading of current, in A."""
        if (transformer := conditions.transformer) is not None:
            own = _secondary(reading, transformer.ratio)
            plain = self.current_budget(own, replace(conditions, transformer=None))
            return transformer.of_current(transformer.plain(plain), reading.current)
        return self._plain("A", self.current, reading.current, conditions)

    def off_threshold(self, conditions: Conditions) -> Watt:
        """Return the power in W below which nothing flows as far as this meter can tell.

        Without power it reads at most what its limits allow at zero. A limit of twice that is kept by each such reading
        with its whole uncertainty, so that a circuit without power is never in doubt. A certificate does not lower it:
        instruments are calibrated with a load, and safety rests on what this one shows without.
        """
        least, transformer = 0.0, conditions.transformer
        for around in (conditions, replace(conditions, certified=None)):
            zero = self._at_zero(0.0, around)
            if transformer is None:
                least = max(least, zero.expanded + self._at_zero(zero.expanded, around).expanded)
                continue
            # without current a transformer gives none; with it, what it loses may be missing in a reading
            ratio, end = transformer.ratio, self.voltage.end
            own, shown = transformer.plain(self._at_zero(zero.expanded, around)), zero.expanded * ratio
            volts = end + self._plain("V", self.voltage, end, around).expanded
            # the current may show its own offset
            most = self._most_apparent(max(zero.expanded, volts * self.current.of_range * self.current.end), 1.0)
            more = transformer.of_active(own, shown, most * ratio, 1.0, volts, steady=False)
            least = max(least, shown + more.expanded)
        return Watt(least)

    def _at_zero(self, power: float, conditions: Conditions) -> Budget:
        volts, amperes = Volt(self.voltage.end), Ampere(power / self.voltage.end)
        heat = self._heat(volts, amperes)
        return self._active("W", power, volts * amperes, 1.0, heat, self.power.resolution, conditions)

    def _active(
        self,
        unit: str,
        active: float,
        apparent: float,
        extent: float,
        heat: float,
        resolution: float,
        conditions: Conditions,
    ) -> Budget:
        """Sum up what power and energy have in common.

        :param extent: 1 for a power, hours for an energy.
        :param heat: of reading, by what the inputs heat.
        """
        power = self.power
        reactive = self._most_reactive(active, apparent, extent)
        budget = Budget.of(
            unit,
            ("accuracy of reading", power.of_reading * active, power.source),
            ("accuracy of range", power.of_range * power.end * extent, power.source),
            ("power factor", self.power_factor * reactive, self.power_factor_source),
            ("short update interval", self.quick * active, self.quick_source),
            ("heat of the inputs", heat * active, self.heat_source),
            ("temperature", self._warmth(active, conditions), self.temperature_source),
            ("resolution", resolution, "half of the last digit that it sends"),
        )
        return _with_certificate(budget, active, extent, conditions)

    def _most_reactive(self, active: float, apparent: float, extent: float) -> float:
        """Return the most that reactive power or energy can be, since apparent power has limits of error as well.

        The whole range counts at any power factor. The manual lets it shrink with the power factor; then nothing would
        be left of it at zero, where the meter still has its offset.
        """
        most = self._most_apparent(apparent, extent)
        return math.sqrt(max(0.0, most * most - active * active))

    def _most_apparent(self, apparent: float, extent: float) -> float:
        """Return the most that apparent power or energy can be where ``apparent`` was read."""
        voltage, current = self.voltage, self.current
        most = apparent * (1 + voltage.of_reading + current.of_reading)
        return most + (voltage.of_range + current.of_range) * voltage.end * current.end * extent

    def _plain(self, unit: str, limits: QuantityLimits, value: float, conditions: Conditions) -> Budget:
        budget = Budget.of(
            unit,
            ("accuracy of reading", limits.of_reading * abs(value), limits.source),
            ("accuracy of range", limits.of_range * limits.end, limits.source),
            ("short update interval", self.quick * abs(value), self.quick_source),
            ("temperature", self._warmth(value, conditions), self.temperature_source),
            ("resolution", limits.resolution, "half of the last digit that it sends"),
        )
        return _with_certificate(budget, abs(value), 1.0, conditions)

    def _heat(self, voltage: float, current: float) -> float:
        return self.heat_of_voltage * voltage**2 + self.heat_of_current * current**2

    def _warmth(self, value: float, conditions: Conditions) -> float:
        return self.per_kelvin * conditions.beyond(*self.reference) * abs(value)


class SpecifiedMeter:
    """What a :class:`hil.ports.Meter` says of its errors; a driver states ``limits`` and inherits the rest."""

    limits: MakersLimits
    conditions = Conditions()
    """What the laboratory says of it; until it is told, the maker's reference conditions."""

    _off: tuple[Conditions, Watt] | None = None
    """The threshold under these conditions: it is asked for with each reading."""

    @property
    def off_threshold_w(self) -> Watt:
        """Power in W below which nothing flows as far as it can tell."""
        if self._off is None or self._off[0] is not self.conditions:
            self._off = (self.conditions, self.limits.off_threshold(self.conditions))
        return self._off[1]

    def power_budget(self, reading: Reading) -> Budget:
        """Return what its reading of power is uncertain by, in W."""
        return self.limits.power_budget(reading, self.conditions)

    def voltage_budget(self, reading: Reading) -> Budget:
        """Return what its reading of voltage is uncertain by, in V."""
        return self.limits.voltage_budget(reading, self.conditions)

    def current_budget(self, reading: Reading) -> Budget:
        """Return what its reading of current is uncertain by, in A."""
        return self.limits.current_budget(reading, self.conditions)

    def energy_budget(self, energy: WattHour, loaded: Second, apparent: float) -> Budget:
        """Return what an energy that it integrated is uncertain by, in Wh."""
        return self.limits.energy_budget(energy, loaded, apparent, self.conditions)


def _secondary(reading: Reading, ratio: float) -> Reading:
    """Return what the meter's own inputs had when ``reading`` is that of the circuit before a current transformer."""
    return reading._replace(current=Ampere(reading.current / ratio), power=Watt(reading.power / ratio))


def uncorrected(budget: Budget) -> Budget:
    """Return the same for a reading that is left as it is: no calibration told the deviation of one below zero."""
    correction, name = abs(budget.correction), "deviation that is not corrected"
    return budget.corrected(0.0).plus(name, correction, "the certificate has no point there")


def half_digit(value: float, digits: int) -> float:
    """Return half of the last of ``digits`` significant digits of ``value``; 0 for 0."""
    return 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) + 1 - digits) if value else 0.0


def _with_certificate(budget: Budget, value: float, extent: float, conditions: Conditions) -> Budget:
    certified = conditions.certified
    return budget if certified is None else certified.applied(budget, value, extent)

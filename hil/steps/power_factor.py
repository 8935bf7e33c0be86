"""Appliances whose current is no sine in phase with the voltage: motors, chargers, dimmers; and solar inverters."""

from __future__ import annotations

from hil.testing import (
    Cause,
    Check,
    CurrentShape,
    Limit,
    Percent,
    ScenarioRun,
    Source,
    Watt,
    WattHour,
    brings,
    follows,
    given,
    needs,
    once,
    sampled,
    sensible,
    tells,
    then,
    when,
    within,
)
from hil.testing.feasibility import Course, RigFile, beyond_load, beyond_shape, demanded, in_order, shapes_no_current
from hil.testing.measurements import energy as measuring
from hil.testing.stimuli import mains_plug_and_load as power_faults

SINE_CREST_FACTOR = 1.414
LEAST_CREST_FACTOR = 1.41


def _shapes(rig: RigFile, *_: object) -> str:
    return shapes_no_current(rig)


def _within(rig: RigFile, power: Watt, *shape: float) -> str:
    return beyond_load(rig, power) or beyond_shape(rig, power, CurrentShape(*shape))


def _no_shape(_: Watt, factor: float, crest: float = SINE_CREST_FACTOR) -> str:
    if not 0 < factor <= 1:
        return f"a power factor is above 0 and at most 1, not {factor:g}"
    return "" if crest >= LEAST_CREST_FACTOR else f"a crest factor is 1.41 (a sine) or more, not {crest:g}"


def _no_factor(low: float, high: float) -> str:
    return "" if low >= -1 and high <= 1 else "a power factor is between -1 and 1"


@given("the load draws {power} at power factor {number}")
@needs(_shapes)
@within(_within)
@sensible(_no_shape)
@tells(Course.load)
@once("the appliance")
def load_draws_at(power: Watt, factor: float, /, scenario: ScenarioRun) -> None:
    """The programmable load draws constant active power as a motor does: its current is a sine, shifted against the
    voltage. At power factor 0.5 it draws twice the current.
    """
    scenario.use_load(power, CurrentShape(factor))


@given("the load draws {power} at power factor {number} and crest factor {number}")
@needs(_shapes)
@within(_within)
@sensible(_no_shape)
@tells(Course.load)
@once("the appliance")
def load_draws_in_pulses(power: Watt, factor: float, crest: float, /, scenario: ScenarioRun) -> None:
    """The programmable load draws constant active power as a rectifier does: its current flows in pulses, whose peak is
    so many times its rms value. The load of the rig says which pairs it can draw.
    """
    scenario.use_load(power, CurrentShape(factor, crest))


@when("the load changes to {power} at power factor {number}")
@needs(_shapes)
@within(_within)
@sensible(_no_shape)
@tells(Course.load_changes)
def load_changes_at(power: Watt, factor: float, /, scenario: ScenarioRun) -> None:
    """The programmable load draws another constant power from now on, as a sine at this power factor."""
    power_faults.change_load(scenario, power, CurrentShape(factor))


@when("the load changes to {power} at power factor {number} and crest factor {number}")
@needs(_shapes)
@within(_within)
@sensible(_no_shape)
@tells(Course.load_changes)
def load_changes_in_pulses(power: Watt, factor: float, crest: float, /, scenario: ScenarioRun) -> None:
    """The programmable load draws another constant power from now on, in pulses."""
    power_faults.change_load(scenario, power, CurrentShape(factor, crest))


def _inverter_there(rig: RigFile, _: Watt) -> str:
    return "" if "inverter" in rig.options.appliances else f"rig '{rig.options.name}' has no solar inverter"


def _inverter_within(rig: RigFile, power: Watt) -> str:
    most = rig.options.limits.power
    return "" if power <= most else f"rig '{rig.options.name}' allows {most:g} W either way, not {power:g} W"


def _no_power(power: Watt) -> str:
    return "" if power > 0 else "a solar inverter feeds more than 0 W back"


@given("a solar inverter of {power} is plugged into the cable")
@needs(_inverter_there)
@within(_inverter_within)
@sensible(_no_power)
@tells(Course.inverter)
@once("the appliance")
@brings(Cause.FEEDS_BACK)
def inverter(power: Watt, /, scenario: ScenarioRun) -> None:
    """What stands behind the cable feeds power back while there are mains: the lab meter shows it as negative."""
    power_faults.plug_in_inverter(scenario, power)


@then("the energy that flowed back was {energy} within {percent}")
@follows(Cause.FEEDS_BACK)
def energy_returned(energy: WattHour, tolerance: Percent, /) -> Check:
    """The lab meter's integrated energy over the time in which its power was negative, with its uncertainty."""
    spread = energy * tolerance / 100
    limit = Limit("Wh", low=energy - spread, high=energy + spread)
    return sampled("energy that flowed back", limit, measuring.returned, Source.LAB_METER)


@then("at most {energy} flowed back")
def little_returned(energy: WattHour, /) -> Check:
    """The same against an upper limit."""
    return sampled("energy that flowed back", Limit("Wh", high=energy), measuring.returned, Source.LAB_METER)


@then("the power factor was between {number} and {number}")
@sensible(_no_factor)
@sensible(in_order)
@tells(demanded.power_factor)
def power_factor_between(low: float, high: float, /) -> Check:
    """Active over apparent power at the lab meter, in every reading while the power was steady; below zero, power
    flowed back.
    """
    return sampled("power factor", Limit("W/VA", low=low, high=high), measuring.power_factor, Source.LAB_METER)

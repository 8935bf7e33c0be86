"""Disturbances of the power path during a session: mains, plug, load; and what must follow from them."""

from __future__ import annotations

from hil.testing import (
    Cause,
    Check,
    Limit,
    Percent,
    ScenarioRun,
    Second,
    Source,
    Watt,
    WattHour,
    brings,
    decides,
    ends,
    feature,
    follows,
    needs,
    not_while,
    sampled,
    sensible,
    tells,
    then,
    unsure,
    when,
    within,
    within_time,
)
from hil.testing.feasibility import (
    SAMPLE_PERIOD_S,
    Course,
    beyond_load,
    demanded,
    doubtful_edge,
    doubts,
    undecidable_edge,
)
from hil.testing.measurements import cuts, ledger, session
from hil.testing.stimuli import mains_plug_and_load as power_faults

UNDER_LOAD = feature("switches-under-load")
"""K1 and K2 of this bench may open and close while current flows: a matter of the contactors' rating."""

PROGRAMMABLE = feature("programmable-mains")
"""The mains of this bench come from a source whose voltage can be set."""


@when("the mains are lost for {duration}")
@needs(UNDER_LOAD)
@tells(Course.mains_fail)
@brings(Cause.MAINS_BACK, Cause.SUPPLY_BACK)
def mains_lost(duration: Second, /, scenario: ScenarioRun) -> None:
    """Power path and electronics of the socket lose the mains (K1, K3) and get them back; it boots anew."""
    power_faults.lose_mains(scenario, float(duration))


@when("the mains ahead of the socket's contact are interrupted for {duration}")
@needs(UNDER_LOAD)
@tells(Course.mains_fail)
@brings(Cause.MAINS_BACK)
def mains_interrupted(duration: Second, /, scenario: ScenarioRun) -> None:
    """K1 opens and closes again; the socket's electronics go on."""
    power_faults.interrupt_mains(scenario, float(duration))


def _no_mains(share: Percent, _: Second) -> str:
    return power_faults.no_mains(float(share))


@when("the mains are at {percent} for {duration}")
@needs(PROGRAMMABLE)
@sensible(_no_mains)
@tells(Course.mains)
@brings(Cause.MAINS_BACK)
def mains_at(share: Percent, duration: Second, /, scenario: ScenarioRun) -> None:
    """A brown-out, a dip or an overvoltage: that share of the nominal voltage ahead of power path and electronics."""
    power_faults.change_mains(scenario, float(share), float(duration))


@when("the cable is pulled out of the socket")
@needs(UNDER_LOAD)
@not_while(Cause.CABLE_OUT)
@brings(Cause.UNPLUGGED, Cause.CABLE_OUT)
@tells(Course.pulled)
def cable_pulled(scenario: ScenarioRun) -> None:
    """K2 opens: no power and no word passes between socket and cable any more; the socket may feel it."""
    power_faults.pull_plug(scenario)


@when("the plug bounces {int} time/times within {duration}")
@needs(UNDER_LOAD)
@sensible(power_faults.too_quick)
@tells(Course.interrupts)
@not_while(Cause.CABLE_OUT)
@brings(Cause.UNPLUGGED)
def plug_bounces(times: int, period: Second, /, scenario: ScenarioRun) -> None:
    """K2 opens and closes so often, evenly over that time; it ends plugged in."""
    power_faults.bounce_plug(scenario, times, float(period))


@when("another cable is plugged in")
@needs(UNDER_LOAD)
@tells(Course.another_cable)
@ends(Cause.CABLE_OUT)
def another_cable(scenario: ScenarioRun) -> None:
    """A cable with an account and coins of its own, and with the same appliance behind it; the first one must have been
    pulled out before. Only with the socket under test.
    """
    scenario.change_cable()
    power_faults.plug_in(scenario)


@when("the cable is plugged in again")
@needs(UNDER_LOAD)
@ends(Cause.CABLE_OUT)
@tells(Course.plugged_in)
def cable_plugged(scenario: ScenarioRun) -> None:
    """K2 closes, and the link is whole."""
    power_faults.plug_in(scenario)


@when("the load changes to {power}")
@within(beyond_load)
@tells(Course.load_changes)
def load_changes(power: Watt, /, scenario: ScenarioRun) -> None:
    """The programmable load draws another constant power from now on."""
    power_faults.change_load(scenario, power)


@when("the load is switched off")
@tells(Course.needs_load)
@brings(Cause.LOAD_OFF)
def load_off(scenario: ScenarioRun) -> None:
    """The input of the programmable load opens, as an appliance's own switch."""
    power_faults.switch_load(scenario, on=False)


@when("the load is switched on again")
@tells(Course.needs_load)
@ends(Cause.LOAD_OFF)
def load_on(scenario: ScenarioRun) -> None:
    """The input of the programmable load closes."""
    power_faults.switch_load(scenario, on=True)


SELDOM_S = 20.0
"""Longest between two readings: a Then step waits 30 s for one, and a limit of the bench is looked at no more often."""


def _not_read(period: Second) -> str:
    if SAMPLE_PERIOD_S <= period <= SELDOM_S:
        return ""
    return f"the lab meter is read once every {SAMPLE_PERIOD_S:g} s to {SELDOM_S:g} s, not once every {period:g} s"


@when("the lab meter is read once every {duration} from now on")
@sensible(_not_read)
@tells(Course.goes_on)
def read_seldom(period: Second, /, scenario: ScenarioRun) -> None:
    """For sessions of hours. The meter still integrates the energy, but events shorter than this period are not seen,
    and the time of an edge is known to this period only.
    """
    scenario.sample_every(float(period))


@then("the socket billed at most {energy} more than it delivered")
@tells(doubts.at_most)
def billed(energy: WattHour, /) -> Check:
    """The energy of its newest METER message in each session, less the lab meter's."""
    name = "billed beyond delivered"
    return sampled(name, Limit("Wh", high=energy), session.billed_beyond_delivered, Source.DEVICE, Source.LAB_METER)


@then("power flowed again within {duration} of the restored mains")
@decides(undecidable_edge)
@unsure(doubtful_edge)
@follows(Cause.MAINS_BACK)
@tells(demanded.power)
def power_after_mains(limit: Second, /) -> Check:
    """From the return of the mains to the first reading with power after it."""
    return within_time("restored mains to power", limit, cuts.restored_to_power, Source.BENCH, Source.LAB_METER)


@then("the outlet was dead within {duration} of the unplugging")
@decides(undecidable_edge)
@unsure(doubtful_edge)
@follows(Cause.UNPLUGGED)
def dead_after_unplugging(limit: Second, /) -> Check:
    """From the opening of K2 to the first reading without voltage: the socket's contact is open."""
    return within_time("unplugging to dead outlet", limit, cuts.unplugged_to_dead, Source.BENCH, Source.LAB_METER)


@then("the settlement was broadcast within {duration} of the unplugging")
@follows(Cause.UNPLUGGED)
def settled_after_unplugging(limit: Second, /) -> Check:
    """From the opening of K2 to the newest valid transaction in the mempool."""
    return within_time("unplugging to settlement", limit, ledger.unplugged_to_settlement, Source.BENCH, Source.LEDGER)

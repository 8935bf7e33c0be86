"""Power and energy at the lab meter, held against limits; and what a device's own meter has counted before."""

from __future__ import annotations

from hil.testing import (
    Cause,
    Check,
    Limit,
    Observer,
    Percent,
    ScenarioRun,
    Second,
    Source,
    Watt,
    WattHour,
    decides,
    follows,
    given,
    needs,
    once,
    sampled,
    sensible,
    tells,
    then,
    unsure,
    within_time,
)
from hil.testing.feasibility import (
    Course,
    RigFile,
    demanded,
    doubtful_edge,
    doubts,
    in_order,
    undecidable_edge,
    undecidable_energy,
    undecidable_interruption,
    unread_updates,
)
from hil.testing.measurements import cuts, lab, voltage_gaps
from hil.testing.measurements import energy as measuring

REGISTER_ENDS_WH = 10_000_000
"""Where the register of a device's own meter goes on from 0 (SPEC, "Meter")."""


def _nothing(energy: WattHour, _: Percent) -> str:
    return "" if energy > 0 else "a tolerance in percent needs an energy above zero"


def _real_meters(rig: RigFile, *_: object) -> str:
    return (
        "" if rig.virtual else f"the own meters of rig '{rig.options.name}' are real, and have counted what they have"
    )


def _no_count(_: str, counted: WattHour) -> str:
    most = f"{REGISTER_ENDS_WH / 1000:g} kWh"
    return "" if 0 <= counted < REGISTER_ENDS_WH else f"the register of a device's own meter goes on from 0 at {most}"


@given("the {device}'s own meter has counted {energy} before")
@needs(_real_meters)
@sensible(_no_count)
@tells(Course.must_be_under_test)
@once("what the own meter of the {0} has counted")
def meter_has_counted(device: str, counted: WattHour, /, scenario: ScenarioRun) -> None:
    """What its register has when the device is switched on for the first time; at 10 000 kWh it goes on from 0."""
    scenario.plan.plant[f"{device}_meter_counted"] = float(counted)


@then("är den levererade energin {energy} inom {percent}")
@then("the energy delivered is {energy} within {percent}")
@sensible(_nothing)
@decides(undecidable_energy)
@tells(doubts.energy)
def energy_delivered(energy: WattHour, tolerance: Percent, /) -> Check:
    """The lab meter's integrated energy, with its uncertainty, lies within the tolerance around the value."""
    spread = energy * tolerance / 100
    limit = Limit("Wh", low=energy - spread, high=energy + spread)
    return sampled("energy delivered", limit, measuring.delivered, Source.LAB_METER)


@then("flödade högst {energy} obetalt")
@then("at most {energy} flowed unpaid")
@tells(doubts.at_most)
def unpaid_energy(energy: WattHour, /) -> Check:
    """The lab meter's energy less what the accepted payments buy by the tariff, at the end and at each receipt."""
    return sampled("unpaid energy", Limit("Wh", high=energy), measuring.unpaid, Source.LAB_METER, Source.LINE)


@then("flödade ingen effekt före den första betalningen")
@then("no power flowed before the first payment was accepted")
@unsure(unread_updates)
def no_power_before_payment(observer: Observer) -> Check:
    """The lab meter behind the socket saw no voltage before the first receipt, within its time resolution.

    The resolution is one update period of the meter, the latency of a reading, and the bounds of both stamps.
    """
    name = "live before the first accepted payment"
    return within_time(
        name, lab.time_resolution_s(observer), measuring.live_before_acceptance, Source.LINE, Source.LAB_METER
    )


@then("no power flowed")
@tells(demanded.no_power)
def no_power(observer: Observer) -> Check:
    """No reading is above what the lab meter may show without power. Without a reading the result is inconclusive."""
    return sampled("highest power", Limit("W", high=observer.off_w), measuring.highest_power, Source.LAB_METER)


@then("the power was never interrupted before the credit was spent")
@unsure(unread_updates)
def uninterrupted() -> Check:
    """From the first to the last reading with voltage, the voltage was never off for longer than one mains cycle."""
    return within_time(
        "longest interruption",
        voltage_gaps.SHORTEST_INTERRUPTION_S,
        voltage_gaps.longest_interruption,
        Source.LAB_METER,
    )


@then("the socket's contact was never open for longer than {duration} before the credit was spent")
@decides(undecidable_interruption)
@unsure(unread_updates)
@tells(Course.sold_by_device)
def contact_rested(limit: Second, /) -> Check:
    """As above, with a limit of one's own: it may be far below the time between two readings.

    A contact that opens for some milliseconds lowers the voltage of the reading in whose time that falls. Where the
    load was told to draw one power, the power of the reading must tell the same, so that no sag of the mains fails.
    """
    return within_time(
        "contact open between power and power", limit, voltage_gaps.longest_interruption, Source.LAB_METER
    )


@then("the highest power was between {power} and {power}")
@sensible(in_order)
@tells(doubts.highest_power)
def highest_power_between(low: Watt, high: Watt, /) -> Check:
    """The largest reading of the scenario, an average over one update of the meter."""
    return sampled("highest power", Limit("W", low=low, high=high), measuring.highest_power, Source.LAB_METER)


@then("the power was cut within {duration} of the refused payment")
@decides(undecidable_edge)
@unsure(doubtful_edge)
@follows(Cause.CABLE_CHEATS)
def cut_after_refusal(limit: Second, /) -> Check:
    """From the last byte of the payment that the socket must refuse to the first reading without power."""
    return within_time("refused payment to zero power", limit, cuts.refusal_to_cut, Source.LINE, Source.LAB_METER)


@then("the power was cut within {duration} of the refused request")
@decides(undecidable_edge)
@unsure(doubtful_edge)
@follows(Cause.SOCKET_CHEATS)
def cut_after_bad_request(limit: Second, /) -> Check:
    """From the last byte of the request that the cable must refuse to the first reading without power.

    Fails if the cable sent no ERROR: the socket that the bench plays would cut the power without its refusal, too.
    """
    return within_time(
        "refused request to zero power", limit, cuts.request_refusal_to_cut, Source.LINE, Source.LAB_METER
    )


@then("power flowed within {duration} of the first payment")
@decides(undecidable_edge)
@unsure(doubtful_edge)
@tells(demanded.power)
def payment_to_power(limit: Second, /) -> Check:
    """From the first PAYMENT to the first reading with power."""
    return within_time("first payment to power", limit, cuts.payment_to_power, Source.LINE, Source.LAB_METER)

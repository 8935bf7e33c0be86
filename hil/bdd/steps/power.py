"""Power and energy at the lab meter, held against limits."""

from __future__ import annotations

from hil.bdd.applicability import decides, sensible
from hil.bdd.catalogue import then
from hil.evidence.limits import Limit, Measurement, Rule
from hil.evidence.timing import ZERO_POWER_W
from hil.rig.abilities import vague_edge, vague_energy
from hil.scenario.measurements import energy_and_timing as measuring
from hil.scenario.scenario import Trial
from hil.units import Percent, Second, Watt, WattHour


def _nothing(energy: WattHour, _: Percent) -> str:
    return "" if energy > 0 else "a tolerance in percent needs an energy above zero"


@then("är den levererade energin {energy} inom {percent}")
@then("the energy delivered is {energy} within {percent}")
@sensible(_nothing)
@decides(vague_energy)
def energy_delivered(energy: WattHour, tolerance: Percent, /, trial: Trial) -> None:
    """The lab meter's integrated energy, with its uncertainty, lies within the tolerance around the value."""
    spread = energy * tolerance / 100
    limit = Limit("Wh", low=energy - spread, high=energy + spread)
    measuring.energy(trial, Measurement("energy delivered", limit, Rule.GUARDED))


@then("flödade högst {energy} obetalt")
@then("at most {energy} flowed unpaid")
def unpaid_energy(energy: WattHour, /, trial: Trial) -> None:
    """The lab meter's energy less what the receipts credited."""
    measuring.unpaid_energy(trial, Measurement("unpaid energy", Limit("Wh", high=energy), Rule.GUARDED))


@then("flödade ingen effekt före den första betalningen")
@then("no power flowed before the first payment was accepted")
def no_power_before_payment(trial: Trial) -> None:
    """Every reading that ends before the first receipt is below 1 W. Without a reading it is inconclusive."""
    limit = Limit("W", high=ZERO_POWER_W)
    measuring.power_before_payment(trial, Measurement("power before the first payment", limit, Rule.GUARDED))


@then("no power flowed")
def no_power(trial: Trial) -> None:
    """Every reading of the scenario is below 1 W. Without a reading it is inconclusive."""
    limit = Limit("W", high=ZERO_POWER_W)
    measuring.highest_power(trial, Measurement("highest power", limit, Rule.GUARDED))


@then("the power was never interrupted before the credit was spent")
def uninterrupted(trial: Trial) -> None:
    """From the first reading with power to the last there is none without."""
    measuring.interruptions(trial, Measurement("interruptions of power", Limit("count", high=0), Rule.EXACT))


@then("the highest power was between {power} and {power}")
def highest_power_between(low: Watt, high: Watt, /, trial: Trial) -> None:
    """The largest reading of the scenario, an average over one update of the meter."""
    limit = Limit("W", low=low, high=high)
    measuring.highest_power(trial, Measurement("highest power", limit, Rule.GUARDED))


@then("the power was cut within {duration} of the refused payment")
@decides(vague_edge)
def cut_after_refusal(limit: Second, /, trial: Trial) -> None:
    """From the last byte of the payment that the socket must refuse to the first reading without power."""
    measuring.refusal_to_cut(trial, Measurement("refused payment to zero power", Limit("s", high=limit), Rule.INTERVAL))


@then("the power was cut within {duration} of the refused request")
@decides(vague_edge)
def cut_after_bad_request(limit: Second, /, trial: Trial) -> None:
    """From the last byte of the request that the cable must refuse to the first reading without power."""
    measuring.refusal_to_cut(trial, Measurement("refused request to zero power", Limit("s", high=limit), Rule.INTERVAL))


@then("power flowed within {duration} of the first payment")
@decides(vague_edge)
def payment_to_power(limit: Second, /, trial: Trial) -> None:
    """From the first PAYMENT to the first reading with power."""
    measuring.payment_to_power(trial, Measurement("first payment to power", Limit("s", high=limit), Rule.INTERVAL))

"""Every power meter, at dead terminals (K1 open): it must read no power, and its integrator must count forward."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from hil.clock import stopwatch
from hil.conformance.finding import Finding, Wait, expect, finding
from hil.conformance.instrument import identified, quiet
from hil.conformance.update_period import look_closely
from hil.ports import Reading
from hil.units import Ampere, Second, Volt, Watt, WattHour

if TYPE_CHECKING:
    from hil.ports import Meter

V_MAINS = Volt(230.0)
NOTHING = WattHour(0.0)

UPDATES = 5
"""How many updates of a meter are looked at."""

QUERIES = 20
"""Readings by whose median the time of one is judged."""


def check_meter(meter: Meter, wait: Wait) -> list[Finding]:
    """Return the findings for a meter at dead terminals; it is left prepared.

    :param wait: lets the bench's time pass, since readings come with it.
    """
    return [finding(name, partial(check, meter, wait)) for name, check in METER_CHECKS.items()]


def _states_its_figures(meter: Meter, _: Wait) -> None:
    expect(0 < meter.update_period <= meter.settling, f"period {meter.update_period} s, settling {meter.settling} s")
    dead, half, full = (
        Reading(V_MAINS, Ampere(p / V_MAINS), Watt(p), NOTHING, Second(0.0)) for p in (0.0, 900.0, 1800.0)
    )
    zero, threshold = meter.power_budget(dead).expanded, float(meter.off_threshold_w)
    expect(0 < zero < threshold, f"off below {threshold:g} W, and without power it may read {zero:g} W")
    grown = zero < meter.power_budget(half).expanded < meter.power_budget(full).expanded
    expect(grown, "U of power must grow with power")
    expect(meter.voltage_budget(full).expanded > 0, "U of voltage must be above zero")
    expect(meter.current_budget(full).expanded > 0, "U of current must be above zero")
    shorter = meter.energy_budget(WattHour(10.0), Second(10.0), 10.0).expanded
    longer = meter.energy_budget(WattHour(10.0), Second(100.0), 10.0).expanded
    expect(shorter < longer, "U of energy must grow with time")
    more = meter.energy_budget(WattHour(20.0), Second(10.0), 20.0).expanded
    expect(shorter < more, "U of energy must grow with energy")
    budgets = meter.power_budget(full), meter.energy_budget(WattHour(10.0), Second(10.0), 10.0)
    unsaid = [each.name for budget in budgets for each in budget.components if not each.source]
    expect(not unsaid, f"each part of a budget names its source; without one: {', '.join(unsaid)}")


def _prepares(meter: Meter, wait: Wait) -> None:
    meter.prepare()
    quiet(meter)
    wait(meter.settling)
    meter.read()


def _reads_no_power(meter: Meter, wait: Wait) -> None:
    wait(meter.update_period)
    reading = meter.read()
    limit = meter.power_budget(reading._replace(power=Watt(0.0))).expanded
    expect(
        abs(reading.power) <= limit, f"at most {limit:g} W was expected at dead terminals, found {reading.power:g} W"
    )


def _counts_energy_forward(meter: Meter, wait: Wait) -> None:
    """It may fall by as much as an offset below zero makes of it, without load."""
    energies, fall = [], float(meter.off_threshold_w) * 2 * float(meter.update_period) / 3600
    for _ in range(UPDATES):
        wait(meter.update_period)
        energies.append(meter.read().energy)
    forward = all(later >= earlier - fall for earlier, later in pairwise(energies))
    expect(forward, f"energy must not fall by more than {fall:.6f} Wh an update, found {energies}")


def _updates_as_stated(meter: Meter, wait: Wait) -> None:
    elapsed, waited = stopwatch(), 0.0

    def sleep(seconds: float) -> None:
        nonlocal waited
        wait(seconds)
        waited += seconds

    # what passes on the bench: what was waited for, and on the wall clock what that took
    updates = look_closely(meter, lambda: max(waited, elapsed()), sleep).result()
    expect(not updates.slow, str(updates))


def _begins_at_zero(meter: Meter, wait: Wait) -> None:
    meter.prepare()
    wait(meter.settling)
    energy, limit = meter.read().energy, meter.energy_budget(WattHour(0.0), meter.settling, 0.0).expanded
    expect(abs(energy) <= limit, f"at most {limit:g} Wh was expected after prepare, found {energy:g} Wh")


def _answers_in_time(meter: Meter, wait: Wait) -> None:
    times = []
    for _ in range(QUERIES):
        elapsed = stopwatch()
        meter.read()
        times.append(elapsed())
    median = statistics.median(times)
    expect(median < meter.update_period, f"a reading took {median:.3f} s, longer than one update period")


METER_CHECKS: dict[str, Callable[[Meter, Wait], None]] = {
    "it says who it is": lambda meter, _: identified(meter),
    "it states update period, settling time and accuracy": _states_its_figures,
    "prepare leaves no error, and a reading is there after the settling time": _prepares,
    "it reads no power at dead terminals": _reads_no_power,
    "energy never runs backwards": _counts_energy_forward,
    "it updates as often as it states": _updates_as_stated,
    "prepare while it integrates begins at zero again": _begins_at_zero,
    "a reading takes less than one update period": _answers_in_time,
    "its error queue is empty at the end": lambda meter, _: quiet(meter),
}

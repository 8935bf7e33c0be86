"""Every power meter, at dead terminals (K1 open): it must read no power, and its integrator must count forward."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from hil.clock import stopwatch
from hil.conformance.finding import Finding, Wait, expect, finding
from hil.conformance.instrument import identified, quiet
from hil.units import Second, WattHour

if TYPE_CHECKING:
    from hil.ports import Meter

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
    accuracy = meter.power_accuracy
    expect(accuracy.of_reading > 0 and accuracy.of_range > 0, f"both parts of {accuracy} must be above zero")
    shorter = meter.energy_uncertainty(WattHour(10.0), Second(10.0))
    expect(shorter < meter.energy_uncertainty(WattHour(10.0), Second(100.0)), "U of energy must grow with time")
    expect(shorter < meter.energy_uncertainty(WattHour(20.0), Second(10.0)), "U of energy must grow with energy")


def _prepares(meter: Meter, wait: Wait) -> None:
    meter.prepare()
    quiet(meter)
    wait(meter.settling)
    meter.read()


def _reads_no_power(meter: Meter, wait: Wait) -> None:
    wait(meter.update_period)
    reading, limit = meter.read(), meter.power_accuracy.of_range
    expect(
        abs(reading.power) <= limit, f"at most {limit:g} W was expected at dead terminals, found {reading.power:g} W"
    )


def _counts_energy_forward(meter: Meter, wait: Wait) -> None:
    energies = []
    for _ in range(UPDATES):
        wait(meter.update_period)
        energies.append(meter.read().energy)
    expect(sorted(energies) == energies, f"energy must not fall, found {energies}")


def _begins_at_zero(meter: Meter, wait: Wait) -> None:
    meter.prepare()
    wait(meter.settling)
    energy, limit = meter.read().energy, meter.energy_uncertainty(WattHour(0.0), meter.settling)
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
    "prepare while it integrates begins at zero again": _begins_at_zero,
    "a reading takes less than one update period": _answers_in_time,
    "its error queue is empty at the end": lambda meter, _: quiet(meter),
}

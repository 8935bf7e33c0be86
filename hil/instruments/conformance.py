"""What every meter and every load must do, whatever its dialect: the same checks for virtual and real instruments.

Written against :mod:`hil.ports` only. The terminals must be dead while the checks run (K1 open): they switch the load's
input, and expect the meter to read no power. A check that a port cannot pass is a finding, never an exception, so that
one run lists all differences.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from hil.clock import stopwatch
from hil.errors import AuthorError, HilError
from hil.units import Ampere, Ohm, Second, Watt, WattHour

if TYPE_CHECKING:
    from hil.ports import Load, Meter

Wait: TypeAlias = Callable[[float], None]
"""Lets this many seconds of the bench's time pass."""

UPDATES = 5
"""How many updates of a meter are looked at."""

QUERIES = 20
"""Readings by whose median the time of one is judged."""


@dataclass(frozen=True)
class Finding:
    """The outcome of one check: ``difference`` says what was expected and what was found, empty if they agree."""

    check: str
    difference: str = ""

    @property
    def conforms(self) -> bool:
        return not self.difference

    def __str__(self) -> str:
        return f"differs: {self.check}: {self.difference}" if self.difference else f"conforms: {self.check}"


class _Difference(Exception):
    """A check found something else than it expected."""


def _expect(condition: bool, what: str) -> None:
    if not condition:
        raise _Difference(what)


def check_meter(meter: Meter, wait: Wait) -> list[Finding]:
    """Return the findings for a meter at dead terminals; it is left prepared.

    :param wait: lets the bench's time pass, since readings come with it.
    """
    return [_finding(name, partial(check, meter, wait)) for name, check in METER_CHECKS.items()]


def check_load(load: Load) -> list[Finding]:
    """Return the findings for a load at dead terminals; its input is off afterwards, or the last finding says so."""
    return [_finding(name, partial(check, load)) for name, check in LOAD_CHECKS.items()]


def _finding(name: str, check: Callable[[], None]) -> Finding:
    try:
        check()
    except _Difference as difference:
        return Finding(name, str(difference))
    except HilError as error:
        return Finding(name, f"{type(error).__name__}: {error}")
    return Finding(name)


# --- both ------------------------------------------------------------------------------------------------------


def _identified(instrument: Meter | Load) -> None:
    identity = instrument.identity
    _expect(all((identity.manufacturer, identity.model)), f"manufacturer and model were expected, found {identity}")


def _quiet(instrument: Meter | Load) -> None:
    errors = instrument.errors()
    _expect(errors == [], f"an empty error queue was expected, found {'; '.join(errors)}")


# --- the meter -------------------------------------------------------------------------------------------------


def _states_its_figures(meter: Meter, _: Wait) -> None:
    _expect(0 < meter.update_period <= meter.settling, f"period {meter.update_period} s, settling {meter.settling} s")
    accuracy = meter.power_accuracy
    _expect(accuracy.of_reading > 0 and accuracy.of_range > 0, f"both parts of {accuracy} must be above zero")
    shorter = meter.energy_uncertainty(WattHour(10.0), Second(10.0))
    _expect(shorter < meter.energy_uncertainty(WattHour(10.0), Second(100.0)), "U of energy must grow with time")
    _expect(shorter < meter.energy_uncertainty(WattHour(20.0), Second(10.0)), "U of energy must grow with energy")


def _prepares(meter: Meter, wait: Wait) -> None:
    meter.prepare()
    _quiet(meter)
    wait(meter.settling)
    meter.read()


def _reads_no_power(meter: Meter, wait: Wait) -> None:
    wait(meter.update_period)
    reading, limit = meter.read(), meter.power_accuracy.of_range
    _expect(
        abs(reading.power) <= limit, f"at most {limit:g} W was expected at dead terminals, found {reading.power:g} W"
    )


def _counts_energy_forward(meter: Meter, wait: Wait) -> None:
    energies = []
    for _ in range(UPDATES):
        wait(meter.update_period)
        energies.append(meter.read().energy)
    _expect(sorted(energies) == energies, f"energy must not fall, found {energies}")


def _begins_at_zero(meter: Meter, wait: Wait) -> None:
    meter.prepare()
    wait(meter.settling)
    energy, limit = meter.read().energy, meter.energy_uncertainty(WattHour(0.0), meter.settling)
    _expect(abs(energy) <= limit, f"at most {limit:g} Wh was expected after prepare, found {energy:g} Wh")


def _answers_in_time(meter: Meter, wait: Wait) -> None:
    times = []
    for _ in range(QUERIES):
        elapsed = stopwatch()
        meter.read()
        times.append(elapsed())
    median = statistics.median(times)
    _expect(median < meter.update_period, f"a reading took {median:.3f} s, longer than one update period")


METER_CHECKS: dict[str, Callable[[Meter, Wait], None]] = {
    "it says who it is": lambda meter, _: _identified(meter),
    "it states update period, settling time and accuracy": _states_its_figures,
    "prepare leaves no error, and a reading is there after the settling time": _prepares,
    "it reads no power at dead terminals": _reads_no_power,
    "energy never runs backwards": _counts_energy_forward,
    "prepare while it integrates begins at zero again": _begins_at_zero,
    "a reading takes less than one update period": _answers_in_time,
    "its error queue is empty at the end": lambda meter, _: _quiet(meter),
}


# --- the load --------------------------------------------------------------------------------------------------


def _is(load: Load, *, on: bool) -> None:
    _expect(load.input_is_on() is on, f"the input was expected {'on' if on else 'off'}, found the other")


def _prepares_off(load: Load) -> None:
    load.prepare()
    _is(load, on=False)
    _quiet(load)


def _takes_setpoints(load: Load) -> None:
    load.draw_power(Watt(load.max_power / 10))
    load.draw_power(load.max_power)
    load.draw_current(Ampere(1.0))
    load.present_resistance(Ohm(100.0))
    _is(load, on=False)
    _quiet(load)


def _refuses_beyond_its_rating(load: Load) -> None:
    for power in (load.max_power * 1.01, -1.0, math.nan, math.inf):
        try:
            load.draw_power(Watt(power))
        except AuthorError:
            continue
        raise _Difference(f"{power:g} W was expected to be refused, and was taken")
    _quiet(load)


def _switches(load: Load) -> None:
    load.draw_power(Watt(0.0))
    for on in (True, True, False, False):
        load.set_input(on=on)
        _is(load, on=on)


def _stays_on_while_set(load: Load) -> None:
    load.set_input(on=True)
    load.draw_current(Ampere(0.0))
    load.draw_power(Watt(0.0))
    _is(load, on=True)


def _prepares_from_on(load: Load) -> None:
    load.set_input(on=True)
    _prepares_off(load)


def _ends_off(load: Load) -> None:
    load.set_input(on=False)
    _is(load, on=False)
    _quiet(load)


LOAD_CHECKS: dict[str, Callable[[Load], None]] = {
    "it says who it is": _identified,
    "prepare leaves the input off and no error": _prepares_off,
    "it takes power up to its rating, current and resistance, and the input stays off": _takes_setpoints,
    "it refuses power beyond its rating before anything is sent": _refuses_beyond_its_rating,
    "the input follows, twice the same too": _switches,
    "the input stays on while set-points change": _stays_on_while_set,
    "prepare switches an input off that is on": _prepares_from_on,
    "its input is off and its error queue empty at the end": _ends_off,
}

"""Every electronic load, at dead terminals (K1 open): its input is switched, and its set-points are set."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from hil.conformance.finding import Difference, Finding, expect, finding
from hil.conformance.instrument import identified, quiet
from hil.errors import AuthorError
from hil.ports import LoadLimits, Protecting
from hil.units import Ampere, Ohm, Volt, Watt

if TYPE_CHECKING:
    from hil.ports import Load


def check_load(load: Load) -> list[Finding]:
    """Return the findings for a load at dead terminals; its input is off afterwards, or the last finding says so."""
    return [finding(name, partial(check, load)) for name, check in LOAD_CHECKS.items()]


def _is(load: Load, *, on: bool) -> None:
    expect(load.input_is_on() is on, f"the input was expected {'on' if on else 'off'}, found the other")


def _prepares_off(load: Load) -> None:
    load.prepare()
    _is(load, on=False)
    quiet(load)


def _takes_setpoints(load: Load) -> None:
    load.draw_power(Watt(load.max_power / 10))
    load.draw_power(load.max_power)
    load.draw_current(Ampere(1.0))
    load.present_resistance(Ohm(100.0))
    _is(load, on=False)
    quiet(load)


def _refuses_beyond_its_rating(load: Load) -> None:
    for power in (load.max_power * 1.01, -1.0, math.nan, math.inf):
        try:
            load.draw_power(Watt(power))
        except AuthorError:
            continue
        raise Difference(f"{power:g} W was expected to be refused, and was taken")
    quiet(load)


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


def _keeps_limits(load: Load) -> None:
    if not isinstance(load, Protecting):
        return
    limits = LoadLimits(Watt(load.max_power / 2), Ampere(1.0), Volt(100.0))
    protections = load.protect(limits)
    expect(len(protections) == 3, f"a word on each of three limits was expected, found {len(protections)}")
    expect(any(protection.armed for protection in protections), f"none of {limits} was armed")
    quiet(load)


def _tells_whether_it_let_go(load: Load) -> None:
    for on in (True, False):
        load.set_input(on=on)
        why = load.opened_by_itself()
        expect(not why, f"nothing tripped, and it says '{why}'")


def _ends_off(load: Load) -> None:
    load.set_input(on=False)
    _is(load, on=False)
    quiet(load)


LOAD_CHECKS: dict[str, Callable[[Load], None]] = {
    "it says who it is": identified,
    "prepare leaves the input off and no error": _prepares_off,
    "it takes power up to its rating, current and resistance, and the input stays off": _takes_setpoints,
    "it refuses power beyond its rating before anything is sent": _refuses_beyond_its_rating,
    "the input follows, twice the same too": _switches,
    "the input stays on while set-points change": _stays_on_while_set,
    "its own protections take their limits, if it has any": _keeps_limits,
    "it says that nothing tripped": _tells_whether_it_let_go,
    "prepare switches an input off that is on": _prepares_from_on,
    "its input is off and its error queue empty at the end": _ends_off,
}

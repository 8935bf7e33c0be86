"""What the drivers of DC loads have in common, against the transcript of each."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from hil.errors import AuthorError
from hil.instruments.dialects import open_load
from hil.ports import Load
from hil.tests.instruments.scripted_driver import ScriptedDriver
from hil.units import Ampere, Ohm, Watt

LOADS = {dialect: ScriptedDriver(open_load, "load", dialect) for dialect in ("dl3021", "bk8500b")}

HEADERS = {"dl3021": (":SOUR:{}:LEV:IMM", ":SOUR:FUNC", ":SYST:ERR?"), "bk8500b": ("{}", "FUNC", "SYST:ERR?")}
"""Header of a setpoint, header of the function, and the question for an error."""


@pytest.mark.parametrize("dialect", LOADS)
@pytest.mark.parametrize(
    ("verb", "name", "setpoint"),
    [
        (lambda driver: driver.draw_power(Watt(100.0)), "POW", "100"),
        (lambda driver: driver.draw_current(Ampere(1.5)), "CURR", "1.5"),
        (lambda driver: driver.present_resistance(Ohm(40.0)), "RES", "40"),
    ],
)
def test_setpoint_comes_before_its_function_and_both_are_read_back(
    dialect: str, verb: Callable[[Load], None], name: str, setpoint: str
) -> None:
    level, function, error = HEADERS[dialect]
    level = level.format(name)
    with LOADS[dialect]() as (driver, instrument):
        verb(driver)
    assert instrument.received == [
        *["*IDN?", f"{level} {setpoint}", error, f"{function} {name}", error],
        *[f"{level}?", f"{function}?"],
    ]


@pytest.mark.parametrize(
    ("dialect", "verb"),
    [
        ("dl3021", lambda driver: driver.draw_power(Watt(200.1))),
        ("dl3021", lambda driver: driver.draw_power(Watt(math.nan))),
        ("dl3021", lambda driver: driver.draw_current(Ampere(40.1))),
        ("dl3021", lambda driver: driver.draw_current(Ampere(-0.1))),
        ("dl3021", lambda driver: driver.present_resistance(Ohm(0.0))),
        ("dl3021", lambda driver: driver.present_resistance(Ohm(math.inf))),
        ("bk8500b", lambda driver: driver.draw_power(Watt(300.1))),
        ("bk8500b", lambda driver: driver.draw_current(Ampere(30.1))),
        ("bk8500b", lambda driver: driver.present_resistance(Ohm(math.inf))),
    ],
)
def test_setpoint_beyond_the_rating_is_refused_and_nothing_is_sent(dialect: str, verb: Callable[[Load], None]) -> None:
    with LOADS[dialect]() as (driver, instrument):
        with pytest.raises(AuthorError, match="beyond this load, which takes"):
            verb(driver)
        assert instrument.received == ["*IDN?"]

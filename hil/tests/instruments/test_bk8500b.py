"""The load's driver against the transcript of the B&K 8500B, and how loads may spell what they answer."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from hil.errors import AuthorError
from hil.instruments.dialects import open_load
from hil.ports import Load, LoadLimits, Protecting
from hil.tests.instruments.scripted_driver import ScriptedDriver
from hil.units import Ampere, Ohm, Volt, Watt

load = ScriptedDriver(open_load, "load", "bk8500b")
refused = load.refused


def test_prepare_switches_the_input_off_before_and_after_the_reset() -> None:
    with load() as (driver, instrument):
        driver.prepare()
    assert [command for command in instrument.received if command != "SYST:ERR?"] == [
        *["*IDN?", "SYST:REM", "*CLS", "INP 0", "INP?"],
        *["*RST", "INP:SHOR 0", "CURR:RANG 30", "VOLT:RANG 150", "INP 0", "INP?"],
    ]


@pytest.mark.parametrize(
    ("verb", "function", "setpoint"),
    [
        (lambda driver: driver.draw_power(Watt(100.0)), "POW", "100"),
        (lambda driver: driver.draw_current(Ampere(1.5)), "CURR", "1.5"),
        (lambda driver: driver.present_resistance(Ohm(40.0)), "RES", "40"),
    ],
)
def test_setpoint_comes_before_its_function_and_both_are_read_back(
    verb: Callable[[Load], None], function: str, setpoint: str
) -> None:
    with load() as (driver, instrument):
        verb(driver)
    assert [command for command in instrument.received if command != "SYST:ERR?"] == [
        "*IDN?",
        f"{function} {setpoint}",
        f"FUNC {function}",
        f"{function}?",
        "FUNC?",
    ]


@pytest.mark.parametrize(
    "verb",
    [
        lambda driver: driver.draw_power(Watt(300.1)),
        lambda driver: driver.draw_current(Ampere(30.1)),
        lambda driver: driver.present_resistance(Ohm(math.inf)),
    ],
)
def test_setpoint_beyond_the_rating_is_refused_and_nothing_is_sent(verb: Callable[[Load], None]) -> None:
    with load() as (driver, instrument):
        with pytest.raises(AuthorError, match="beyond this load, which takes"):
            verb(driver)
        assert instrument.received == ["*IDN?"]


def test_protections_are_armed_and_read_back() -> None:
    with load() as (driver, _):
        assert isinstance(driver, Protecting)
        kept = driver.protect(LoadLimits(Watt(200.0), Ampere(4.5), Volt(60.0)))
    assert [each.armed for each in kept] == [True, True, False]


@pytest.mark.parametrize("reply", [b"1\n", b"+1\n", b"ON\n", b"on \n"])
def test_an_input_that_is_on_may_say_so_in_any_spelling(reply: bytes) -> None:
    with load({"INP?": [reply]}) as (driver, _):
        assert driver.input_is_on()


@pytest.mark.parametrize("reply", [b"0\n", b"OFF\n", b"+0\n"])
def test_an_input_that_is_off_may_say_so_in_any_spelling(reply: bytes) -> None:
    with load({"INP?": [reply]}) as (driver, _):
        assert not driver.input_is_on()


@pytest.mark.parametrize("reply", [b"POW\n", b"POWER\n", b"Power\n", b"CP\n"])
def test_a_function_may_be_told_in_any_form(reply: bytes) -> None:
    with load({"FUNC?": [reply]}) as (driver, _):
        driver.draw_power(Watt(100.0))


def test_another_function_than_the_one_that_was_set_is_a_rig_fault() -> None:
    message = refused({"FUNC?": [b"CURR\n"]}, lambda driver: driver.draw_power(Watt(100.0)))
    assert "one of POW, POWER, CP was awaited" in message

"""The load's driver against the transcript of the B&K 8500B, and how loads may spell what they answer."""

from __future__ import annotations

import pytest

from hil.instruments.dialects import open_load
from hil.ports import LoadLimits, Protecting
from hil.tests.instruments.scripted_driver import ScriptedDriver
from hil.units import Ampere, Volt, Watt

load = ScriptedDriver(open_load, "load", "bk8500b")
refused = load.refused


def test_prepare_switches_the_input_off_before_and_after_the_reset() -> None:
    with load() as (driver, instrument):
        driver.prepare()
    assert [command for command in instrument.received if command != "SYST:ERR?"] == [
        *["*IDN?", "SYST:REM", "*CLS", "INP 0", "INP?"],
        *["*RST", "INP:SHOR 0", "CURR:RANG 30", "VOLT:RANG 150", "INP 0", "INP?"],
    ]


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

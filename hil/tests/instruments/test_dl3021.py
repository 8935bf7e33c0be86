"""The load's driver against the transcript of the DL3021."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from hil.errors import AuthorError, RigFault
from hil.instruments.dialects import open_load
from hil.ports import Load
from hil.tests.instruments.scripted import SILENCE, Action, close_line
from hil.tests.instruments.scripted_driver import ScriptedDriver
from hil.units import Ampere, Ohm, Watt

STATE = ":SOUR:INP:STAT?"


load = ScriptedDriver(open_load, "load", "dl3021")
refused = load.refused


def test_prepare_switches_the_input_off_before_and_after_the_reset() -> None:
    with load() as (driver, instrument):
        driver.prepare()
    assert [command for command in instrument.received if command != ":SYST:ERR?"] == [
        "*IDN?",
        "*CLS",
        ":SOUR:INP:STAT 0",
        STATE,
        "*RST",
        "*OPC?",
        ":SOUR:FUNC:MODE FIX",
        ":SOUR:CURR:RANG 40",
        ":SOUR:INP:STAT 0",
        STATE,
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
    assert instrument.received == [
        "*IDN?",
        f":SOUR:{function}:LEV:IMM {setpoint}",
        ":SYST:ERR?",
        f":SOUR:FUNC {function}",
        ":SYST:ERR?",
        f":SOUR:{function}:LEV:IMM?",
        ":SOUR:FUNC?",
    ]


@pytest.mark.parametrize(
    "verb",
    [
        lambda driver: driver.draw_power(Watt(200.1)),
        lambda driver: driver.draw_power(Watt(math.nan)),
        lambda driver: driver.draw_current(Ampere(40.1)),
        lambda driver: driver.draw_current(Ampere(-0.1)),
        lambda driver: driver.present_resistance(Ohm(0.0)),
        lambda driver: driver.present_resistance(Ohm(math.inf)),
    ],
)
def test_setpoint_beyond_the_rating_is_refused_and_nothing_is_sent(verb: Callable[[Load], None]) -> None:
    with load() as (driver, instrument):
        with pytest.raises(AuthorError, match="beyond this load, which takes"):
            verb(driver)
        assert instrument.received == ["*IDN?"]


@pytest.mark.parametrize(
    ("command", "reply", "words"),
    [
        (":SYST:ERR?", b'-222,"Data out of range"\n', "':SOUR:POW:LEV:IMM 100' left errors"),
        (":SOUR:POW:LEV:IMM?", b"50.000\n", "the setpoint 100 W was not taken"),
        (":SOUR:POW:LEV:IMM?", b"100.000\n0\n", "more than one line"),
        (":SOUR:POW:LEV:IMM?", b"9.91E37\n", "no valid data"),
        (":SOUR:FUNC?", b"CC\n", "one of POW, POWER, CP was awaited"),
    ],
)
def test_setting_that_was_not_taken_is_a_rig_fault(command: str, reply: bytes, words: str) -> None:
    assert words in refused({command: [reply]}, lambda driver: driver.draw_power(Watt(100.0)))


def test_input_that_stays_on_is_a_rig_fault_that_tells_the_error_queue() -> None:
    message = refused(
        {STATE: [b"1\n"], ":SYST:ERR?": [b'-300,"over power"\n']}, lambda driver: driver.set_input(on=False)
    )
    assert "the input did not switch off" in message
    assert "over power" in message


@pytest.mark.parametrize(
    ("action", "words"),
    [(SILENCE, "no whole reply"), (close_line, "the connection was lost"), (b"\xff\n", "not readable ASCII")],
)
def test_load_that_does_not_answer_can_still_be_switched_off(action: Action, words: str) -> None:
    with load({":SOUR:POW:LEV:IMM?": [action]}) as (driver, instrument):
        with pytest.raises(RigFault, match=words):
            driver.draw_power(Watt(100.0))
        driver.set_input(on=False)
        assert instrument.received[-3:] == [":SOUR:INP:STAT 0", STATE, ":SYST:ERR?"]

"""The load's driver against the transcript of the DL3021."""

from __future__ import annotations

import pytest

from hil.errors import RigFault
from hil.instruments.dialects import open_load
from hil.tests.instruments.scripted import SILENCE, Action, close_line
from hil.tests.instruments.scripted_driver import ScriptedDriver
from hil.units import Watt

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

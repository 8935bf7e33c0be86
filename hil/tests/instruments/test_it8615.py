"""The load's driver against the transcript of the IT8615."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from hil.errors import AuthorError, RigFault
from hil.instruments.dialects import open_load
from hil.instruments.it8615 import It8615
from hil.ports import Load, ShapingLoad
from hil.tests.instruments.scripted import SILENCE, Action, close_line
from hil.tests.instruments.scripted_driver import ScriptedDriver
from hil.units import Ampere, CurrentShape, Ohm, Watt

load = ScriptedDriver(open_load, "load", "it8615")
refused = load.refused


def test_prepare_switches_the_input_off_before_and_after_the_reset() -> None:
    with load() as (driver, instrument):
        driver.prepare()
        assert not driver.input_is_on()
    sent = [command for command in instrument.received if command != "SYST:ERR?"]
    assert sent == [
        "*IDN?",
        "SYST:REM",
        "*CLS",
        "INPUT:STATE 0",
        "INPUT:STATE?",
        "*RST",
        "PROT:CLE",
        "SYST:MODE AC",
        "SOUR:PFAC 1;:SOUR:CFAC 1.41",
        "INPUT:STATE 0",
        "INPUT:STATE?",
        "INPUT:STATE?",
    ]


@pytest.mark.parametrize(
    ("verb", "function", "setpoint"),
    [
        (lambda driver: driver.draw_power(Watt(1300.0)), "POW", "1300"),
        (lambda driver: driver.draw_current(Ampere(1.5)), "CURR", "1.5"),
        (lambda driver: driver.present_resistance(Ohm(40.7)), "RES", "40.7"),
    ],
)
def test_setpoint_comes_before_its_function_and_is_read_back(
    verb: Callable[[Load], None], function: str, setpoint: str
) -> None:
    with load() as (driver, instrument):
        verb(driver)
    assert instrument.received == [
        "*IDN?",
        f"SOUR:{function} {setpoint}",
        "SYST:ERR?",
        f"SOUR:FUNC {function}",
        "SYST:ERR?",
        f"SOUR:{function}?",
    ]


def test_input_is_switched_and_read_back() -> None:
    with load() as (driver, instrument):
        driver.set_input(on=True)
        driver.set_input(on=False)
    assert instrument.received[1:] == [
        "INPUT:STATE 1",
        "INPUT:STATE?",
        "SYST:ERR?",
        "INPUT:STATE 0",
        "INPUT:STATE?",
        "SYST:ERR?",
    ]


def test_errors_reads_the_queue_empty() -> None:
    with load({"SYST:ERR?": [b"602,Over power\n"]}) as (driver, _):
        assert driver.errors() == ["602,Over power"]
        assert driver.errors() == []


@pytest.mark.parametrize(
    "verb",
    [
        lambda driver: driver.draw_power(Watt(1800.1)),
        lambda driver: driver.draw_power(Watt(-1.0)),
        lambda driver: driver.draw_power(Watt(math.nan)),
        lambda driver: driver.draw_current(Ampere(7.9)),
        lambda driver: driver.draw_current(Ampere(-0.1)),
        lambda driver: driver.present_resistance(Ohm(29.0)),
        lambda driver: driver.present_resistance(Ohm(0.0)),
        lambda driver: driver.present_resistance(Ohm(math.inf)),
    ],
)
def test_setpoint_beyond_the_rating_is_refused_and_nothing_is_sent(verb: Callable[[Load], None]) -> None:
    with load() as (driver, instrument):
        with pytest.raises(AuthorError, match="beyond this load, which takes 0 to 1800 W"):
            verb(driver)
        assert instrument.received == ["*IDN?"]


def test_setting_that_leaves_an_error_is_named() -> None:
    message = refused(
        {"SYST:ERR?": [b"0,No Error\n", b"-221,Settings conflict\n"]}, lambda driver: driver.draw_power(Watt(1300.0))
    )
    assert "'SOUR:FUNC POW' left errors in the queue: -221,Settings conflict" in message


def test_setpoint_that_reads_back_differently_is_refused() -> None:
    message = refused({"SOUR:POW?": [b"1.0000E+02\n"]}, lambda driver: driver.draw_power(Watt(1300.0)))
    assert "the setpoint 1300 W was not taken: 'SOUR:POW?' read '100'" in message


def test_setpoint_may_be_rounded_to_the_resolution_of_the_load() -> None:
    with load({"SOUR:POW?": [b"1.3004E+03\n"]}) as (driver, _):
        driver.draw_power(Watt(1300.0))


def test_input_that_stays_on_is_a_rig_fault_that_tells_the_error_queue() -> None:
    message = refused(
        {"INPUT:STATE?": [b"1\n"], "SYST:ERR?": [b"602,Over power\n"]}, lambda driver: driver.set_input(on=False)
    )
    assert "the input did not switch off" in message
    assert "602,Over power" in message
    assert "Cut the mains" in message


def test_input_that_answers_no_state_is_refused() -> None:
    assert "0 or 1, OFF or ON was awaited" in refused(
        {"INPUT:STATE?": [b"maybe\n"]}, lambda driver: driver.input_is_on()
    )


@pytest.mark.parametrize(
    ("action", "words"),
    [(SILENCE, "no whole reply"), (close_line, "the connection was lost"), (b"\xff\n", "not readable ASCII")],
)
def test_load_that_does_not_answer_can_still_be_switched_off(action: Action, words: str) -> None:
    with load({"SOUR:POW?": [action]}) as (driver, instrument):
        with pytest.raises(RigFault, match=words):
            driver.draw_power(Watt(1300.0))
        driver.set_input(on=False)
        assert instrument.received[-3:] == ["INPUT:STATE 0", "INPUT:STATE?", "SYST:ERR?"]


def test_a_shape_is_set_with_priority_for_the_power_factor_and_read_back() -> None:
    with load() as (driver, instrument):
        assert isinstance(driver, ShapingLoad)
        driver.shape_current(CurrentShape(0.5, 3.0))
    sent = [command for command in instrument.received if command != "SYST:ERR?"]
    assert sent == ["*IDN?", "SYST:CFPF:PRI PF", "SOUR:PFAC 0.5", "SOUR:PFAC?", "SOUR:CFAC 3", "SOUR:CFAC?"]


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (CurrentShape(0.0), "not both within what its load draws"),
        (CurrentShape(0.5, 6.0), "not both within what its load draws"),
        (CurrentShape(0.9, 3.0), "power factors from 0.20 to 0.59"),
    ],
)
def test_a_shape_that_the_load_would_change_without_a_word_is_refused_and_nothing_is_sent(
    shape: CurrentShape, words: str
) -> None:
    with load() as (driver, instrument):
        assert isinstance(driver, ShapingLoad)
        with pytest.raises(AuthorError, match=words):
            driver.shape_current(shape)
    assert instrument.received == ["*IDN?"]


def test_apparent_power_is_what_the_load_is_rated_for() -> None:
    assert It8615.cannot_shape(Watt(900.0), CurrentShape(0.5)) == ""
    assert "2000 VA" in It8615.cannot_shape(Watt(1000.0), CurrentShape(0.5))

"""The meter's driver against the transcript of the WT310E."""

from __future__ import annotations

import pytest

from hil.errors import ConfigurationError, RigFault
from hil.evidence.uncertainty import Conditions
from hil.instruments.current_transformer import CLASSES, CurrentTransformer
from hil.instruments.dialects import open_meter
from hil.ports import Meter, Reading, ZeroAdjusting
from hil.tests.instruments.scripted import SILENCE, Action, close_line
from hil.tests.instruments.scripted_driver import ScriptedDriver
from hil.units import Ampere, Second, Volt, Watt, WattHour

DATA = ":NUM:NORM:VAL?"


meter = ScriptedDriver(open_meter, "meter", "wt310e")
refused = meter.refused


def test_prepare_stops_an_old_integration_resets_switches_headers_off_and_reads_back() -> None:
    with meter() as (driver, instrument):
        driver.prepare()
    sent = instrument.received
    assert sent[1:5] == [":INTEG:STOP", ":INTEG:RES", "*RST", "*OPC?"]
    order = ["*CLS", ":COMM:HEAD OFF", ":RATE 100MS", ":INP:CURR:RANG 10A", ":NUM:NORM:ITEM4 WH,1", ":INTEG:STAR"]
    assert sorted(order, key=sent.index) == order
    assert sent[-2] == ":NUM:NORM:ITEM5?"
    assert "SYST:ERR?" not in sent


def test_the_front_panel_is_locked_while_the_meter_is_prepared_and_given_back_at_the_end() -> None:
    with meter() as (driver, instrument):
        assert ":COMM:REM ON" not in instrument.received
        driver.prepare()
        assert instrument.received.count(":COMM:REM ON") == 1
        assert ":COMM:REM OFF" not in instrument.received
    assert instrument.received[-1] == ":COMM:REM OFF"


def test_a_ratio_that_another_client_applies_is_noticed() -> None:
    with meter({":INP:SCAL:STAT?": [b"0\n", b"1\n"]}) as (driver, _):
        driver.prepare()
        with pytest.raises(RigFault, match="the setting 0 was changed since the meter was prepared"):
            driver.verify()


BEHIND = Conditions(transformer=CurrentTransformer(10.0, 50.0, CLASSES["0.5"], "class 0.5"))


def test_the_ratio_of_a_current_transformer_is_set_applied_and_read_back() -> None:
    with meter({":INP:SCAL:STAT?": [b"1\n"]}) as (driver, instrument):
        driver.conditions = BEHIND
        driver.prepare()
    sent = instrument.received
    order = [":INP:CURR:RANG 10A", ":INP:SCAL:CT 10.0000", ":INP:SCAL ON", ":INTEG:STAR", ":INP:SCAL:CT?"]
    assert sorted(order, key=sent.index) == order
    # the instrument multiplies, so the driver does not
    with meter() as (driver, _):
        driver.conditions = BEHIND
        assert driver.read().power == 1300.6


@pytest.mark.parametrize(
    ("query", "replies"), [(":INP:SCAL:CT?", [b"10.0000\n", b"1.0000\n"]), (":INP:SCAL:STAT?", [b"1\n", b"0\n"])]
)
def test_a_ratio_that_another_client_takes_away_is_noticed(query: str, replies: list[Action]) -> None:
    instead: dict[str, list[Action]] = {":INP:SCAL:STAT?": [b"1\n", b"1\n"], query: replies}
    with meter(instead) as (driver, _):
        driver.conditions = BEHIND
        driver.prepare()
        with pytest.raises(RigFault, match="was changed since the meter was prepared"):
            driver.verify()


def test_a_transformer_that_gives_more_than_the_range_is_refused_and_nothing_is_set() -> None:
    with meter() as (driver, instrument):
        driver.conditions = Conditions(transformer=CurrentTransformer(2.0, 50.0, CLASSES["0.5"], "class 0.5"))
        with pytest.raises(ConfigurationError, match="gives 25 A at its rated current, beyond the range of 10 A"):
            driver.prepare()
        assert instrument.received == ["*IDN?"]


def test_zeroing_stops_the_integration_first_and_looks_for_errors_after() -> None:
    with meter() as (driver, instrument):
        assert isinstance(driver, ZeroAdjusting)
        driver.zero()
    assert instrument.received[1:5] == [":INTEG:STOP", "*CLS", "*CAL?", "*ESR?"]


def test_a_zero_calibration_that_fails_is_a_rig_fault() -> None:
    def zero(driver: Meter) -> None:
        assert isinstance(driver, ZeroAdjusting)
        driver.zero()

    assert "its zero level was not compensated" in refused({"*CAL?": [b"1\n"]}, zero)


def test_read_is_one_query() -> None:
    with meter() as (driver, instrument):
        before = len(instrument.received)
        assert driver.read() == Reading(Volt(230.12), Ampere(5.652), Watt(1300.6), WattHour(8.12), Second(30.0))
        assert instrument.received[before:] == [DATA]


SPELLINGS: dict[str, list[Action]] = {
    "*IDN?": [b"YOKOGAWA,WT310E,C3XX12345E,F1.04,HW1.0\n"],
    ":INP:VOLT:RANG?": [b"+300.0E+00\n"],
    ":INP:VOLT:AUTO?": [b"+0\n"],
    ":NUM:NORM:ITEM5?": [b"TIME, 1\n"],
    DATA: [b"230.12E+00, 5.6520E+00, 1.3006E+03, 8.12000E+00, 30,\n"],
}


def test_blanks_signs_a_last_comma_and_a_fifth_field_of_the_identity_change_nothing() -> None:
    with meter(SPELLINGS) as (driver, _):
        driver.prepare()
        assert driver.identity.firmware == "F1.04,HW1.0"
        assert driver.read() == Reading(Volt(230.12), Ampere(5.652), Watt(1300.6), WattHour(8.12), Second(30.0))


def test_accuracy_is_the_manuals() -> None:
    with meter() as (driver, _):
        assert driver.update_period == 0.1
        power = driver.power_budget(Reading(Volt(230.0), Ampere(1300 / 230), Watt(1300.0), WattHour(0.0), Second(0.0)))
        energy = driver.energy_budget(WattHour(40), Second(120), 40.0)
    for budget, of_reading, of_range in ((power, 1.3, 1.5), (energy, 0.04, 0.05)):
        assert budget.part("accuracy of reading") == pytest.approx(of_reading)
        assert budget.part("accuracy of range") == pytest.approx(of_range)
    assert power.expanded == pytest.approx(1.3 + 1.5 + 0.65 + 0.12 + 0.12 + 0.05, abs=0.02)
    assert energy.part("integration") == pytest.approx(0.04)


@pytest.mark.parametrize(
    ("reply", "quantity", "why"),
    [
        (b"NAN,5.6500E+00,1.3000E+03,8.1E+00,30\n", "voltage", "no valid data"),
        (b"230.00E+00,INF,INF,8.1E+00,30\n", "current", "overload"),
        (b"230.00E+00,5.6500E+00,9.9E+37,8.1E+00,30\n", "power", "overload"),
        (b"230.00E+00,5.6500E+00,1.3000E+03,9.91E37,30\n", "energy", "no valid data"),
        (b":NUM:NORM:VAL 1,5.6500E+00,1.3000E+03,8.1,30\n", "voltage", "not a number"),
    ],
)
def test_reading_without_a_value_says_which_quantity_and_why(reply: bytes, quantity: str, why: str) -> None:
    assert f"{quantity}: {why}" in refused({DATA: [reply]}, lambda driver: driver.read())


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (b"1,2,3\n", "5 values were awaited"),
        (SILENCE, "no whole reply"),
        (close_line, "the connection was lost"),
        (b"\xff\xfe\n", "not readable ASCII"),
    ],
)
def test_meter_that_does_not_answer_properly_is_refused(action: Action, words: str) -> None:
    assert words in refused({DATA: [action]}, lambda driver: driver.read())


@pytest.mark.parametrize(
    ("command", "reply", "words"),
    [
        (":STAT:ERR?", b'113,"Undefined header"\n', '113,"Undefined header"'),
        ("*ESR?", b"48\n", "'*ESR?' at 48"),
        (":RATE?", b"250.0E-03\n", "the setting 0.1 was not taken"),
        (":INP:VOLT:RANG?", b":INPUT:VOLTAGE:RANGE 300.0E+00\n", "not a number"),
        (":INP:CURR:RANG?", b"20.00E+00\n", "the setting 10 was not taken"),
        (":INP:CURR:AUTO?", b"1\n", "the setting 0 was not taken"),
        (":NUM:NORM:NUM?", b"3\n", "the setting 5 was not taken"),
        (":NUM:NORM:ITEM5?", b"FU,1\n", "TIME,1 was not taken"),
        ("*OPC?", b"0\n", "not done"),
    ],
)
def test_prepare_fails_when_status_queue_or_a_read_back_disagrees(command: str, reply: bytes, words: str) -> None:
    assert words in refused({command: [reply]}, lambda driver: driver.prepare())


def test_errors_reads_the_queue_empty_with_the_dialects_own_question() -> None:
    with meter({":STAT:ERR?": [b'842,"Started twice"\n', b'0,"NO ERROR"\n']}) as (driver, instrument):
        assert driver.errors() == ['842,"Started twice"']
        assert instrument.received[1:] == [":STAT:ERR?", ":STAT:ERR?"]

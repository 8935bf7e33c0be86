"""The meter's driver against the transcript of the HMC8015."""

from __future__ import annotations

import pytest

from hil.evidence.uncertainty import Conditions
from hil.instruments.current_transformer import CLASSES, CurrentTransformer
from hil.instruments.dialects import open_meter
from hil.ports import Reading
from hil.tests.instruments.scripted import SILENCE, Action, close_line
from hil.tests.instruments.scripted_driver import ScriptedDriver
from hil.units import Ampere, Second, Volt, Watt, WattHour

DATA = "CHAN1:MEAS:DATA?"


meter = ScriptedDriver(open_meter, "meter", "hmc8015")
refused = meter.refused


def test_prepare_resets_sets_fixed_ranges_starts_the_integrator_and_reads_back() -> None:
    with meter() as (driver, instrument):
        driver.prepare()
    sent = instrument.received
    assert sent[1] == "*RST"
    assert sent.index("CHAN1:ACQ:CURR:RANG 10") < sent.index("INT:RES") < sent.index("INT:STAR")
    assert sent[-6:] == [
        "*ESR?",
        "SYST:ERR?",
        "CHAN1:MEAS:FUNC?",
        "CHAN1:ACQ:VOLT:RANG?",
        "CHAN1:ACQ:CURR:RANG?",
        "SYST:LOC",
    ]


def test_the_front_panel_is_locked_while_the_meter_is_prepared_and_only_then_given_back() -> None:
    with meter() as (_, instrument):
        pass
    assert "SYST:LOC" not in instrument.received
    with meter() as (driver, instrument):
        driver.prepare()
        assert instrument.received.count("SYST:REM") == 1
        assert "SYST:LOC" not in instrument.received
    assert instrument.received[-1] == "SYST:LOC"


def test_read_is_one_query() -> None:
    with meter() as (driver, instrument):
        driver.prepare()
        before = len(instrument.received)
        reading = driver.read()
        assert instrument.received[before:] == [DATA]
    assert reading == Reading(Volt(230.12), Ampere(5.652), Watt(1300.6), WattHour(8.12), Second(30.0))


def test_accuracy_of_the_reference_load_is_within_what_the_scenarios_need() -> None:
    with meter() as (driver, _):
        assert driver.update_period == 0.1
        power = driver.power_budget(Reading(Volt(230.0), Ampere(1300 / 230), Watt(1300.0), WattHour(0.0), Second(0.0)))
        assert power.part("accuracy of reading") == pytest.approx(0.65)
        assert power.part("accuracy of range") == pytest.approx(1.5)
        assert driver.energy_budget(WattHour(40), Second(120), 40.0).expanded < 0.1


def test_errors_reads_the_queue_empty() -> None:
    with meter({"SYST:ERR?": [b'-113,"Undefined header"\n']}) as (driver, _):
        assert driver.errors() == ['-113,"Undefined header"']
        assert driver.errors() == []


@pytest.mark.parametrize(
    ("reply", "quantity", "why"),
    [
        (b"NAN,5.65E+00,1.3E+03,8.1E+00,3E+01\n", "voltage", "no valid data"),
        (b"2.3E+02,INF,1.3E+03,8.1E+00,3E+01\n", "current", "overload"),
        (b"2.3E+02,5.65E+00,9.9E37,8.1E+00,3E+01\n", "power", "overload"),
        (b"2.3E+02,5.65E+00,1.3E+03,9.91E37,3E+01\n", "energy", "no valid data"),
        (b"2.3E+02,5.65E+00,----,8.1E+00,3E+01\n", "power", "not a number"),
        (b"230 V,5.65E+00,1.3E+03,8.1E+00,3E+01\n", "voltage", "not a number"),
    ],
)
def test_reading_without_a_value_says_which_quantity_and_why(reply: bytes, quantity: str, why: str) -> None:
    message = refused({DATA: [reply]}, lambda driver: driver.read())
    assert f"{quantity}: {why}" in message
    assert f"'{DATA}' read '{reply.decode().strip()}'" in message


@pytest.mark.parametrize("reply", [b"2.3E+02,5.65E+00,1.3E+03\n", b"\n", b"1,2,3,4,5,6\n"])
def test_reading_with_another_number_of_values_is_refused(reply: bytes) -> None:
    assert "5 values were awaited" in refused({DATA: [reply]}, lambda driver: driver.read())


def test_meter_that_answers_garbage_is_refused() -> None:
    assert "not readable ASCII" in refused({DATA: [b"\x93\xfa\x00\n"]}, lambda driver: driver.read())


def test_meter_that_falls_silent_is_refused() -> None:
    assert "no whole reply" in refused({DATA: [SILENCE]}, lambda driver: driver.read())


def test_meter_that_goes_away_in_a_reading_is_refused() -> None:
    assert "the connection was lost" in refused({DATA: [close_line]}, lambda driver: driver.read())


def test_prepare_fails_when_the_error_queue_is_not_empty() -> None:
    message = refused({"SYST:ERR?": [b'-222,"Data out of range"\n']}, lambda driver: driver.prepare())
    assert '-222,"Data out of range"' in message


def test_prepare_fails_when_the_status_tells_of_an_error_and_the_queue_does_not() -> None:
    message = refused({"*ESR?": [b"32\n"]}, lambda driver: driver.prepare())
    assert "'*ESR?' at 32" in message


def test_bits_of_the_status_that_are_no_error_do_not_matter() -> None:
    with meter({"*ESR?": [b"129\n"]}) as (driver, _):
        driver.prepare()


SPELLINGS: dict[str, list[Action]] = {
    "*IDN?": [b"Rohde&Schwarz,HMC8015,043506929,HW42000000,SW01.403\n"],
    "CHAN1:MEAS:FUNC?": [b"URMS, IRMS, P, WH, TIME\n"],
    "CHAN1:ACQ:VOLT:RANG?": [b"+3.0000E+02\n"],
    "CHAN1:MEAS:DATA?": [b"2.3012E+02, 5.6520E+00, 1.3006E+03, 8.1200E+00, 3.0000E+01,\n"],
}


def test_blanks_signs_a_last_comma_and_a_fifth_field_of_the_identity_change_nothing() -> None:
    with meter(SPELLINGS) as (driver, _):
        driver.prepare()
        assert driver.identity.firmware == "HW42000000,SW01.403"
        assert driver.read() == Reading(Volt(230.12), Ampere(5.652), Watt(1300.6), WattHour(8.12), Second(30.0))


@pytest.mark.parametrize(
    ("command", "reply", "words"),
    [
        ("CHAN1:MEAS:FUNC?", b"URMS,IRMS,P\n", "functions URMS,IRMS,P,WH,TIME were not taken"),
        ("CHAN1:ACQ:VOLT:RANG?", b"6.0000E+02\n", "range 300 was not taken"),
        ("CHAN1:ACQ:CURR:RANG?", b"AUTO\n", "not a number"),
        ("*OPC?", b"0\n", "not done"),
        ("*ESR?", b"-\n", "a whole number was awaited"),
    ],
)
def test_prepare_fails_when_a_read_back_disagrees(command: str, reply: bytes, words: str) -> None:
    assert words in refused({command: [reply]}, lambda driver: driver.prepare())


def test_spaces_and_a_comma_behind_the_last_value_change_nothing() -> None:
    with meter({DATA: [b"2.3000E+02, 5.6520E+00, 1.3000E+03, 5.0000E+01, 1.6000E+01,\n"]}) as (driver, _):
        reading = driver.read()
    assert (reading.voltage, reading.current, reading.power) == (230.0, 5.652, 1300.0)


def test_behind_a_current_transformer_the_driver_multiplies_current_power_and_energy() -> None:
    with meter() as (driver, _):
        plain = driver.read()
    with meter() as (driver, instrument):
        driver.conditions = Conditions(transformer=CurrentTransformer(10.0, 50.0, CLASSES["0.5"], "class 0.5"))
        read = driver.read()
        assert read == plain._replace(
            current=Ampere(10 * plain.current), power=Watt(10 * plain.power), energy=WattHour(10 * plain.energy)
        )
        assert instrument.received == ["*IDN?", DATA]

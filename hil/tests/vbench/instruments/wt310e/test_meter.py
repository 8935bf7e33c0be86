"""The virtual WT310E: headers, ranges, update intervals, integrator, extended events."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.tests.vbench.instruments.wt310e.bench import Bench
from hil.vbench.instruments.wt310e.meter import Wt310e
from hil.vbench.instruments.wt310e.replies import engineering


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("amount", "digits", "text"),
    [
        (230.12, 5, "230.12E+00"),
        (1300.6, 5, "1.3006E+03"),
        (5.652, 5, "5.6520E+00"),
        (0.0435, 5, "43.500E-03"),
        (999.999, 5, "1.0000E+03"),
        (0.0, 5, "0.0000E+00"),
        (-12.5, 4, "-12.50E+00"),
        (300, 4, "300.0E+00"),
    ],
)
def test_numbers_have_an_exponent_that_is_a_multiple_of_three(amount: float, digits: int, text: str) -> None:
    assert engineering(amount, digits) == text


@given(st.floats(1e-6, 1e9))
def test_a_written_number_is_within_half_a_digit(amount: float) -> None:
    assert float(engineering(amount, 5)) == pytest.approx(amount, rel=5.1e-5)


def test_replies_carry_their_header_until_it_is_switched_off() -> None:
    meter = Wt310e(lambda: 0.0)
    meter.power_on("seed")
    assert meter.execute(":INP:VOLT:RANG?;:NUM:ITEM2?") == ":INPUT:VOLTAGE:RANGE 600.0E+00;:NUMERIC:NORMAL:ITEM2 I,1"
    assert meter.execute(":COMM:VERB OFF;:INP:VOLT:RANG?") == ":VOLT:RANG 600.0E+00"
    assert meter.execute(":COMM:HEAD OFF;:INP:VOLT:RANG?") == "600.0E+00"


def test_the_error_question_is_the_dialects_own(bench: Bench) -> None:
    assert bench("SYST:ERR?") is None
    assert bench(":STAT:ERR?") == '113,"Undefined header;ERR"'
    assert bench(":STAT:ERR?") == '0,"NO ERROR"'
    assert bench("*ESR?") == "32"


def test_there_is_no_value_before_the_first_update_and_no_energy_before_the_start(bench: Bench) -> None:
    bench(":NUM:NUM 4;ITEM4 WH,1")
    assert bench.values() == ["NAN"] * 4
    bench.pass_periods(1)
    assert [text == "NAN" for text in bench.values()] == [False, False, False, True]
    bench(":INTEG:STAR")
    bench.pass_periods(10)
    assert float(bench.values()[3]) == pytest.approx(1300 / 3600, rel=2e-3)


@given(st.integers(0, 10**6), st.floats(20, 300), st.floats(0.5, 10), st.floats(0.3, 1))
def test_every_reading_is_within_the_manuals_accuracy(seed: int, voltage: float, current: float, factor: float) -> None:
    bench = Bench(str(seed))
    bench(":INP:VOLT:RANG 300V;:INP:CURR:RANG 10A")
    power = voltage * current * factor
    bench.pass_periods(1, voltage, current, power)
    for text, true, end in zip(bench.values(), (voltage, current, power), (300, 10, 3000), strict=True):
        assert abs(float(text) - true) <= 0.001 * true + 0.0005 * end


def test_ranges_are_a_closed_list_and_setting_one_ends_automatic_ranging(bench: Bench) -> None:
    assert bench(":INP:VOLT:AUTO?") == "1"
    bench(":INP:VOLT:RANG 150V")
    assert bench(":INP:VOLT:RANG?;AUTO?") == "150.0E+00;0"
    bench(":INP:CURR:RANG 200MA")
    assert bench(":INP:CURR:RANG?") == "200.0E-03"
    bench(":INP:VOLT:RANG 200V")
    assert str(bench(":STAT:ERR?")).startswith("222,")


def test_a_value_above_140_percent_of_a_fixed_range_is_overrange_and_so_is_its_power(bench: Bench) -> None:
    bench(":INP:VOLT:RANG 300V;:INP:CURR:RANG 2A")
    bench.pass_periods(1, current=2.75, power=632.5)
    assert "INF" not in bench.values()
    bench.pass_periods(1, current=2.85, power=655.5)
    assert bench.values()[1:] == ["INF", "INF"]


def test_automatic_ranging_goes_up_above_130_and_down_below_30_percent(bench: Bench) -> None:
    bench(":INP:CURR:RANG 2A;AUTO ON")
    for current, end in ((2.5, 2), (2.7, 5), (1.6, 5), (1.4, 2), (0.01, 0.02), (25.0, 20)):
        bench.pass_periods(1, current=current, power=230 * current)
        assert float(str(bench(":INP:CURR:RANG?"))) == end


@pytest.mark.parametrize(("rate", "updates"), [("100MS", 20), ("0.25", 8), ("500MS", 4), ("1S", 2), ("2", 1)])
def test_readings_change_at_the_end_of_each_update_interval_only(rate: str, updates: int) -> None:
    bench = Bench()
    bench(f":RATE {rate}")
    seen = [bench(":NUM:NORM:VAL?")]
    for number in range(20):
        bench.pass_periods(1, voltage=200.0 + number)
        seen.append(bench(":NUM:NORM:VAL?"))
    assert sum(before != after for before, after in pairwise(seen)) == updates


def test_an_interval_shows_the_mean_power_and_the_rms_current(bench: Bench) -> None:
    bench(":RATE 1S")
    bench.pass_periods(5, current=0.0, power=0.0)
    bench.pass_periods(5, current=4.0, power=920.0)
    _, current, power = map(float, bench.values())
    assert power == pytest.approx(460, rel=2e-3)
    assert current == pytest.approx(8**0.5, rel=2e-3)


def test_a_held_reading_stays(bench: Bench) -> None:
    bench.pass_periods(1)
    bench(":HOLD ON")
    held = bench.values()
    bench.pass_periods(3, voltage=231.0)
    assert bench.values() == held
    bench(":HOLD OFF")
    bench.pass_periods(1, voltage=231.0)
    assert bench.values() != held


def test_the_timer_stops_the_integration(bench: Bench) -> None:
    bench(":NUM:NUM 2;ITEM1 WH,1;ITEM2 TIME,1;:INTEG:TIM 0,0,2;STAR")
    bench.pass_periods(50)
    energy, seconds = bench.values()
    assert seconds == "2"
    assert float(energy) == pytest.approx(1300 * 2 / 3600, rel=2e-3)
    assert bench(":INTEG:STAT?") == "TIMEUP"


def test_reset_after_stop_clears_and_settings_are_free_again(bench: Bench) -> None:
    bench(":NUM:NUM 1;ITEM1 WH,1;:INTEG:STAR")
    bench(":RATE 1S")
    assert str(bench(":STAT:ERR?")).startswith("813,")
    bench(":INTEG:STOP;RES;:RATE 1S")
    assert bench(":STAT:ERR?;:INTEG:STAT?;:NUM:VAL?") == '0,"NO ERROR";RESET;NAN'


def test_the_end_of_an_update_is_an_extended_event_that_reaches_the_status_byte(bench: Bench) -> None:
    bench(":STAT:FILT1 FALL;EESE 1")
    assert bench("*STB?") == "0"
    bench.pass_periods(1)
    assert bench("*STB?;:STAT:EESR?;:STAT:EESR?") == "8;1;0"
    bench(":INP:CURR:RANG 1A;:STAT:FILT7 RISE;EESE 64;:INTEG:STAR")
    bench.pass_periods(1)
    assert bench(":STAT:COND?;EESR?") == "66;65"


def test_reset_is_power_on(bench: Bench) -> None:
    bench(":INP:VOLT:RANG 150V;:NUM:NUM 1;:INTEG:STAR")
    bench("*RST")
    assert bench(":INP:VOLT:RANG?;AUTO?;:NUM:NUM?;:INTEG:STAT?;:RATE?") == "600.0E+00;1;3;RESET;250.0E-03"

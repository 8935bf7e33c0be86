"""What the virtual WT310E derives and how it writes it: peaks, MATH, averaging, MAX hold, scaling, formats, groups."""

from __future__ import annotations

import math
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.tests.vbench.instruments.wt310e.bench import EXACT, PERIOD, Bench
from hil.vbench.plant.terminals import MeterSample

ROOT = math.sqrt(2.0)


@pytest.fixture
def bench() -> Bench:
    return Bench(given=EXACT)


def test_peaks_are_those_of_a_sine(bench: Bench) -> None:
    bench(":NUM:NUM 6;ITEM1 UPP,1;ITEM2 UMP;ITEM3 IPP;ITEM4 IMP;ITEM5 PPP;ITEM6 PMP")
    bench.pass_periods(1, 200.0, 5.0, 800.0)
    assert bench.numbers() == pytest.approx([200 * ROOT, -200 * ROOT, 5 * ROOT, -5 * ROOT, 1800, -200], rel=1e-3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("CFU1", ROOT), ("CFI", ROOT), ("ADD", 205.0), ("SUB", 195.0), ("MUL", 1000.0)),
        *(("DIV", 40.0), ("DIVA", 8.0), ("DIVB", 8000.0)),
    ],
)
def test_math_computes_with_what_displays_a_and_b_show(bench: Bench, name: str, value: float) -> None:
    bench(f":DISP:ITEM1 U,1;ITEM2 I,1;:MATH {name};:NUM:NUM 1;ITEM1 MATH")
    bench.pass_periods(1, 200.0, 5.0, 1000.0)
    assert bench.numbers() == pytest.approx([value], rel=1e-3)


def test_math_has_no_value_where_it_would_divide_by_nothing_or_no_crest_factor_is_known(bench: Bench) -> None:
    bench(":INP:CURR:RANG 20A;:NUM:NUM 1;ITEM1 MATH")
    bench.pass_periods(1, 200.0, 0.0, 0.0)
    for name in ("DIV", "CFI"):
        assert bench(f":MATH {name};:NUM:VAL?") == "NAN"


def test_the_mean_power_of_an_integration_is_a_math_function(bench: Bench) -> None:
    bench(":MATH AVW;:NUM:NUM 1;ITEM1 MATH;:INTEG:STAR")
    bench.pass_periods(10, power=1000.0)
    bench.pass_periods(10, power=500.0)
    assert bench.numbers() == pytest.approx([750.0], rel=1e-3)


def test_linear_averaging_is_the_mean_of_the_last_readings(bench: Bench) -> None:
    bench(":MEAS:AVER:TYPE LIN;COUN 8;STAT ON")
    bench.pass_periods(4, 200.0, 5.0, 1000.0)
    bench.pass_periods(4, 220.0, 5.0, 1100.0)
    assert bench.numbers() == pytest.approx([210.0, 5.0, 1050.0], rel=1e-3)
    bench.pass_periods(4, 220.0, 5.0, 1100.0)
    assert bench.numbers() == pytest.approx([220.0, 5.0, 1100.0], rel=1e-3)


def test_exponential_averaging_moves_by_the_part_that_its_constant_says(bench: Bench) -> None:
    bench(":MEAS:AVER:TYPE EXP;COUN 8;STAT ON")
    bench.pass_periods(1, 200.0, 5.0, 1000.0)
    bench.pass_periods(1, 208.0, 5.0, 1080.0)
    assert bench.numbers() == pytest.approx([201.0, 5.0, 1010.0], rel=1e-3)
    bench(":MEAS:AVER OFF")
    bench.pass_periods(1, 208.0, 5.0, 1080.0)
    assert bench.numbers() == pytest.approx([208.0, 5.0, 1080.0], rel=1e-3)


def test_an_overrange_reading_is_not_averaged(bench: Bench) -> None:
    bench(":INP:CURR:RANG 5A;:MEAS:AVER ON")
    bench.pass_periods(2, current=5.0)
    bench.pass_periods(1, current=8.0)
    assert bench.values()[1] == "INF"
    bench.pass_periods(1, current=4.0)
    assert bench.numbers()[1] == pytest.approx(4.0, rel=1e-3)


def test_max_hold_keeps_the_highest_until_it_is_switched_off(bench: Bench) -> None:
    bench(":MEAS:MHOL ON")
    for current in (4.0, 6.0, 5.0):
        bench.pass_periods(1, 230.0, current, 230.0 * current)
    assert bench.numbers() == pytest.approx([230.0, 6.0, 1380.0], rel=1e-3)
    bench(":MEAS:MHOL OFF")
    bench.pass_periods(1, 230.0, 5.0, 1150.0)
    assert bench.numbers() == pytest.approx([230.0, 5.0, 1150.0], rel=1e-3)


def test_scaling_multiplies_voltage_current_and_power(bench: Bench) -> None:
    bench(":INP:SCAL:VT 10;CT 20;SFAC 0.5;STAT ON")
    bench.pass_periods(1, 100.0, 2.0, 200.0)
    assert bench.numbers() == pytest.approx([1000.0, 40.0, 20_000.0], rel=1e-3)


def test_integrated_values_are_scaled_and_their_time_is_not(bench: Bench) -> None:
    bench(":INP:SCAL:CT 10;STAT ON;:NUM:NUM 3;ITEM1 WH,1;ITEM2 AH,1;ITEM3 TIME,1;:INTEG:STAR")
    bench.pass_periods(100, 230.0, 2.0, 460.0)
    watt_hours, ampere_hours, seconds = bench.numbers()
    assert (watt_hours, ampere_hours) == pytest.approx((4600.0 * 10 / 3600, 20.0 * 10 / 3600), rel=1e-3)
    assert seconds == 10.0


def test_a_zero_calibration_takes_the_offsets_away_until_the_next_power_on() -> None:
    bench = Bench(given=replace(EXACT, power_offset=1.2, voltage_offset=0.4, current_offset=0.03))
    bench.pass_periods(1, 0.0, 0.0, 0.0)
    assert bench.numbers() == pytest.approx([0.4, 0.03, 1.2], rel=1e-2)
    assert bench("*CAL?") == "0"
    bench.pass_periods(1, 0.0, 0.0, 0.0)
    assert bench.numbers() == pytest.approx([0.0, 0.0, 0.0], abs=1e-3)
    bench("*RST")
    bench(":RATE 100MS")
    bench.pass_periods(1, 0.0, 0.0, 0.0)
    assert bench.numbers() == pytest.approx([0.0, 0.0, 0.0], abs=1e-3)


def test_a_trigger_shows_one_reading_in_spite_of_hold(bench: Bench) -> None:
    bench.pass_periods(1, 230.0)
    bench(":HOLD ON")
    bench.pass_periods(1, 231.0)
    assert bench.numbers()[0] == pytest.approx(230.0, rel=1e-3)
    bench("*TRG")
    bench.pass_periods(1, 232.0)
    bench.pass_periods(1, 233.0)
    assert bench.numbers()[0] == pytest.approx(232.0, rel=1e-3)


def test_continuous_integration_begins_anew_when_its_time_is_up(bench: Bench) -> None:
    bench(":INTEG:MODE CONT;TIM 0,0,2;:NUM:NUM 1;ITEM1 TIME;:INTEG:STAR")
    bench.pass_periods(30)
    assert bench(":NUM:VAL?;:INTEG:STAT?") == "1;START"


def test_crest_factor_6_halves_the_ranges_and_a6_holds_twice_as_much(bench: Bench) -> None:
    bench(":INP:CFAC 6;:INP:CURR:RANG 2.5A")
    bench.pass_periods(1, current=3.6)
    assert bench.values()[1] == "INF"
    bench(":INP:CFAC A6;:INP:CURR:RANG 2.5A")
    bench.pass_periods(1, current=6.9)
    assert bench.numbers()[1] == pytest.approx(6.9, rel=1e-3)
    bench.pass_periods(1, current=7.1)
    assert bench.values()[1] == "INF"
    bench(":INP:CURR:RANG 20A")
    assert str(bench(":STAT:ERR?")).startswith("222,")


@pytest.mark.parametrize("factor", ["3", "6", "A6"])
def test_peaks_of_the_current_fit_up_to_330_percent_of_the_range_and_up_to_660_at_crest_factor_6(
    bench: Bench, factor: str
) -> None:
    most = 3.3 if factor == "3" else 6.6
    bench(f":INP:CFAC {factor};:INP:CURR:RANG 5A;:NUM:NUM 2;ITEM1 I,1;ITEM2 IPP")
    for part, fits in ((0.98, True), (1.02, False)):
        peak = 5.0 * most * part
        bench.pass_period(MeterSample(0.0, PERIOD, 230.0, peak / 6.0, 300.0, 50.0, crest_factor=6.0))
        if fits:
            assert bench.numbers() == pytest.approx([peak / 6.0, peak], rel=1e-3)
        else:
            assert bench.values() == ["INF", "INF"]


@given(st.lists(st.floats(1.0, 300.0), min_size=1, max_size=5))
def test_a_block_of_floats_has_the_values_of_the_text(voltages: list[float]) -> None:
    bench = Bench(given=EXACT)
    for voltage in voltages:
        bench.pass_periods(1, voltage, 1.0, voltage)
        text = bench.numbers()
        reply = str(bench(":NUM:FORM FLO;VAL?;FORM ASC"))
        assert reply[:4] == "#212"
        assert struct.unpack("!3f", reply[4:].encode("latin-1")) == pytest.approx(text, rel=1e-4)


def test_no_data_and_overrange_have_their_own_floats(bench: Bench) -> None:
    bench(":INP:CURR:RANG 1A;:NUM:NUM 2;ITEM1 I,1;ITEM2 WH,1")
    bench.pass_periods(1)
    assert str(bench(":NUM:FORM FLO;VAL?")).encode("latin-1") == b"#18\x7e\x94\xf5\x6a\x7e\x95\x1b\xee"


@pytest.mark.parametrize("verbose", ["ON", "OFF"])
@pytest.mark.parametrize(
    "group", ["INP", "INP:FILT", "INP:SCAL", "MEAS", "INTEG", "NUM", "NUM:NORM", "SAMP", "STAT", "SYST", "COMM"]
)
def test_the_reply_for_a_group_is_a_message_that_brings_its_settings_back(group: str, verbose: str) -> None:
    bench = Bench()
    bench(f":COMM:HEAD ON;VERB {verbose};:INP:CFAC 6;FILT:LINE ON;:INP:SCAL:VT 3;:MEAS:AVER:COUN 64;:NUM:NUM 2")
    bench(":INTEG:TIM 1,2,3;:SAMP:RATE 2S;:STAT:EESE 5;:SYST:KLOC ON")
    said = str(bench(f":{group}?"))
    other = Bench()
    other(f":COMM:HEAD ON;VERB {verbose}")
    other(said)
    assert (other(f":{group}?"), other(":COMM:HEAD OFF;:STAT:ERR?")) == (said, '0,"NO ERROR"')


def test_verbose_governs_headers_and_character_data(bench: Bench) -> None:
    asked = ":INTEG:MODE?;STAT?;:MEAS:AVER:TYPE?;:NUM:FORM?;ITEM1?;:INP:SYNC?;:STAT:FILT2?"
    assert bench(asked) == "NORMAL;RESET;LINEAR;ASCII;U,1;VOLTAGE;NEVER"
    bench(":COMM:VERB OFF")
    assert bench(asked) == "NORM;RES;LIN;ASC;U,1;VOLT;NEV"


def test_the_error_queue_tells_numbers_alone_without_messages(bench: Bench) -> None:
    bench(":FOO")
    assert bench(":STAT:QMES OFF;:STAT:ERR?;:STAT:ERR?") == "113;0"

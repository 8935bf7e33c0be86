"""The virtual HMC8015: dialect, ranges, noise, integrator."""

from __future__ import annotations

import re
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.clock import stopwatch
from hil.tests.vbench.instruments.hmc8015.bench import Bench
from hil.vbench.instruments.hmc8015.meter import ACCURACY, IDENTITY
from hil.vbench.plant.instrument_errors import NOISE_OF_RANGE, NOISE_OF_READING, GivenErrors


@pytest.fixture
def bench() -> Bench:
    return Bench()


NUMBER = r"-?\d\.\d{4}E[+-]\d\d"

DIALOGUE = [
    ("*IDN?", re.escape("Rohde&Schwarz,HMC8015,043506929,01.403")),
    ("*OPC?", "1"),
    ("*CLS;*ESE 1", None),
    ("CHAN1:VOLT:RANG:AUTO 1;*OPC", None),
    ("*STB?", "32"),
    ("*ESR?", "1"),
    ("*CLS;*ESE 61;*SRE 40", None),
    ("CHAN1:ACQ:MODE AUTO", None),
    ("CHAN1:MEAS:FUNC URMS,IRMS,P", None),
    ("CHAN1:MEAS:FUNC?", "URMS,IRMS,P"),
    ("CHAN1:MEAS:DATA?", f"{NUMBER},{NUMBER},{NUMBER}"),
    ("CHAN1:MEAS:DATA? 1", NUMBER),
    ("CHAN1:MEAS:FORM ASC;:CHAN1:MEAS:DATA?", f"{NUMBER},{NUMBER},{NUMBER}"),
    ("CHAN:VOLT:RANG:AUTO 1", None),
    ("CHAN1:ACQ:CURR:RANG 10", None),
    ("CHAN1:MODE DC", None),
    ("CHAN1:VOLT:CFAC 6", None),
    ("INT:MODE MAN", None),
    ("INT:DUR 3600", None),
    ("INT ON", None),
    ("INT:RES", None),
    ("INT:STAR", None),
    ("INT:STOP", None),
    ("LOG:INT MIN", None),
    ("LOG:STAT?", "0"),
    ("LOG:STATE?", "0"),
    ("SYST:REM", None),
    ("SYST:LOC", None),
    ('DISP:TEXT:DATA "toast"', None),
    ("DISP:TEXT:CLE", None),
    ("SYST:VERS?", r"1999\.0"),
    ("SYST:ERR?", '0,"No error"'),
]


def test_dialogues_of_the_research_page_run_without_an_error(bench: Bench) -> None:
    bench.pass_periods(1)
    for sent, expected in DIALOGUE:
        reply = bench(sent)
        if expected is None:
            assert reply is None, sent
        else:
            assert re.fullmatch(expected, str(reply)), (sent, reply)


def test_there_is_no_value_before_the_first_update(bench: Bench) -> None:
    bench("CHAN1:MEAS:FUNC URMS,IRMS,P,LAMB,FU")
    assert bench("CHAN1:MEAS:DATA?") == "NAN,NAN,NAN,NAN,NAN"
    bench.pass_periods(1)
    assert "NAN" not in str(bench("CHAN1:MEAS:DATA?"))


def test_power_on_forgets_the_last_reading(bench: Bench) -> None:
    bench.pass_periods(1)
    bench.meter.power_on("seed")
    assert bench("*IDN?;CHAN1:MEAS:DATA? 1;*ESR?") == f"{IDENTITY};NAN;128"


def test_readings_change_with_updates_only() -> None:
    bench = Bench("seed", GivenErrors())
    bench("CHAN1:MEAS:FUNC URMS,IRMS,P")
    bench.pass_periods(1)
    first = bench("CHAN1:MEAS:DATA?")
    assert bench("CHAN1:MEAS:DATA?") == first
    bench.pass_periods(1)
    assert bench("CHAN1:MEAS:DATA?") != first


def test_the_default_list_is_the_makers(bench: Bench) -> None:
    assert bench("CHAN1:MEAS:FUNC?") == "URMS,IRMS,P,FPLL,URAN,IRAN,S,Q,LAMB,PHI"


def test_long_names_are_taken_and_short_ones_answered(bench: Bench) -> None:
    bench("CHANnel1:MEASurement:FUNCtion LAMBDA, urange")
    assert bench("CHAN1:MEAS:FUNC?") == "LAMB,URAN"
    bench("CHAN1:MEAS:FUNC P,NONSENSE")
    assert str(bench("SYST:ERR?")).startswith("-224,")
    assert bench("CHAN1:MEAS:FUNC?") == "LAMB,URAN"


def test_the_numbered_value_is_the_one_of_the_list(bench: Bench) -> None:
    bench("CHAN1:MEAS:FUNC URMS,IRMS,P")
    bench.pass_periods(1)
    whole = str(bench("CHAN1:MEAS:DATA?")).split(",")
    assert [bench(f"CHAN1:MEAS:DATA? {n}") for n in (1, 2, 3)] == whole
    assert bench("CHAN1:MEAS:DATA? 4") is None
    assert str(bench("SYST:ERR?")).startswith("-222,")


def test_cells_of_the_first_page_choose_what_is_read(bench: Bench) -> None:
    for cell, name in enumerate(("URMS", "UAVG", "IRMS", "IAVG", "P", "S"), start=1):
        bench(f"VIEW:NUMeric:PAGE1:CELL{cell}:FUNCtion {name}")
    for cell in range(7, 11):
        bench(f"VIEW:NUM:PAGE1:CELL{cell}:FUNC EMPT")
    bench.pass_periods(1)
    urms, uavg, irms, iavg, power, apparent = bench.numbers("CHANnel1:MEASurement:DATA?")
    assert (urms, irms, power) == pytest.approx((230, 5.65, 1300), rel=5e-4)
    assert (uavg, iavg) == (0, 0)
    assert apparent == pytest.approx(urms * irms, rel=1e-4)
    assert bench("VIEW:NUM:PAGE1:CELL5:FUNC?") == "P"


# --- derived values --------------------------------------------------------------------------------------------


def test_derived_values_follow_from_voltage_current_and_power(bench: Bench) -> None:
    bench("CHAN1:MEAS:FUNC URMS,IRMS,P,S,Q,LAMB,PHI,FU,FI,FPLL")
    bench.pass_periods(1, voltage=230, current=5, power=920)
    u, i, p, s, q, factor, phi, *frequencies = bench.numbers("CHAN1:MEAS:DATA?")
    assert s == pytest.approx(u * i, rel=1e-4)
    assert factor == pytest.approx(p / s, rel=1e-3)
    assert factor == pytest.approx(0.8, rel=2e-3)
    assert q == pytest.approx((s * s - p * p) ** 0.5, rel=1e-3)
    assert phi == pytest.approx(36.87, abs=0.1)
    assert frequencies == [50, 50, 50]


@given(st.floats(0, 650), st.floats(0, 25), st.floats(-1, 1))
def test_power_factor_never_exceeds_one_and_no_value_is_missing_without_reason(
    voltage: float, current: float, factor: float
) -> None:
    bench = Bench()
    bench("CHAN1:MEAS:FUNC LAMB,PHI,Q")
    bench.pass_periods(1, voltage, current, voltage * current * factor)
    reply = str(bench("CHAN1:MEAS:DATA?")).split(",")
    if reply[0] not in {"INF", "NAN"}:
        assert -1 <= float(reply[0]) <= 1
        assert 0 <= float(reply[1]) <= 180


def test_dead_terminals_read_zero_and_have_no_frequency(bench: Bench) -> None:
    bench("CHAN1:MEAS:FUNC URMS,IRMS,P,S,Q,LAMB,FU")
    bench.pass_periods(1, 0, 0, 0)
    assert bench("CHAN1:MEAS:DATA?") == ",".join(["0.0000E+00"] * 5 + ["NAN", "NAN"])


# --- errors of measurement -------------------------------------------------------------------------------------


def series(seed: str, count: int = 2000) -> list[float]:
    bench = Bench(seed, GivenErrors())
    bench("CHAN1:VOLT:RANG 300;:CHAN1:MEAS:FUNC URMS")
    readings = []
    for _ in range(count):
        bench.pass_periods(1)
        readings += bench.numbers("CHAN1:MEAS:DATA?")
    return readings


def test_the_same_seed_gives_the_same_readings_and_another_seed_others() -> None:
    assert series("a", 50) == series("a", 50)
    assert series("a", 50) != series("b", 50)


@pytest.mark.parametrize("seed", ["a", "b", "c"])
def test_the_noise_is_as_stated(seed: str) -> None:
    # rounding to 0.01 V adds its own variance to the noise
    expected = ((230 * NOISE_OF_READING + 300 * NOISE_OF_RANGE) ** 2 + 0.01**2 / 12) ** 0.5
    assert statistics.stdev(series(seed)) == pytest.approx(expected, rel=0.1)


def within_class(true: float, reading: float, end: float) -> bool:
    return abs(reading - true) <= ACCURACY.of_reading * abs(reading) + ACCURACY.of_range * end + 1e-9


drawn_or_at_a_limit = st.sampled_from([-1.0, 1.0, float("nan")])


@given(
    st.integers(0, 10**6),
    st.sampled_from([0.0, 5.0, 100.0, 230.0, 299.0]),
    st.floats(0, 10),
    st.floats(-1, 1),
    st.tuples(*[drawn_or_at_a_limit] * 6),
)
def test_every_reading_is_within_the_accuracy_class_with_errors_at_their_limits_too(
    seed: int, voltage: float, current: float, factor: float, parts: tuple[float, ...]
) -> None:
    ends = (300.0, 10.0, 3000.0)
    errors = [
        part * (ACCURACY.of_range * ends[place // 2] if place % 2 else ACCURACY.of_reading)
        for place, part in enumerate(parts)
    ]
    bench = Bench(str(seed), GivenErrors(*errors))
    bench("CHAN1:VOLT:RANG 300;:CHAN1:CURR:RANG 10;:CHAN1:MEAS:FUNC URMS,IRMS,P,WH;:INT:STAR")
    true = voltage, current, voltage * current * factor
    bench.pass_periods(360, *true)
    *readings, energy = bench.numbers("CHAN1:MEAS:DATA?")
    for value, reading, end in zip(true, readings, ends, strict=True):
        assert within_class(value, reading, end)
    assert within_class(true[2] / 100, energy, ends[2] / 100 + 4e-3)  # shown with seven digits


@pytest.mark.parametrize("offset", [-1.5, 0.7, 1.5])
def test_an_offset_is_there_without_load_too_and_is_integrated(offset: float) -> None:
    bench = Bench("seed", GivenErrors(power_offset=offset, power_noise=0.0, power_gain=0.0))
    bench("CHAN1:VOLT:RANG 300;:CHAN1:CURR:RANG 10;:CHAN1:MEAS:FUNC P,WH;:INT:STAR")
    bench.pass_periods(36_000, 0.0, 0.0, 0.0)
    assert bench.numbers("CHAN1:MEAS:DATA?") == pytest.approx([offset, offset], abs=0.16)
    assert bench.numbers("CHAN1:MEAS:DATA? 2") == pytest.approx([offset], rel=1e-6)


def test_drawn_offsets_differ_from_seed_to_seed_and_stay_within_1_5_watts() -> None:
    found = set()
    for seed in range(200):
        bench = Bench(str(seed), GivenErrors())
        bench("CHAN1:VOLT:RANG 300;:CHAN1:CURR:RANG 10;:CHAN1:MEAS:FUNC P")
        bench.pass_periods(1, 0.0, 0.0, 0.0)
        found |= set(bench.numbers("CHAN1:MEAS:DATA?"))
    assert min(found) < -1.0
    assert max(found) > 1.0
    assert max(map(abs, found)) <= 1.5


def test_errors_that_are_set_beyond_the_data_sheet_are_not_held_back() -> None:
    bench = Bench("seed", GivenErrors(power_offset=40.0, power_gain=0.0))
    bench("CHAN1:VOLT:RANG 300;:CHAN1:CURR:RANG 10;:CHAN1:MEAS:FUNC P")
    bench.pass_periods(1, power=1300.0)
    assert bench.numbers("CHAN1:MEAS:DATA?") == pytest.approx([1340.0], abs=1.0)


def test_readings_are_rounded_to_five_digits_of_the_range(bench: Bench) -> None:
    bench("CHAN1:VOLT:RANG 300;:CHAN1:CURR:RANG 10;:CHAN1:MEAS:FUNC URMS,IRMS,P")
    bench.pass_periods(1, 0.123456, 0.0123456, 12.3456)
    assert bench("CHAN1:MEAS:DATA?") == "1.2000E-01,1.2000E-02,1.2300E+01"


# --- ranges ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "selected"), [("300", 300), ("231", 300), ("5", 5), ("MIN", 5), ("MAX", 600), ("61V", 150), ("0", 5)]
)
def test_the_smallest_range_that_holds_the_value_is_chosen(bench: Bench, wanted: str, selected: float) -> None:
    bench(f"CHAN1:ACQ:VOLT:RANG {wanted}")
    assert bench("CHAN1:VOLT:RANG:AUTO?") == "0"
    assert bench.numbers("CHAN1:VOLT:RANG?") == [selected]
    assert bench("SYST:ERR?") == '0,"No error"'


def test_ranges_beyond_the_instrument_are_refused(bench: Bench) -> None:
    bench("CHAN1:CURR:RANG 21")
    assert str(bench("SYST:ERR?")).startswith("-222,")
    assert bench.numbers("CHAN1:CURR:RANG? MIN") == [0.005]
    assert bench.numbers("CHAN1:CURR:RANG? MAX") == [20]


def test_a_fixed_range_that_is_too_small_marks_what_it_spoils(bench: Bench) -> None:
    bench("CHAN1:VOLT:RANG 300;:CHAN1:CURR:RANG 2;:CHAN1:MEAS:FUNC URMS,IRMS,P,S,LAMB,IRAN,FU")
    bench.pass_periods(1)
    values = str(bench("CHAN1:MEAS:DATA?")).split(",")
    assert values[1:] == ["INF", "INF", "INF", "INF", "2.0000E+00", "5.0000E+01"]
    assert float(values[0]) == pytest.approx(230, rel=1e-3)
    bench("CHAN1:CURR:RANG 10")
    bench.pass_periods(1)
    assert "INF" not in str(bench("CHAN1:MEAS:DATA?"))


def test_an_overload_is_questionable_and_reaches_the_status_byte_and_the_request_for_service(bench: Bench) -> None:
    bench("*SRE 8;:STAT:QUES:ENAB 3;:CHAN1:VOLT:RANG 60;:CHAN1:CURR:RANG 2")
    assert bench("*STB?;:STAT:QUES:COND?") == "0;0"
    bench.pass_periods(1)
    assert bench("*STB?;:STAT:QUES:COND?") == "72;3"
    assert bench("STAT:QUES?;*STB?;:STAT:QUES:COND?") == "3;0;3"
    bench("CHAN1:VOLT:RANG 300;:CHAN1:CURR:RANG 10")
    bench.pass_periods(1)
    assert bench("STAT:QUES:COND?;EVEN?") == "0;0"


def test_auto_range_follows_the_value_and_overloads_only_beyond_the_last_range(bench: Bench) -> None:
    bench("CHAN1:MEAS:FUNC URAN,IRAN,IRMS")
    bench.pass_periods(1, current=0.04)
    assert bench.numbers("CHAN1:MEAS:DATA?")[:2] == [300, 0.05]
    bench.pass_periods(1, current=5.65)
    assert bench.numbers("CHAN1:MEAS:DATA?")[:2] == [300, 10]
    bench.pass_periods(1, current=23)
    assert bench("CHAN1:MEAS:DATA? 3") == "INF"


def test_a_crest_factor_of_six_leaves_half_the_room(bench: Bench) -> None:
    bench("CHAN1:CURR:RANG 10;:CHAN1:CURR:CFAC 6;:CHAN1:MEAS:FUNC IRMS")
    bench.pass_periods(1, current=5.6)
    assert bench("CHAN1:MEAS:DATA?") == "INF"
    bench("CHAN1:CURR:CFAC 3")
    bench.pass_periods(1, current=5.6)
    assert bench.numbers("CHAN1:MEAS:DATA?") == pytest.approx([5.6], rel=1e-3)
    bench("CHAN1:CURR:CFAC 4")
    assert str(bench("SYST:ERR?")).startswith("-224,")


# --- integrator ------------------------------------------------------------------------------------------------


def energy(bench: Bench) -> list[float]:
    bench("CHAN1:MEAS:FUNC TIME,WH,WHP,WHM,AH")
    return bench.numbers("CHAN1:MEAS:DATA?")


def test_the_integrator_runs_between_start_and_stop_only(bench: Bench) -> None:
    bench.pass_periods(10)
    assert energy(bench) == [0, 0, 0, 0, 0]
    bench("INT:STAR")
    bench.pass_periods(1108)
    bench("INT:STOP")
    bench.pass_periods(10)
    seconds, net, positive, negative, charge = energy(bench)
    assert seconds == pytest.approx(110.8, abs=1e-6)
    assert net == positive == pytest.approx(1300 * 110.8 / 3600, rel=1e-6)
    assert negative == 0
    assert charge == pytest.approx(5.65 * 110.8 / 3600, rel=1e-6)


def test_energy_is_not_rounded_as_power_is(bench: Bench) -> None:
    bench("CHAN1:VOLT:RANG 600;:CHAN1:CURR:RANG 20")  # power is shown in steps of 1 W
    bench("INT:STAR")
    bench.pass_periods(36_000, power=0.4)
    assert energy(bench)[1] == pytest.approx(0.4, rel=1e-6)
    bench("CHAN1:MEAS:FUNC P")
    assert bench.numbers("CHAN1:MEAS:DATA?") == [0]


def test_a_start_within_a_period_counts_for_the_rest_of_it(bench: Bench) -> None:
    bench.now = 0.04
    bench("INT:STAR")
    bench.now = 0.0
    bench.pass_periods(1)
    assert energy(bench)[0] == pytest.approx(0.06)
    bench.now += 0.03
    bench("INT:STOP")
    bench.now -= 0.03
    bench.pass_periods(2)
    assert energy(bench)[0] == pytest.approx(0.09)


def test_energy_that_flows_back_is_counted_apart(bench: Bench) -> None:
    bench("INT:STAR")
    bench.pass_periods(100)
    bench.pass_periods(50, power=-1300)
    _, net, positive, negative, _ = energy(bench)
    assert positive == pytest.approx(1300 * 10 / 3600, rel=1e-3)
    assert negative == pytest.approx(-1300 * 5 / 3600, rel=1e-3)
    assert net == pytest.approx(positive + negative, abs=1e-6)


def test_the_duration_mode_stops_by_itself(bench: Bench) -> None:
    bench("INT:MODE DUR;DUR 2;:INT:STAR")
    bench.pass_periods(100)
    assert energy(bench)[0] == pytest.approx(2)


def test_reset_clears_the_sums_and_start_after_stop_goes_on(bench: Bench) -> None:
    bench("INT:STAR")
    bench.pass_periods(10)
    bench("INT:STOP;STAR")
    bench.pass_periods(10)
    assert energy(bench)[0] == pytest.approx(2)
    bench("INT:RES")
    assert energy(bench) == [0, 0, 0, 0, 0]
    bench.pass_periods(10)
    assert energy(bench)[0] == 0


def test_modes_that_need_what_the_bench_lacks_are_refused(bench: Bench) -> None:
    bench('INT:MODE EXT;STAR;:LOG:FNAM "A.CSV",EXT')
    assert str(bench("SYST:ERR?")).startswith("-221,")
    assert str(bench("SYST:ERR?")).startswith("-252,")
    assert bench("INT?") == "0"


# --- whole instrument ------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from([line for line, _ in DIALOGUE] + ["INT:MODE DUR", "*RST", "CHAN1:CURR:RANG 1"])))
def test_reset_after_any_dialogue_equals_power_on(lines: list[str]) -> None:
    bench, fresh = Bench(), Bench()
    for line in lines:
        bench(line)
    bench("*RST")
    assert bench.meter._settings == fresh.meter._settings


@given(st.lists(st.text(max_size=50), max_size=10))
def test_no_text_ever_raises(lines: list[str]) -> None:
    bench = Bench()
    for line in lines:
        bench(line)
    assert bench("*IDN?") == IDENTITY


def test_reading_ten_times_a_second_costs_next_to_nothing(bench: Bench) -> None:
    bench("CHAN1:MEAS:FUNC URMS,IRMS,P,WH")
    best = 1.0
    for _ in range(2500):
        bench.pass_periods(1)
        watch = stopwatch()
        bench("CHAN1:MEAS:DATA?")
        best = min(best, watch())
    # 15 us is the budget on the bench's machine; the best of many readings is one that nothing else interrupted
    assert best < 60e-6

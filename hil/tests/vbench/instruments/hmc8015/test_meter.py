"""The virtual HMC8015: dialect, ranges, noise, integrator."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.clock import stopwatch
from hil.tests.vbench.instruments.hmc8015.bench import Bench
from hil.vbench.instruments.hmc8015.meter import IDENTITY
from hil.vbench.plant.instrument_errors import GivenErrors


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

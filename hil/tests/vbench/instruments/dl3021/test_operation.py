"""What the virtual DL3021 draws in the course of time, besides lists and transients: on the plant of the bench."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.tests.vbench.instruments.dl3021.bench import Bench
from hil.vbench.plant.dc_adapter import OUTPUT_VOLTAGE


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("stop", "seconds", "charge", "energy"),
    [
        ("TIM 90;TEN 1", 90.0, 90 * 2 / 3.6, 90 * 96 / 3600),
        ("CST 100;CEN 1", 180.0, 100.0, 180 * 96 / 3600),
        ("CST 100;CEN 1;TIM 30;TEN 1", 30.0, 30 * 2 / 3.6, 30 * 96 / 3600),
    ],
)
def test_a_discharge_ends_at_its_time_or_capacity(
    bench: Bench, stop: str, seconds: float, charge: float, energy: float
) -> None:
    bench(f"FUNC:MODE BATT;:BATT 2;:BATT:{stop};:INP 1")
    bench.wait(seconds - 0.01)
    assert bench("INP?") == "1"
    bench.wait(0.02)
    assert bench("INP?") == "0"
    told = [float(bench(f"MEAS:{what}?") or "nan") for what in ("CAP", "WATT")]
    assert told == pytest.approx([charge, energy], rel=1e-6)
    assert bench("MEAS:DISCT?") == f"0:{seconds // 60:02.0f}:{seconds % 60:02.0f}"
    assert bench.loaded == pytest.approx(energy * 3600, rel=1e-6)
    bench.no_error()


def test_a_discharge_ends_when_the_voltage_is_gone(bench: Bench) -> None:
    bench("FUNC:MODE BATT;:BATT 2;:BATT:VST 40;VEN 1;:INP 1")
    bench.wait(10.0)
    assert bench("INP?") == "1"
    bench.switch_mains(on=False)
    bench.wait(0.2)
    assert bench("INP?") == "0"
    assert bench("MEAS:DISCT?") == "0:00:10"


@pytest.mark.parametrize(("seconds", "told"), [(59.5, "0:00:59"), (3600.0, "1:00:00"), (36_061.0, "10:01:01")])
def test_the_time_of_a_discharge_is_told_in_hours_minutes_and_seconds(bench: Bench, seconds: float, told: str) -> None:
    bench("FUNC:MODE BATT;:BATT 2;:BATT:TIM 99999;TEN 1;:INP 1")
    bench.wait(seconds + 0.001)
    headers = ("MEAS:DISCT?", "FETCH:DISCT?", "FETC:DISCHARGINGTIME?")
    assert [bench(header) for header in headers] == [told] * len(headers)
    bench.no_error()


def test_a_load_draws_nothing_below_its_starting_voltage(bench: Bench) -> None:
    bench("CURR 1;:CURR:VON 50;:INP 1")
    bench.wait(1.0)
    assert bench.amperes == 0.0
    bench("CURR:VON 47")
    bench.wait(0.1)
    assert bench.amperes == 1.0


def test_constant_voltage_below_the_source_takes_all_that_the_load_can_and_above_it_nothing(bench: Bench) -> None:
    bench("FUNC VOLT;:VOLT 60;:INP 1")
    bench.wait(0.3)
    assert bench.amperes == 0.0
    bench("VOLT 12")
    bench.wait(0.3)
    assert bench.amperes * OUTPUT_VOLTAGE == pytest.approx(200.0)
    bench("VOLT:ILIM 2")
    bench.wait(0.2)
    assert bench("INP?;:SYST:ERR?") == '0;-300,"Device-specific error;over current"'


def test_a_short_circuit_takes_all_that_the_load_can(bench: Bench) -> None:
    bench("INP 1;:SYST:KEY 33")
    bench.wait(0.1)
    assert bench.amperes * OUTPUT_VOLTAGE == pytest.approx(200.0)


@pytest.mark.parametrize(("slew", "delay"), [("0.001", 2e-3), ("2.5", 0.0)])
def test_a_change_of_current_takes_the_time_of_its_slew(bench: Bench, slew: str, delay: float) -> None:
    bench(f"CURR:SLEW {slew};:INP 1;:CURR 0")
    bench.wait(1.0)
    begun = bench.loaded
    bench("CURR 4")
    bench.wait(1.0)
    # half of the ramp is missing, as much as a step in its middle leaves out
    assert bench.loaded - begun == pytest.approx(OUTPUT_VOLTAGE * 4.0 * (1.0 - delay), rel=1e-5)


def test_a_test_of_a_protection_climbs_its_stairs_and_opens_the_input(bench: Bench) -> None:
    bench("FUNC:MODE OCP;:OCP:ISET 1;IST 0.5;IMAX 2;IDEL 1000;VOND 500;VOCP 10;:INP 1")
    seen = []
    for seconds in (0.25, 0.75, 1.0, 1.0, 1.0):
        seen.append(bench.amperes)
        bench.wait(seconds)
    assert seen == [0.0, 0.0, 1.0, 1.5, 2.0]
    assert bench("INP?") == "0"
    bench.no_error()


def test_a_test_of_a_protection_ends_when_the_source_gives_up(bench: Bench) -> None:
    bench("FUNC:MODE OPP;:OPP:PSET 10;PST 10;PMAX 200;PDEL 100;VOND 0;VOPP 10;:INP 1")
    bench.wait(0.25)
    assert bench.amperes * OUTPUT_VOLTAGE == pytest.approx(30.0)
    bench.switch_mains(on=False)
    bench.wait(0.2)
    assert bench("INP?") == "0"


def test_a_test_waits_for_its_starting_voltage() -> None:
    bench = Bench(mains=False)
    bench("FUNC:MODE OCP;:OCP:ISET 1;IST 1;IMAX 2;IDEL 100;VON 40;VOND 0;:INP 1")
    bench.wait(5.0)
    assert (bench("INP?"), bench.loaded) == ("1", 0.0)
    bench.switch_mains(on=True)
    bench.wait(0.05)
    assert bench.amperes == 1.0


def test_a_change_of_operation_opens_the_input_and_brings_the_set_points_back(bench: Bench) -> None:
    bench("CURR 1;:LIST:LEV 0,3;WID 0,100;:FUNC:MODE LIST;:TRIG:SOUR BUS;:TRIG")
    bench.wait(1.0)
    assert bench.amperes == 3.0
    bench("FUNC:MODE FIX")
    assert bench("INP?;:FUNC:MODE?;:CURR?") == "0;FIX;1.0000"
    bench("INP 1")
    bench.wait(1.0)
    assert bench.amperes == 1.0


def test_a_protection_ends_what_runs(bench: Bench) -> None:
    bench("CURR:ILIM 2;:LIST:COUN 0;LEV 0,1;LEV 1,3;:FUNC:MODE LIST;:TRIG:SOUR BUS;:TRIG")
    bench.wait(10.0)
    assert bench("INP?;:STAT:QUES:COND?;:SYST:ERR?") == '0;2;-300,"Device-specific error;over current"'
    taken = bench.loaded
    bench.wait(10.0)
    assert bench.loaded == pytest.approx(taken)


def test_the_waveform_holds_what_was_drawn(bench: Bench) -> None:
    bench("CURR 1;:FUNC:MODE WAV;:INP 1")
    bench.wait(4.0)
    bench("CURR 2")
    bench.wait(3.99)
    points = [float(point) for point in str(bench("MEAS:WAV?")).split(",")]
    assert len(points) == 400
    assert (points[100], points[300], points[-1]) == (1.0, 2.0, 2.0)
    assert sum(points) == pytest.approx(200 * 1.0 + 200 * 2.0, abs=3.0)
    bench("WAV:TIM ADD;TST 10;TIM ADD;TIM SUB;TIM SUB")
    assert bench("WAV:TST?;:FUNC:MODE?;:SYST:ERR:COUN?") == "10;WAV;0"


def test_reset_ends_everything(bench: Bench) -> None:
    bench("CURR:TRAN:MODE CONT;:TRIG:SOUR BUS;:TRAN 1;:TRIG")
    bench("*RST")
    bench.wait(1.0)
    assert bench("INP?;:TRAN?;:FUNC:MODE?;:TRIG:SOUR?;:STAT:OPER:COND?") == "0;0;FIX;MANU;0"
    assert bench.amperes == 0.0


COMMANDS = st.sampled_from(
    [
        *["INP 1", "INP 0", "*RST", "TRIG", "*TRG", "TRIG:SOUR BUS", "TRAN 1", "TRAN 0", "SYST:KEY 33", "SYST:KEY 32"],
        *["FUNC CURR", "FUNC VOLT", "FUNC RES", "FUNC POW", "CURR 3", "CURR 0.5", "VOLT 12", "RES 20", "POW 150"],
        *[f"FUNC:MODE {mode}" for mode in ("FIX", "LIST", "WAV", "BATT", "OCP", "OPP")],
        *["CURR:VON 47", "CURR:VON 60", "CURR:SLEW 0.001", "CURR:RANG 4", "CURR:ILIM 2", "CURR:ILIM 40"],
        *[
            "CURR:TRAN:MODE CONT",
            "CURR:TRAN:MODE PULS",
            "CURR:TRAN:MODE TOGG",
            "CURR:TRAN:FREQ 0.01",
            "CURR:TRAN:FREQ 5",
        ],
        *[
            "LIST:COUN 0",
            "LIST:COUN 2",
            "LIST:MODE CP",
            "LIST:MODE CR",
            "LIST:WID 0,0.1",
            "LIST:END LAST",
            "LIST:STEP 5",
        ],
        *[
            "BATT 2",
            "BATT:TIM 3;TEN 1",
            "BATT:CST 1;CEN 1",
            "BATT:VST 40;VEN 1",
            "OCP:IDEL 100",
            "OPP:PDEL 10",
            "mains",
        ],
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(COMMANDS, st.floats(0.0, 3.0)), max_size=25))
def test_whatever_is_sent_it_keeps_its_rating_and_an_open_input_draws_nothing(lines: list[tuple[str, float]]) -> None:
    bench, mains = Bench(), True
    for line, seconds in lines:
        if line == "mains":
            mains = not mains
            bench.switch_mains(on=mains)
        else:
            bench(line)
        bench.wait(seconds)
        volts, amperes, watts, _ = bench.state.measured()
        assert amperes <= 40.0
        assert watts <= 200.0 * (1 + 1e-9)
        assert volts == (OUTPUT_VOLTAGE if mains else 0.0)
        if not bench.state.input_on or not mains:
            assert amperes == 0.0
    bench("*RST")
    taken = bench.loaded
    bench.wait(20.0)
    fresh = Bench()
    assert bench.loaded == pytest.approx(taken)
    assert bench.load._settings == fresh.load._settings
    for line in ("FUNC:MODE?", "INP?", "TRAN?", "STAT:OPER:COND?", "STAT:QUES:COND?"):
        assert bench(line) == fresh(line)

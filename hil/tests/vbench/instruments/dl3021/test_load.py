"""The virtual DL3021 and the adapter before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.tests.vbench.instruments.load_bench import LoadBench
from hil.vbench.plant.appliances import ElectronicLoad
from hil.vbench.plant.dc_adapter import EFFICIENCY, OUTPUT_VOLTAGE, AdaptedLoad
from hil.vbench.plant.terminals import ElectronicLoadState


@pytest.fixture
def bench() -> LoadBench:
    return LoadBench("dl3021", (0.0, 0.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("lines", "answer", "field", "value"),
    [
        (":SOUR:CURR 1.5;:SOUR:FUNC CURR", "CC", "current", 1.5),
        (":SOUR:RES:LEV 40;:SOUR:FUNC RES", "CR", "resistance", 40),
        ("POW:LEV:IMM 100;:FUNCTION POWER", "CP", "power", 100),
        (":SOUR:VOLT:LEV 12;:SOUR:FUNC VOLT", "CV", "voltage", 12),
    ],
)
def test_the_function_is_set_by_one_name_and_told_by_another(
    bench: LoadBench, lines: str, answer: str, field: str, value: float
) -> None:
    bench(lines)
    assert bench(":SOUR:FUNC?;:SYST:ERR?") == f'{answer};0,"No error"'
    assert getattr(bench.state, field) == value


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (":SOUR:POW:LEV:IMM 200.1", "-222"),
        (":SOUR:CURR:LEV:IMM 41", "-222"),
        (":SOUR:CURR:RANG 4;LEV:IMM 5", "-222"),
        (":SOUR:CURR:RANG 41", "-222"),
        (":SOUR:VOLT:RANG 15;LEV:IMM 16", "-222"),
        (":SOUR:RES:RANG 15;LEV:IMM 16", "-222"),
        (":SOUR:RES:LEV:IMM 0.01", "-222"),
        (":SOUR:FUNC:MODE SWEEP", "-224"),
        (":SOUR:FUNC RES;:SOUR:TRAN 1;:SOUR:FUNC CURR", "-221"),
        (":TRIG:SOUR BUS;:FUNC RES;:TRIG;:FUNC CURR", "-211"),
        (":TRIG:SOUR BUS;:FUNC:MODE BATT;:TRIG", "-211"),
        (":FUNC:MODE OCP;:TRAN 1", "-221"),
        (":TRIG", "-211"),
        (":SOUR:LIST:LEV 512,1", "-222"),
        (":SOUR:LIST:RANG 4;LEV 0,5", "-222"),
        (":SOUR:LIST:STEP 1", "-222"),
        (":SOUR:VOLT:PROT 1", "-113"),
    ],
)
def test_what_the_load_or_the_bench_cannot_do_is_an_error_in_the_queue(bench: LoadBench, line: str, code: str) -> None:
    bench(line)
    assert str(bench("SYST:ERR?")).startswith(f"{code},")
    assert bench.state.mode == "CURR"


def test_a_smaller_range_cuts_the_set_point(bench: LoadBench) -> None:
    bench(":SOUR:CURR 30;:SOUR:CURR:RANG 4")
    assert bench(":SOUR:CURR?;:SOUR:CURR:RANG?") == "4.0000;4"


@pytest.mark.parametrize(
    ("function", "value", "range_end"),
    [
        *[("CURR", "10", "40"), ("CURR", "MIN", "4"), ("CURR", "4A", "4"), ("CURR", "DEF", "40"), ("OCP", "3", "4")],
        *[("VOLT", "12", "15"), ("VOLT", "16", "150"), ("RES", "15", "15"), ("RES", "MAX", "15000")],
        *[("BATT", "39", "40")],
    ],
)
def test_a_value_selects_the_smaller_range_that_holds_it(
    bench: LoadBench, function: str, value: str, range_end: str
) -> None:
    bench(f":SOUR:{function}:RANG {value}")
    assert bench(f":SOUR:{function}:RANG?;:SYST:ERR:COUN?") == f"{range_end};0"


def test_frequency_period_and_duty_are_another_view_of_the_two_widths(bench: LoadBench) -> None:
    bench(":SOUR:CURR:TRAN:AWID 1;BWID 3")
    assert bench(":SOUR:CURR:TRAN:PER?;ADUT?;FREQ?") == "4.000;25.000;0.250000"
    bench(":SOUR:CURR:TRAN:FREQ 1")
    assert bench(":SOUR:CURR:TRAN:AWID?;BWID?;ADUT?") == "0.250;0.750;25.000"
    bench(":SOUR:CURR:TRAN:ADUT 50;PER 10")
    assert bench(":SOUR:CURR:TRAN:AWID?;BWID?;FREQ?") == "5.000;5.000;0.100000"


def test_a_list_takes_levels_widths_and_slews_of_its_steps(bench: LoadBench) -> None:
    bench("LIST:MODE CP;:LIST:COUN 3;STEP 4;END LAST;LEV 0,100;LEV 1,50;WID 1,0.5;SLEW 1,0.2")
    assert bench("LIST:MODE?;RANG?;COUN?;COUN? MAX;STEP?;STEP? MIN;END?") == "CP;200;3;99999;4;2;LAST"
    assert bench("LIST:LEV? 0;LEV? 1;LEV? 2;WID? 1;WID? 0;SLEW? 1") == "100.0000;50.0000;2.0000;0.50000;1.00000;0.200"
    assert bench("SYST:ERR:COUN?") == "0"


def test_keys_of_the_front_panel_switch_input_and_short_circuit(bench: LoadBench) -> None:
    bench("DEB:KEY 1;:SYST:KEY 32")
    assert bench("INP?") == "1"
    bench("SYST:KEY 33")
    assert bench.state.mode == "SHOR"
    bench("SYST:KEY 33;KEY 32;KEY 8;:DEB:KEY 0")
    assert (bench("INP?;:SYST:ERR:COUN?"), bench.state.mode) == ("0;0", "CURR")


def test_extremes_begin_anew_when_the_input_is_switched(bench: LoadBench) -> None:
    bench("INP 1")
    for volts, amperes in ((48.0, 2.0), (47.0, 3.0), (49.0, 1.0)):
        bench.terminals = (volts, amperes, volts * amperes, 0.0)
        bench.load.update()
    assert bench("MEAS:VOLT:MAX?;MIN?;:FETC:CURR:MAX?;MIN?") == "49.000000;47.000000;3.000000;1.000000"
    bench("INP 0")
    assert bench("MEAS:VOLT:MAX?;:MEAS:CURR:MIN?") == "0.000000;0.000000"


def test_resistance_is_no_number_without_current(bench: LoadBench) -> None:
    assert bench("MEAS:RES?") == "9.910000E+37"
    bench.terminals = (48.0, 2.0, 96.0, 0.0)
    assert bench("MEAS:RES?;:FETC:RES:DC?;:MEAS:TIME?") == "24.000000;24.000000;0.200000"


def test_measurements_are_the_terminals_in_fixed_point(bench: LoadBench) -> None:
    bench.terminals = (48.0, 2.0, 96.0, 0.0)
    assert bench("MEAS:VOLT?;CURR?;POW?") == "48.000000;2.000000;96.000000"


@pytest.mark.parametrize(
    ("setting", "terminals", "reason", "bit"),
    [
        ("", (160.0, 1.0, 160.0, 0.0), "over voltage", 1),
        ("", (48.0, 5.0, 240.0, 0.0), "over power", 8),
        (":SOUR:CURR:VLIM 40", (48.0, 1.0, 48.0, 0.0), "over voltage", 1),
        (":SOUR:CURR:ILIM 2", (48.0, 2.1, 100.0, 0.0), "over current", 2),
    ],
)
def test_protections_open_the_input_and_say_why(
    bench: LoadBench, setting: str, terminals: tuple[float, float, float, float], reason: str, bit: int
) -> None:
    bench(setting)
    bench(":SOUR:INP:STAT ON")
    bench.terminals = terminals
    bench.load.update()
    assert bench(":SOUR:INP:STAT?") == "0"
    assert bench("SYST:ERR?") == f'-300,"Device-specific error;{reason}"'
    assert bench("STAT:QUES:COND?") == str(bit)
    bench(":SOUR:INP:STAT 0")
    assert bench("STAT:QUES:COND?") == "0"


def test_the_limit_of_another_function_does_not_count(bench: LoadBench) -> None:
    bench(":SOUR:POW:ILIM 2;:SOUR:INP:STAT ON")
    bench.terminals = (48.0, 3.0, 144.0, 0.0)
    bench.load.update()
    assert bench(":SOUR:INP:STAT?;:SOUR:POW:ILIM?;:SOUR:CURR:ILIM?;:SOUR:RES:VLIM? MAX") == "1;2.000;42.000;155.000"


def test_reset_and_power_on_open_the_input(bench: LoadBench) -> None:
    bench(":SOUR:INP 1")
    bench("*RST")
    assert not bench.state.input_on
    bench(":SOUR:INP 1")
    bench.load.power_on("seed")
    assert not bench.state.input_on


@given(st.floats(0, 240), st.floats(0, 200))
def test_the_adapter_takes_the_loads_power_and_its_own_loss(voltage: float, power: float) -> None:
    state = ElectronicLoadState(mode="POW", power=power, input_on=True)
    adapted = AdaptedLoad(ElectronicLoad(state, max_current=40, max_power=200))
    current = adapted.current(voltage)
    squared, energy = adapted.pass_time(10.0, voltage)
    if voltage < 85:
        assert current == squared == energy == 0
    else:
        assert voltage * current == pytest.approx(power / EFFICIENCY)
        assert energy == pytest.approx(10 * power / EFFICIENCY)
        assert squared == pytest.approx(10 * current**2)
        assert adapted.output(voltage) == OUTPUT_VOLTAGE

"""The virtual DL3021 and the adapter before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.vbench.instruments.dl3021 import IDENTITY, Dl3021
from hil.vbench.plant.appliances import ElectronicLoad
from hil.vbench.plant.dc_adapter import EFFICIENCY, OUTPUT_VOLTAGE, AdaptedLoad
from hil.vbench.plant.terminals import ElectronicLoadState


class Bench:
    """A load, and what its terminals carry."""

    def __init__(self) -> None:
        self.now = 0.0
        self.terminals = (0.0, 0.0, 0.0, 0.0)
        self.state = ElectronicLoadState(measured=lambda: self.terminals)
        self.load = Dl3021(self.state, lambda: self.now)
        self.load.power_on("seed")
        self("*CLS")

    def __call__(self, line: str) -> str | None:
        return self.load.execute(line)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("lines", "answer", "field", "value"),
    [
        (":SOUR:CURR 1.5;:SOUR:FUNC CURR", "CC", "current", 1.5),
        (":SOUR:RES:LEV 40;:SOUR:FUNC RES", "CR", "resistance", 40),
        ("POW:LEV:IMM 100;:FUNCTION POWER", "CP", "power", 100),
    ],
)
def test_the_function_is_set_by_one_name_and_told_by_another(
    bench: Bench, lines: str, answer: str, field: str, value: float
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
        (":SOUR:CURR:RANG 10", "-222"),
        (":SOUR:RES:LEV:IMM 0.01", "-222"),
        (":SOUR:FUNC VOLT", "-221"),
        (":SOUR:FUNC:MODE LIST", "-221"),
        (":SOUR:VOLT:PROT 1", "-113"),
    ],
)
def test_what_the_load_or_the_bench_cannot_do_is_an_error_in_the_queue(bench: Bench, line: str, code: str) -> None:
    bench(line)
    assert str(bench("SYST:ERR?")).startswith(f"{code},")
    assert bench.state.mode == "CURR"


def test_a_smaller_range_cuts_the_set_point(bench: Bench) -> None:
    bench(":SOUR:CURR 30;:SOUR:CURR:RANG 4")
    assert bench(":SOUR:CURR?;:SOUR:CURR:RANG?") == "4.0000;4"


def test_measurements_are_the_terminals_in_fixed_point(bench: Bench) -> None:
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
    bench: Bench, setting: str, terminals: tuple[float, float, float, float], reason: str, bit: int
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


def test_the_limit_of_another_function_does_not_count(bench: Bench) -> None:
    bench(":SOUR:POW:ILIM 2;:SOUR:INP:STAT ON")
    bench.terminals = (48.0, 3.0, 144.0, 0.0)
    bench.load.update()
    assert bench(":SOUR:INP:STAT?;:SOUR:POW:ILIM?;:SOUR:CURR:ILIM?;:SOUR:RES:VLIM? MAX") == "1;2.000;42.000;155.000"


def test_reset_and_power_on_open_the_input(bench: Bench) -> None:
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


@given(st.lists(st.text(max_size=50), max_size=10))
def test_no_text_ever_raises(lines: list[str]) -> None:
    bench = Bench()
    for line in lines:
        bench(line)
    assert bench("*IDN?") == IDENTITY

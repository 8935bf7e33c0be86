"""The virtual B&K 8500B."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hil.tests.vbench.instruments.load_bench import LoadBench


@pytest.fixture
def bench() -> LoadBench:
    return LoadBench("bk8500b", (48.0, 2.0, 96.0, 0.0))


@pytest.mark.parametrize(
    ("function", "level", "field"),
    [("CURR", 1.5, "current"), ("POW", 100.0, "power"), ("RES", 40.0, "resistance"), ("VOLT", 12.0, "voltage")],
)
def test_a_level_and_its_function_reach_the_plant(bench: LoadBench, function: str, level: float, field: str) -> None:
    bench(f"{function} {level};:FUNC {function}")
    assert bench(f"FUNC?;:{function}?;:SYST:ERR?") == f'{function};{level:.6f};0,"No error"'
    assert (bench.state.mode, getattr(bench.state, field)) == (function, level)


def test_a_range_is_selected_by_a_value_and_cuts_the_level(bench: LoadBench) -> None:
    bench("CURR 20;:CURR:RANG 2;:VOLT:RANG 20")
    assert bench("CURR?;:CURR:RANG?;:VOLT:RANG?") == "3.000000;3.000000;150.000000"
    bench("CURR 4")
    assert str(bench("SYST:ERR?")).startswith("-222,")


def test_the_slew_of_each_direction_has_two_names(bench: LoadBench) -> None:
    bench("CURR:SLEW 0.5;SLEW:RISE 0.1;NEG 0.2")
    assert bench("CURR:SLEW:POS?;FALL?;RISE?;NEG?") == "0.100000;0.200000;0.100000;0.200000"


def test_a_change_of_current_is_reached_in_the_middle_of_its_ramp_unless_a_later_one_overtakes_it(
    bench: LoadBench,
) -> None:
    alarms: list[tuple[float, Callable[[], None]]] = []
    bench.state.call_at = lambda due, action: alarms.append((due, action))
    bench("CURR:SLEW 0.001;:INP 1;:CURR 4")
    assert (bench.state.current, bench("CURR?")) == (0.0, "4.000000")
    bench("CURR 2")
    assert [due for due, _ in alarms] == pytest.approx([2e-3, 1e-3])
    for _, reach in sorted(alarms, key=lambda alarm: alarm[0]):
        reach()
    assert bench.state.current == 2.0


def test_a_short_circuit_draws_all_that_the_power_stage_can(bench: LoadBench) -> None:
    bench("INP:SHOR 1;:INP 1")
    assert (bench.state.mode, bench("INP:SHOR?;:INP?")) == ("SHOR", "1;1")
    bench("INP:SHOR 0")
    assert (bench.state.mode, bench("FUNC?")) == ("CURR", "CURR")


@pytest.mark.parametrize(
    ("setting", "terminals", "reason"),
    [
        ("CURR:PROT 1;PROT:STAT 1", (48.0, 2.0, 96.0, 0.0), "over current"),
        ("POW:PROT 50;PROT:STAT 1", (48.0, 2.0, 96.0, 0.0), "over power"),
        ("*WAI", (170.0, 2.0, 340.0, 0.0), "over voltage"),
    ],
)
def test_protections_open_the_input_and_say_why(
    bench: LoadBench, setting: str, terminals: tuple[float, float, float, float], reason: str
) -> None:
    bench(f"{setting};:INP 1")
    bench.terminals = terminals
    bench.load.update()
    assert bench("INP?;:SYST:ERR?") == f'0;-300,"Device-specific error;{reason}"'


@pytest.mark.parametrize("by_command", [True, False])
def test_reset_and_power_on_open_the_input_and_end_the_short_circuit(bench: LoadBench, by_command: bool) -> None:
    bench("INP:SHOR 1;:INP 1")
    if by_command:
        bench("*RST")
    else:
        bench.load.power_on("seed")
    assert bench("INP?;INP:SHOR?;:FUNC?") == "0;0;CURR"
    assert not bench.state.input_on

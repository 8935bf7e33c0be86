"""Lists and transients of the virtual DL3021, on the plant of the bench."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.tests.vbench.instruments.dl3021.bench import Bench
from hil.vbench.plant.dc_adapter import OUTPUT_VOLTAGE


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_list_draws_what_its_steps_say(bench: Bench) -> None:
    bench("LIST:MODE CC;COUN 2;STEP 3;END OFF;LEV 0,1;WID 0,1;LEV 1,3;WID 1,0.5;LEV 2,0;WID 2,0.25")
    bench("LIST:SLEW 0,2.5;SLEW 1,2.5;SLEW 2,2.5")
    bench("FUNC:MODE LIST;:TRIG:SOUR BUS;:INP 1")
    bench.wait(5.0)
    assert (bench.loaded, bench("STAT:OPER:COND?;:STAT:QUES:COND?")) == (0.0, "32;0")
    bench("TRIG")
    drawn = []
    for seconds in (0.5, 0.75, 0.35, 0.4, 0.8, 0.6):
        bench.wait(seconds)
        drawn.append(bench.amperes)
    assert drawn == [1.0, 3.0, 0.0, 1.0, 3.0, 0.0]
    assert bench("STAT:QUES:COND?;:INP?") == "128;1"
    bench.wait(1.0)
    assert bench("INP?;:STAT:QUES:COND?") == "0;0"
    assert bench.loaded == pytest.approx(2 * OUTPUT_VOLTAGE * (1.0 * 1.0 + 3.0 * 0.5), rel=1e-6)
    bench.no_error()


@settings(max_examples=30)
@given(
    steps=st.lists(st.tuples(st.floats(0.0, 4.0), st.floats(0.01, 5.0), st.floats(0.001, 2.5)), min_size=2, max_size=6),
    cycles=st.integers(1, 3),
)
def test_a_list_takes_the_energy_of_its_steps(steps: list[tuple[float, float, float]], cycles: int) -> None:
    bench = Bench()
    bench(f"LIST:MODE CC;COUN {cycles};STEP {len(steps)};END OFF;:TRIG:SOUR BUS;:FUNC:MODE LIST")
    for number, (level, width, slew) in enumerate(steps):
        bench(f"LIST:LEV {number},{level:.6f};WID {number},{width:.6f};SLEW {number},{slew:.6f}")
    bench("TRIG")
    bench.wait(cycles * sum(width for _, width, _ in steps) + 0.01)
    assert bench("INP?") == "0"
    wanted, before = 0.0, 0.0
    for level, width, slew in steps * cycles:
        level, width, slew = round(level, 6), round(width, 6), round(slew, 6)
        ramp = min(abs(level - before) / (slew * 1e6) / 2, width / 2)
        wanted += before * ramp + level * (width - ramp)
        before = level
    assert bench.loaded == pytest.approx(OUTPUT_VOLTAGE * wanted, rel=1e-4, abs=1e-2)


def test_a_list_of_powers_stays_at_its_last_step_and_can_be_stopped(bench: Bench) -> None:
    bench("LIST:MODE CP;COUN 1;STEP 2;END LAST;LEV 0,100;WID 0,1;LEV 1,50;WID 1,1")
    bench("FUNC:MODE LIST;:TRIG:SOUR BUS;:TRIG")
    bench.wait(0.5)
    bench("LIST:LEV 0,10")
    assert str(bench("SYST:ERR?")).startswith("-221,")
    bench.wait(10.0)
    assert bench.amperes * OUTPUT_VOLTAGE == pytest.approx(50.0)
    bench("INP 0")
    bench.wait(0.1)
    assert bench.amperes == 0.0
    bench.no_error()


def test_an_endless_list_runs_until_the_input_is_switched_off(bench: Bench) -> None:
    bench("LIST:COUN 0;LEV 0,1;LEV 1,2;:FUNC:MODE LIST;:TRIG:SOUR BUS;:TRIG")
    bench.wait(100.5)
    assert bench("INP?") == "1"
    assert bench.loaded == pytest.approx(OUTPUT_VOLTAGE * (50 * 1 + 50 * 2 + 0.5), rel=1e-3)
    bench("INP 0")
    taken = bench.loaded
    bench.wait(10.0)
    assert bench.loaded == pytest.approx(taken)


@pytest.mark.parametrize(
    ("timing", "mean"), [("AWID 200;BWID 300", 1.0 * 0.6 + 3.0 * 0.4), ("FREQ 10;ADUT 25", 1.0 * 0.75 + 3.0 * 0.25)]
)
def test_a_continuous_transient_takes_its_mean(bench: Bench, timing: str, mean: float) -> None:
    bench(f"CURR:TRAN:MODE CONT;ALEV 3;BLEV 1;{timing};:CURR:SLEW:POS 2.5;NEG 2.5;:TRIG:SOUR BUS")
    bench("TRAN 1")
    assert bench("INP?;:TRAN?;:STAT:OPER:COND?") == "1;1;32"
    bench.wait(0.0)
    assert bench.amperes == 1.0
    begun = bench.loaded
    bench("TRIG")
    bench.wait(10.0)
    assert bench.loaded - begun == pytest.approx(OUTPUT_VOLTAGE * mean * 10.0, rel=1e-3)
    bench("TRAN 0;:CURR 0.5")
    bench.wait(0.1)
    assert (bench.amperes, bench("TRAN?")) == (0.5, "0")
    bench.no_error()


def test_a_trigger_switches_input_and_trigger_function_on_by_itself(bench: Bench) -> None:
    bench("CURR:TRAN:MODE CONT;ALEV 3;BLEV 1;AWID 500;BWID 500;:CURR:SLEW:POS 2.5;NEG 2.5;:TRIG:SOUR BUS;:TRIG")
    bench.wait(0.25)
    assert (bench.amperes, bench("INP?;TRAN?")) == (3.0, "1;1")
    bench("TRIG")
    assert str(bench("SYST:ERR?")).startswith("-211,")


def test_with_the_source_manual_the_trigger_function_is_the_trigger(bench: Bench) -> None:
    bench("CURR:TRAN:MODE TOGG;ALEV 3;BLEV 1;:TRAN 1")
    bench.wait(0.1)
    assert bench.amperes == 3.0
    bench("TRAN 1")
    bench.wait(0.1)
    assert bench.amperes == 1.0
    bench("TRAN 0;:LIST:LEV 0,2;LEV 1,1;:FUNC:MODE LIST;:TRAN ON")
    bench.wait(0.5)
    assert (bench.amperes, bench("TRAN?;INP?;:STAT:QUES:COND?")) == (2.0, "1;1;128")
    bench.no_error()


def test_a_list_whose_trigger_is_switched_off_stands_still_and_goes_on_with_its_next_step(bench: Bench) -> None:
    bench("LIST:STEP 3;END OFF;LEV 0,1;LEV 1,2;LEV 2,3;:TRIG:SOUR BUS;:FUNC:MODE LIST;:TRIG")
    bench.wait(0.5)
    bench("TRAN 0")
    bench.wait(10.0)
    assert (bench.amperes, bench("INP?;TRAN?;:STAT:QUES:COND?;:STAT:OPER:COND?")) == (1.0, "1;0;0;32")
    bench("TRIG")
    seen = []
    for _ in range(2):
        bench.wait(0.75)
        seen.append(bench.amperes)
    assert seen == [2.0, 3.0]
    bench.wait(1.0)
    assert bench("INP?") == "0"
    bench.no_error()


def test_a_function_that_is_set_meanwhile_leaves_a_list_alone(bench: Bench) -> None:
    bench("LIST:LEV 0,1;WID 0,100;:TRIG:SOUR BUS;:FUNC:MODE LIST;:TRIG;:FUNC RES")
    bench.wait(1.0)
    assert (bench.amperes, bench("FUNC?")) == (1.0, "CR")


def test_a_pulse_is_one_and_switches_its_trigger_off(bench: Bench) -> None:
    bench("CURR:TRAN:MODE PULS;ALEV 3;BLEV 1;AWID 500;:CURR:SLEW:POS 2.5;NEG 2.5;:TRIG:SOUR BUS;:TRAN 1;*TRG")
    bench.wait(0.25)
    assert (bench.amperes, bench("TRAN?")) == (3.0, "1")
    bench.wait(0.5)
    assert (bench.amperes, bench("TRAN?;:INP?")) == (1.0, "0;1")
    bench.no_error()


def test_a_toggle_changes_between_the_levels_at_each_trigger(bench: Bench) -> None:
    bench("CURR:TRAN:MODE TOGG;ALEV 3;BLEV 1;:TRIG:SOUR BUS;:TRAN 1")
    seen = []
    for _ in range(3):
        bench("TRIG")
        bench.wait(1.0)
        seen.append(bench.amperes)
    assert seen == [3.0, 1.0, 3.0]

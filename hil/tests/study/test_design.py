"""What a study measures, and in which order."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import ConfigurationError
from hil.rig.config.rig_file import RigFile
from hil.study.design import Design, design_for, order_of

ROOT = Path(__file__).parents[3]
VIRTUAL, BENCH = ROOT / "rigs/virtual.yaml", ROOT / "rigs/bench-example.yaml"


def rig(path: Path = VIRTUAL) -> RigFile:
    return RigFile.load(path)


def test_levels_reach_from_a_tenth_of_the_highest_power_to_what_rig_and_load_allow_at_the_highest_voltage() -> None:
    design = design_for(rig(), levels=10, trials=3, seconds=10)

    assert design.powers[0] == pytest.approx(design.powers[-1] / 10, abs=0.1)
    assert design.powers[-1] * 1.1**2 <= 1800
    assert (design.voltages[0], design.voltages[-1]) == (207.0, 253.0)
    assert (design.times[0], design.times[-1]) == (0.2, 5.0)
    assert design.levels("energy")[-1] == pytest.approx(design.powers[-1] * 10 / 3600)


def test_on_a_bench_whose_mains_cannot_be_set_there_is_one_voltage() -> None:
    assert design_for(rig(BENCH), levels=5, trials=2, seconds=10).voltages == (230.0,)


def with_resistor(folder: Path, features: str) -> RigFile:
    reference = "    reference: {power: 1000 W, voltage: 240 V, uncertainty: '0.1 %', certificate: K1}\n"
    text = BENCH.read_text().replace("    instruments:\n", f"{reference}    instruments:\n")
    path = folder / "bench.yaml"
    path.write_text(text.replace("features: []", f"features: [{features}]"))
    return rig(path)


def test_a_fixed_resistor_is_refused_where_k1_may_not_switch_current(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"bench.yaml: options.rig.reference.power: .*switches-under-load"):
        design_for(with_resistor(tmp_path, ""), levels=10, trials=2, seconds=10)


def test_a_fixed_resistor_is_the_one_level_of_power(tmp_path: Path) -> None:
    design = design_for(with_resistor(tmp_path, "switches-under-load"), levels=10, trials=2, seconds=10)

    assert list(design.powers) == [pytest.approx(1000 * (230 / 240) ** 2)]


@pytest.mark.parametrize(
    ("levels", "trials", "seconds", "what"),
    [
        (0, 3, 10.0, "0 levels and 3 trials are no study"),
        (5, 1, 10.0, "at least 1 level and 2 trials of it are allowed"),
        (5, 3, 1.0, "1 s of power in a trial; 4 s or more are allowed"),
        (5, 3, math.nan, "nan s of power in a trial; 4 s or more are allowed"),
        (1, 2, 10_000.0, "10000 s of power in a trial; limits.session allows [0-9]+ s in a session"),
        (10, 3, 40.0, "limits.energy allows 200 Wh"),
        (100, 50, 4.0, "limits.energy allows 200 Wh"),
    ],
)
def test_what_is_no_study_or_beyond_the_rig_is_refused_before_anything_is_switched(
    levels: int, trials: int, seconds: float, what: str
) -> None:
    with pytest.raises(ConfigurationError, match=what):
        design_for(rig(BENCH), levels=levels, trials=trials, seconds=seconds)


@settings(max_examples=30)
@given(st.integers(1, 6), st.integers(2, 4), st.booleans(), st.text(max_size=5))
def test_each_level_has_its_turn_equally_often_in_any_order(levels: int, trials: int, mains: bool, seed: str) -> None:
    numbers = tuple(float(number) for number in range(1, levels + 1))
    design = Design(numbers, numbers if mains else (230.0,), numbers, trials, 10.0)

    turns = order_of(design, seed)

    assert set(Counter(turn.power for turn in turns).values()) == {trials}
    assert set(Counter(turn.time for turn in turns).values()) == {trials}
    assert set(Counter(turn.voltage for turn in turns).values()) == {trials if mains else trials * levels}
    assert turns == order_of(design, seed)


def test_another_seed_draws_another_order() -> None:
    design = design_for(rig(), levels=10, trials=3, seconds=10)

    assert order_of(design, "1") != order_of(design, "2")

"""What the virtual HMC8015 gets wrong: noise, accuracy class, offsets and rounding."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.tests.vbench.instruments.hmc8015.bench import Bench
from hil.vbench.instruments.hmc8015.meter import ACCURACY
from hil.vbench.plant.instrument_errors import NOISE_OF_RANGE, NOISE_OF_READING, GivenErrors


@pytest.fixture
def bench() -> Bench:
    return Bench()


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

"""Capability, quantiles and yield against published examples and tables."""

from __future__ import annotations

import math
import random
from statistics import NormalDist, fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.evidence.documents import Verdict
from hil.history.statistics.capability import capability, cp_interval, cpk_interval
from hil.history.statistics.quantiles import chi_squared
from hil.history.statistics.yields import Attempt, Yield, first_pass_yield, flaky_scenarios


@pytest.mark.parametrize(
    ("probability", "degrees", "value"),
    [
        (0.90, 1, 2.706),
        (0.95, 10, 18.307),
        (0.975, 19, 32.852),
        (0.99, 100, 135.807),
        (0.999, 5, 20.515),
        (0.10, 1, 0.016),
        (0.05, 10, 3.940),
        (0.025, 19, 8.907),
        (0.01, 100, 70.065),
        (0.001, 5, 0.210),
    ],
)
def test_quantiles_are_those_of_the_table_of_nist(probability: float, degrees: int, value: float) -> None:
    """NIST/SEMATECH e-Handbook 1.3.6.7.4."""
    assert round(chi_squared(probability, degrees), 3) == value


@given(st.floats(0.001, 0.999), st.integers(1, 400))
def test_quantiles_grow_with_the_probability(probability: float, degrees: int) -> None:
    assert 0 < chi_squared(probability * 0.99, degrees) < chi_squared(probability, degrees)


@given(st.floats(0.005, 0.995))
def test_with_two_degrees_of_freedom_the_quantile_is_that_of_an_exponential(probability: float) -> None:
    assert chi_squared(probability, 2) == pytest.approx(-2 * math.log(1 - probability), rel=1e-9)


@pytest.mark.parametrize(("probability", "degrees"), [(0.0, 1), (1.0, 1), (0.5, 0)])
def test_there_is_no_quantile_outside_of_the_distribution(probability: float, degrees: int) -> None:
    with pytest.raises(ValueError, match="no quantile"):
        chi_squared(probability, degrees)


def sample(count: int, mean: float, deviation: float) -> list[float]:
    """Return values with exactly this mean and standard deviation."""
    raw = [NormalDist().inv_cdf((number + 0.5) / count) for number in range(count)]
    return [mean + deviation * (value - fmean(raw)) / stdev(raw) for value in raw]


def test_the_indices_are_those_of_the_example_of_nist() -> None:
    """NIST 6.1.6: USL 20, LSL 8, mean 16, standard deviation 2: Cp 1.0, Cpk 0.6667."""
    found = capability(sample(50, 16.0, 2.0), 8.0, 20.0)

    assert found is not None
    assert found.cp == pytest.approx(1.0)
    assert found.cpk == pytest.approx(0.6667, abs=5e-5)


def test_a_limit_on_one_side_has_an_index_for_that_side_alone() -> None:
    values = sample(50, 16.0, 2.0)
    upper, lower = capability(values, None, 20.0), capability(values, 8.0, None)

    assert upper is not None
    assert lower is not None
    assert (upper.cp, upper.cp_interval, lower.cp) == (None, None, None)
    assert (round(upper.cpk, 4), round(lower.cpk, 4)) == (0.6667, 1.3333)


def test_the_interval_of_cp_is_that_of_montgomery() -> None:
    """Montgomery, Introduction to Statistical Quality Control, example on Cp: 2.29, n = 20: 1.57 to 3.01."""
    low, high = cp_interval(2.29, 20)

    assert (round(low, 2), round(high, 2)) == (1.57, 3.01)


def test_the_interval_of_cpk_covers_the_truth_as_often_as_it_says() -> None:
    normal = random.Random(7)  # noqa: S311 - a test signal
    covered = 0
    for _ in range(1_000):
        found = capability([normal.gauss(16.0, 2.0) for _ in range(30)], None, 20.0)
        assert found is not None
        covered += found.cpk_interval[0] <= 2 / 3 <= found.cpk_interval[1]
    assert covered / 1_000 == pytest.approx(0.95, abs=0.03)


def test_more_values_make_the_interval_narrower() -> None:
    widths = [high - low for low, high in (cpk_interval(1.33, count) for count in (10, 100, 1_000))]

    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [([1.0], 0.0, 2.0), ([1.0, 1.0], 0.0, 2.0), ([1.0, 2.0], None, None), ([1.0, 2.0], 1.0, 1.0)],
)
def test_what_has_no_spread_or_no_room_has_no_capability(
    values: list[float], low: float | None, high: float | None
) -> None:
    assert capability(values, low, high) is None


UNIT = ("1.0", "S1", "83b3b3a")


def attempt(scenario: str, verdict: Verdict, unit: tuple[str, str, str] = UNIT) -> Attempt:
    return Attempt(scenario, unit, verdict, "run")


def test_the_first_pass_yield_counts_first_attempts_that_say_something_of_the_device() -> None:
    found = first_pass_yield(
        [
            attempt("a", Verdict.RIG_FAULT),
            attempt("a", Verdict.PASS),
            attempt("a", Verdict.FAIL),
            attempt("b", Verdict.FAIL),
            attempt("b", Verdict.PASS),
            attempt("b", Verdict.PASS, ("1.1", "S1", "83b3b3a")),
            attempt("c", Verdict.NOT_APPLICABLE),
        ]
    )

    assert found == Yield(passed=2, count=3)
    assert first_pass_yield([attempt("c", Verdict.NOT_RUN)]) is None


def test_the_interval_of_a_yield_is_wilsons() -> None:
    """Newcombe, Statistics in Medicine 17 (1998), 857-872, table I, method 3: 81 of 263, and 0 of 20."""
    low, high = Yield(81, 263).interval
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert Yield(0, 20).interval[0] == pytest.approx(0.0, abs=1e-12)
    assert round(Yield(0, 20).interval[1], 4) == 0.1611
    assert Yield(20, 20).interval[1] == pytest.approx(1.0)


def test_a_scenario_that_passes_and_fails_with_one_commit_is_flaky() -> None:
    dirty, unknown = ("1.0", "S1", "83b3b3a+"), ("1.0", "S1", "unknown")
    (found,) = flaky_scenarios(
        [
            attempt("a", Verdict.PASS),
            attempt("a", Verdict.FAIL),
            attempt("a", Verdict.FAIL),
            attempt("b", Verdict.PASS),
            attempt("b", Verdict.RIG_FAULT),
            attempt("b", Verdict.FAIL, ("1.0", "S1", "another")),
            *(attempt("c", verdict, unit) for verdict in (Verdict.PASS, Verdict.FAIL) for unit in (dirty, unknown)),
        ]
    )

    assert (found.scenario, found.unit, found.passed, found.failed) == ("a", UNIT, 1, 2)

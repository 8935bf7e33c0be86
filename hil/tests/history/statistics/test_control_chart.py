"""Control limits against the worked example of NIST, and the rules on processes that are made to break them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.history.statistics.control_chart import ControlLimits, Rule, Signal, control_limits, moving_ranges, signals

FLOW_RATES = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
"""NIST/SEMATECH e-Handbook 6.3.2.2, "Example of moving range"."""

STANDARD = ControlLimits(center=0.0, sigma=1.0, moving_range=1.128, count=30)


def test_the_limits_are_those_of_the_example_of_nist() -> None:
    limits = control_limits(FLOW_RATES)

    assert limits is not None
    assert [round(each, 1) for each in moving_ranges(FLOW_RATES)] == [2.0, 2.3, 1.4, 3.5, 3.4, 1.4, 0.2, 1.2, 1.5]
    assert round(limits.moving_range, 4) == 1.8778
    assert [round(each, 4) for each in (limits.upper, limits.center, limits.lower)] == [55.8041, 50.81, 45.8159]
    assert signals(FLOW_RATES, limits) == []


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0, 2.0]])
def test_values_without_spread_have_no_limits(values: list[float]) -> None:
    assert control_limits(values) is None


def told(values: list[float]) -> list[tuple[Rule, int, bool]]:
    return [(each.rule, each.index, each.above) for each in signals(values, STANDARD)]


def test_a_single_value_beyond_three_standard_deviations_is_a_signal_on_that_value() -> None:
    assert told([0.0, 0.5, 3.1, -0.5, 0.2]) == [(Rule.BEYOND_3, 2, True)]
    assert told([0.0, -3.1, 0.0]) == [(Rule.BEYOND_3, 1, False)]
    assert told([0.0, 3.0, 0.0]) == []


def test_two_of_three_beyond_two_are_a_signal_on_the_second_of_them() -> None:
    assert told([0.1, 2.1, -0.1, 2.2, -0.3]) == [(Rule.TWO_OF_3_BEYOND_2, 3, True)]
    assert told([2.1, -2.1, 0.1]) == [], "one on each side"
    assert told([2.1, 0.1, -0.1, 2.1]) == [], "four apart"


def test_four_of_five_beyond_one_are_a_signal_on_the_fourth_of_them() -> None:
    assert told([1.1, 1.2, -0.5, 1.3, 1.4, -0.2]) == [(Rule.FOUR_OF_5_BEYOND_1, 4, True)]
    assert told([1.1, 1.2, -0.5, 1.3, -1.4]) == []


def test_eight_on_one_side_are_a_signal_on_the_eighth_and_on_each_that_follows() -> None:
    values = [-0.2, *[0.3] * 9, -0.1]

    assert told(values) == [(Rule.EIGHT_ON_ONE_SIDE, 8, True), (Rule.EIGHT_ON_ONE_SIDE, 9, True)]
    assert told([*[0.3] * 7, 0.0, *[0.3] * 7]) == [], "a value on the center is on no side"


def alternating(count: int, low: float, high: float) -> list[float]:
    return [low if number % 2 else high for number in range(count)]


def test_a_shift_raises_the_rules_that_it_should_on_exactly_the_values_that_complete_them() -> None:
    before = alternating(20, -0.8, 0.8)
    limits = ControlLimits(0.0, 1.0, 1.128, 20)

    small = signals([*before, *[0.6] * 10], limits)
    # the last value before the shift is below the center, so the eighth of the new ones completes the rule
    assert small == [
        Signal(Rule.EIGHT_ON_ONE_SIDE, 27, True),
        *(Signal(Rule.EIGHT_ON_ONE_SIDE, index, True) for index in (28, 29)),
    ]

    medium = signals([*before, *[-1.5] * 5], limits)
    assert medium == [Signal(Rule.FOUR_OF_5_BEYOND_1, index, False) for index in (23, 24)]

    large = {(each.rule, each.index) for each in signals([*before, 3.5], limits)}
    assert large == {(Rule.BEYOND_3, 20)}


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=60))
def test_a_signal_looks_back_no_further_than_its_rule_and_mirrors(values: list[float]) -> None:
    found = signals(values, STANDARD)

    mirrored = signals([-value for value in values], STANDARD)
    assert {(each.rule, each.index, not each.above) for each in mirrored} == {
        (each.rule, each.index, each.above) for each in found
    }
    for each in found:
        few, many, sigmas = each.rule.value
        window = values[max(0, each.index - many + 1) : each.index + 1]
        assert sum((value if each.above else -value) > sigmas for value in window) >= few
        alone = signals(window, STANDARD)
        assert Signal(each.rule, len(window) - 1, each.above) in alone


def run_lengths(count: int, shift: float = 0.0) -> Iterator[int]:
    """Yield after how many values a normal process raises its first signal, with limits that are known."""
    normal = random.Random(20_260_530)  # noqa: S311 - a test signal
    for _ in range(count):
        values: list[float] = []
        while not (found := signals(values, STANDARD)):
            values += [normal.gauss(shift, 1.0) for _ in range(64)]
        yield found[0].index + 1


def test_a_process_in_control_raises_a_signal_every_92_values_on_average() -> None:
    """91.75 by Champ and Woodall, Technometrics 29 (1987), 393-399, as NIST 6.3.2 cites it; ± 4 standard errors."""
    assert fmean(run_lengths(600)) == pytest.approx(91.75, abs=4 * 91.75 / 600**0.5)


def test_a_shift_of_one_standard_deviation_is_found_ten_times_as_soon() -> None:
    """9.22 by the same table."""
    assert fmean(run_lengths(600, shift=1.0)) == pytest.approx(9.22, abs=4 * 9.22 / 600**0.5)

"""Bias and linearity, held against the printed example."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.study.bias import biases, linearity
from hil.tests.study.worked_examples import linearity_example, measured


def test_the_line_of_the_worked_example_comes_out_as_it_is_printed() -> None:
    found = linearity(linearity_example())

    assert found is not None
    assert found.slope == pytest.approx(-0.131667, abs=5e-7)
    assert found.intercept == pytest.approx(0.736667, abs=5e-7)
    assert found.r_squared == pytest.approx(0.714, abs=5e-4)
    assert found.slope_probability < 0.0005
    assert found.at(6.0) == pytest.approx(0.736667 - 6 * 0.131667, abs=1e-5)
    assert all(each.low < each.line < each.high for each in found.band)


def test_the_t_tests_of_the_worked_example_come_out_as_they_are_printed() -> None:
    *levels, together = biases([("one", each) for each in linearity_example()])

    assert [round(each.mean, 4) for each in levels] == [0.4917, 0.125, 0.025, -0.2917, -0.6167]
    assert [round(abs(each.t or 0.0), 2) for each in levels] == [13.73, 0.97, 0.44, 10.14, 14.56]
    assert [each.significant for each in levels] == [True, False, False, True, True]
    assert round(together.mean, 4) == -0.0533


def test_with_several_sessions_their_means_are_the_independent_values() -> None:
    values = [(session, measured(100 + offset)) for session, offset in (("a", 1.0), ("b", 2.0), ("c", 3.0))] * 5

    (found,) = biases(values)

    assert (found.count, found.of_sessions) == (3, True)
    assert found.mean == pytest.approx(2.0)
    # t(0.975; 2) = 4.3027, divided by the root of 3
    assert found.high - found.mean == pytest.approx(4.3027 / math.sqrt(3), abs=1e-4)


def test_the_uncertainty_of_the_reference_widens_the_interval() -> None:
    sure, unsure = (biases([("a", measured(100 + n / 10, known=u)) for n in (2, 3, 4)])[0] for u in (0.0, 0.5))

    assert sure.significant
    assert not unsure.significant
    assert unsure.high - sure.high == pytest.approx(0.5)


def test_without_a_known_reference_there_is_neither_bias_nor_line() -> None:
    values = [measured(level + 1, level=level, known=None) for level in (1.0, 2.0, 3.0)]

    assert biases([("a", each) for each in values]) == []
    assert linearity(values) is None


def test_values_that_do_not_scatter_have_a_bias_without_a_test() -> None:
    (found,) = biases([("a", measured(101.0)), ("a", measured(101.0, trial=2))])

    assert (found.mean, found.low, found.high, found.t) == (1.0, 1.0, 1.0, None)


@settings(max_examples=25, deadline=None)
@given(st.floats(-0.01, 0.01), st.floats(-1, 1))
def test_a_gain_and_an_offset_are_found_again(gain: float, offset: float) -> None:
    values = [
        measured(level * (1 + gain) + offset + sign * 0.001, level=level)
        for level in (10.0, 50.0, 90.0)
        for sign in (-1, 1)
    ]

    found = linearity(values)

    assert found is not None
    assert found.slope == pytest.approx(gain, abs=1e-4)
    assert found.intercept == pytest.approx(offset, abs=0.01)

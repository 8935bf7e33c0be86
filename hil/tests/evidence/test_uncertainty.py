"""Budgets: parts in one unit that are added up, with the source of each."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.evidence.uncertainty import Budget, CertifiedUncertainty, Component, Conditions

widths = st.floats(0, 1e6)
budgets = st.lists(widths, max_size=6).map(
    lambda found: Budget("W", tuple(Component(f"part {n}", width, "W", "a source") for n, width in enumerate(found)))
)


@given(budgets, widths)
def test_one_more_reason_never_makes_a_value_more_certain(budget: Budget, width: float) -> None:
    more = budget.plus("another", width, "a source")
    assert more.expanded >= budget.expanded
    assert more.part("another") == width


@given(budgets, st.floats(-1e6, 1e6))
def test_the_bounds_lie_as_far_from_the_value_as_all_parts_together(budget: Budget, value: float) -> None:
    low, high = budget.bounds(value)
    assert low <= value <= high
    assert high - low == pytest.approx(2 * math.fsum(each.half_width for each in budget.components), abs=1e-6)


@given(budgets)
def test_a_budget_is_written_part_by_part_the_largest_first(budget: Budget) -> None:
    rows = json.loads(json.dumps(budget.document()))
    assert [set(row) for row in rows] == [{"name", "half_width", "unit", "source"}] * len(budget.components)
    found = [row["half_width"] for row in rows]
    assert found == sorted(found, reverse=True)
    assert math.fsum(found) == pytest.approx(budget.expanded, abs=1e-6)


def test_a_budget_tells_its_sum_and_each_part_with_its_source() -> None:
    budget = Budget("W").plus("accuracy of reading", 1.3, "manual").plus("accuracy of range", 1.5, "manual, 7-7")
    assert str(budget) == "± 2.8 W: accuracy of range 1.5 W (manual, 7-7); accuracy of reading 1.3 W (manual)"
    assert budget.brief == "± 2.8 W (accuracy of range 1.5 W, accuracy of reading 1.3 W)"


def test_a_reason_that_amounts_to_nothing_is_left_out() -> None:
    assert Budget("V").plus("temperature", 0.0, "manual") == Budget("V")
    assert str(Budget("V")) == "± 0 V"


@pytest.mark.parametrize("width", [-0.1, math.inf, math.nan])
def test_a_half_width_is_finite_and_not_negative(width: float) -> None:
    with pytest.raises(ValueError, match="resolution: a half-width is a finite number that is not negative"):
        Component("resolution", width, "W", "manual")


def test_parts_of_another_unit_are_refused() -> None:
    with pytest.raises(ValueError, match="a budget in W cannot hold parts in Wh"):
        Budget("W", (Component("sampling", 0.1, "Wh", "rig"),))


@given(st.floats(0, 1), st.floats(0, 100), st.floats(0.5, 5), st.floats(-1e4, 1e4))
def test_a_certificate_counts_as_if_it_were_stated_at_k_2(part: float, watts: float, k: float, value: float) -> None:
    stated = CertifiedUncertainty(part, watts, k, "C-1")
    at_two = CertifiedUncertainty(part * 2 / k, watts * 2 / k, 2.0, "C-1")
    assert stated.half_width(value, 1.0) == pytest.approx(at_two.half_width(value, 1.0))


def test_watts_of_a_certificate_count_for_each_hour_of_an_energy_and_not_for_a_voltage() -> None:
    stated = CertifiedUncertainty(0.001, 2.0, 2.0, "C-1")
    assert stated.half_width(100.0, 0.5) == pytest.approx(0.1 + 1.0)
    assert stated.half_width(230.0, 0.0) == pytest.approx(0.23)


@pytest.mark.parametrize(
    ("coldest", "warmest", "beyond"),
    [(None, None, 0.0), (18.0, 28.0, 0.0), (15.0, 25.0, 3.0), (20.0, 33.5, 5.5), (10.0, 30.0, 8.0), (None, 29.0, 1.0)],
)
def test_only_what_lies_beyond_the_reference_range_counts(
    coldest: float | None, warmest: float | None, beyond: float
) -> None:
    assert Conditions(coldest, warmest).beyond(18.0, 28.0) == pytest.approx(beyond)

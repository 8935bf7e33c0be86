"""Variance components, held against the printed example and against what must be true of any."""

from __future__ import annotations

import builtins
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import ConfigurationError
from hil.study.anova import Observed, require_statistics, variation
from hil.tests.study.worked_examples import gage_rr


def test_the_worked_example_of_msa_4_comes_out_as_it_is_printed() -> None:
    found = variation(gage_rr())

    table = {row.source: row for row in found.table}
    assert [row.degrees for row in found.table] == [9, 2, 18, 78]
    assert table["part"].squares == pytest.approx(88.3619, abs=5e-5)
    assert table["session"].squares == pytest.approx(3.1673, abs=5e-5)
    assert table["part:session"].squares == pytest.approx(0.3590, abs=5e-5)
    assert table["part:session"].f == pytest.approx(0.434, abs=5e-4)
    assert found.pooled
    assert found.ev == pytest.approx(0.199933, abs=5e-7)
    assert found.av == pytest.approx(0.226838, abs=1e-6)
    assert found.interaction == 0.0
    assert found.grr == pytest.approx(0.302373, abs=2e-6)
    assert found.pv == pytest.approx(1.042327, abs=1e-6)
    assert found.tv == pytest.approx(1.0853, abs=5e-5)
    shares = [found.share(each) for each in (found.ev, found.av, found.grr, found.pv)]
    assert [round(each, 1) for each in shares if each is not None] == [18.4, 20.9, 27.9, 96.0]
    assert found.ndc == 4


def test_a_significant_interaction_is_a_component_of_its_own() -> None:
    values = [
        Observed(part, session, 10 * int(part) + (5 if (part, session) == ("2", "b") else 0) + trial / 100)
        for part, session, trial in itertools.product("123", "abc", (-1, 0, 1))
    ]

    found = variation(values)

    assert not found.pooled
    assert found.interaction is not None
    assert found.interaction > 1.0
    assert found.ev == pytest.approx(0.01)


def test_an_interaction_of_values_that_do_not_scatter_is_significant() -> None:
    extra = {("2", "b"): 5.0}
    values = [
        Observed(part, session, 10 * int(part) + extra.get((part, session), 0.0))
        for part, session, _ in itertools.product("12", "ab", (1, 2))
    ]

    found = variation(values)

    assert not found.pooled
    assert found.ev == pytest.approx(0.0, abs=1e-9)
    assert found.interaction == pytest.approx(2.5)


def test_one_session_tells_no_reproducibility_and_one_level_no_variation_of_levels() -> None:
    alone = variation([Observed(part, "a", int(part) + trial / 10) for part in "123" for trial in (0, 1)])
    level = variation([Observed("1", session, int(session) + trial / 10) for session in "123" for trial in (0, 1)])
    single = variation([Observed("1", "a", value) for value in (1.0, 2.0, 3.0)])

    assert (alone.av, alone.interaction) == (None, None)
    assert alone.pv is not None
    assert (level.pv, level.tv, level.ndc) == (None, None, None)
    assert level.av == pytest.approx(1.0, rel=0.01)
    assert single.ev == pytest.approx(1.0)
    assert (single.av, single.pv) == (None, None)


@pytest.mark.parametrize("left_out", [0, 1])
def test_a_design_with_a_hole_or_with_single_trials_is_refused(left_out: int) -> None:
    values = [Observed(part, session, 1.0) for part in "12" for session in "ab"]

    with pytest.raises(ValueError, match="not balanced"):
        variation([*values, *values[left_out:]] if left_out else values)


cells = st.lists(st.floats(-100, 100), min_size=12, max_size=12)


def observed(values: list[float]) -> list[Observed]:
    places = itertools.product("123", "ab", (1, 2))
    return [Observed(part, session, value) for (part, session, _), value in zip(places, values, strict=True)]


@settings(max_examples=25, deadline=None)
@given(cells, st.floats(-1000, 1000), st.floats(0.1, 10))
def test_components_do_not_depend_on_the_zero_and_grow_with_the_unit(
    values: list[float], zero: float, unit: float
) -> None:
    found = variation(observed(values))
    other = variation(observed([zero + unit * value for value in values]))

    assert other.grr == pytest.approx(unit * found.grr, rel=1e-3, abs=1e-5)
    assert other.pv == pytest.approx(unit * (found.pv or 0.0), rel=1e-2, abs=1e-3)


@settings(max_examples=25, deadline=None)
@given(cells)
def test_no_component_is_negative_and_their_squares_add_up(values: list[float]) -> None:
    found = variation(observed(values))

    assert min(found.ev, found.av or 0.0, found.interaction or 0.0, found.pv or 0.0) >= 0
    assert found.tv is not None
    assert found.tv**2 == pytest.approx(found.grr**2 + (found.pv or 0.0) ** 2)


def without(library: str) -> Callable[..., Any]:
    """Return an import statement that does not find a library."""
    found = builtins.__import__

    def look(name: str, *more: Any, **others: Any) -> Any:
        if name.partition(".")[0] == library:
            raise ModuleNotFoundError(f"No module named '{library}'", name=library)
        return found(name, *more, **others)

    return look


def test_a_missing_library_is_told_in_one_sentence_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtins, "__import__", without("statsmodels"))

    with pytest.raises(ConfigurationError) as refused:
        require_statistics()

    assert str(refused.value) == (
        "hil rig study: the library statsmodels is missing. Install it: pip install 'micropay-hil[study]'"
    )

"""Which sessions of the history count."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.history.studies.sessions import StudySession
from hil.study.result import StudyResult
from hil.study.together import result_of
from hil.tests.study.results import rig, session

TWO = [session(1, error=0.3), session(2, error=-0.2)]


def again(measured: StudySession, number: int) -> StudySession:
    """Return what the same seed measures once more on the same bench."""
    return replace(measured, run_id=f"again-{number}", began=f"2031-06-{number:02}T09:30:00+00:00")


def told(*sessions: StudySession) -> StudyResult:
    return result_of(rig(), [], sessions, [], 0, all_together=True)


@settings(max_examples=4, deadline=None)
@given(st.lists(st.sampled_from([0, 1]), max_size=6))
def test_a_seed_that_is_repeated_on_a_virtual_bench_counts_once(repeated: list[int]) -> None:
    once = told(*TWO)
    copies = [again(TWO[number], day) for day, number in enumerate(repeated, 1)]

    result = told(*TWO, *copies)

    assert len(result.sessions) == 2
    for found, expected in zip(result.quantities, once.quantities, strict=True):
        assert found.variation.grr == pytest.approx(expected.variation.grr)
        assert found.stability is not None
        assert len(found.stability.points) == 2
    remark = f"Sessions of the history that repeat seed and bench of a later one, and are not counted: {len(copies)}."
    assert (remark in result.remarks) == bool(copies)


def test_the_newest_of_repeated_sessions_counts_so_that_a_changed_rig_is_told_of_as_it_is() -> None:
    result = told(*TWO, again(TWO[0], 1))

    assert [each.run_id for each in result.sessions] == ["run-2", "again-1"]


def test_another_seed_or_another_bench_is_another_session() -> None:
    other_seed = replace(again(TWO[0], 1), seed="8")
    other_bench = replace(again(TWO[0], 2), bench="bench 3")

    assert len(told(*TWO, other_seed, other_bench).sessions) == 4


def test_sessions_of_a_physical_bench_count_each_by_itself() -> None:
    sessions = [session(number, rig_name="bench-example", bench="bench", known=None) for number in (1, 2, 3)]

    result = result_of(rig("bench-example.yaml"), [], sessions, [], 0, all_together=True)

    assert len(result.sessions) == 3

"""Sessions of studies in the history, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from hil.history.database import open_database
from hil.history.store import History
from hil.history.studies.sessions import Measured, StudySession

MEASURED = (
    Measured("power", 500.0, 1, 500.4, 1.6, 500.1, 0.0),
    Measured("time", 0.2, 1, 0.25, 0.16, 0.215, None),
)
SESSION = StudySession("run-1", 1, "abc", "2031-05-17T09:30:00+00:00", "virtual", True, "bench 1", "Ada", "7", MEASURED)


def test_a_session_comes_out_as_it_was_measured(history: History) -> None:
    history.studies.add([SESSION])

    assert history.studies.sessions("virtual") == [SESSION]
    assert history.studies.sessions("another rig") == []


def test_a_session_is_added_once(history: History) -> None:
    history.studies.add([SESSION, SESSION])
    history.studies.add([SESSION])

    assert history.studies.sessions("virtual") == [SESSION]


def test_sessions_come_in_the_order_of_time(history: History) -> None:
    later = replace(SESSION, run_id="run-0", began="2031-05-18T09:30:00+00:00")
    second = replace(SESSION, number=2, bench="bench 2")
    history.studies.add([later, second, SESSION])

    assert history.studies.sessions("virtual") == [SESSION, second, later]


def test_a_history_that_was_made_before_there_were_studies_takes_them(tmp_path: Path) -> None:
    with History.open("old.sqlite", tmp_path):
        pass
    engine = open_database("old.sqlite", tmp_path)
    with engine.begin() as connection:
        for table in ("study_value", "study_session"):
            connection.execute(text(f"DROP TABLE {table}"))
    engine.dispose()

    with History.open("old.sqlite", tmp_path) as history:
        history.studies.add([SESSION])
        assert history.studies.sessions("virtual") == [SESSION]


@pytest.mark.parametrize(
    ("value", "known", "within"), [(501.5, 0.0, True), (501.9, 0.0, False), (501.9, 0.5, True), (501.9, None, None)]
)
def test_a_deviation_is_within_if_both_uncertainties_explain_it(
    value: float, known: float | None, within: bool | None
) -> None:
    assert Measured("power", 500.0, 1, value, 1.6, 500.1, known).within is within


def test_the_level_takes_the_place_of_the_reference_in_the_adjusted_value() -> None:
    assert Measured("power", 500.0, 1, 612.3, 1.6, 612.0, 0.0).adjusted == pytest.approx(500.3)

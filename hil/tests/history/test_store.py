"""The history, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from hil.errors import ConfigurationError, RigFault
from hil.evidence.documents import Verdict
from hil.history.database import VERSION, open_database
from hil.history.facts import read_facts
from hil.history.statistics.yields import Attempt
from hil.history.store import History
from hil.tests.history.conftest import ENERGY, Lab, alter
from hil.tests.report.conftest import NASTY


def test_values_come_out_as_they_were_measured_in_the_order_of_time(history: History, lab: Lab) -> None:
    first, second = lab.facts(40.0), lab.facts(40.95, firmware="1.1", seed="7")

    assert history.add(second)
    assert history.add(first)

    old, new = history.points(ENERGY)
    assert (old.number, old.firmware, old.verdict) == (40.0, "1.0", Verdict.PASS)
    assert (new.number, new.uncertainty, new.limit_low, new.limit_high, new.unit) == (40.95, 0.1, 39.0, 41.0, "Wh")
    assert (new.firmware, new.serial, new.seed, new.verdict) == ("1.1", "S1", "7", Verdict.INCONCLUSIVE)
    assert new.scenario == "features/toast.feature: One slice"
    assert history.measurements() == [(ENERGY, 2)]
    assert history.attempts()[0] == Attempt(old.scenario, ("1.0", "S1", "83b3b3a2f0c4"), Verdict.PASS, first.run_id)


def test_a_run_is_added_once(history: History, lab: Lab) -> None:
    run = lab.facts(40.0)

    assert [history.add(run), history.add(run)] == [True, False]
    assert len(history.points(ENERGY)) == 1
    assert history.known() == {run.run_id}


def test_a_run_that_was_not_finished_is_replaced_when_it_is(history: History, lab: Lab) -> None:
    run = lab.facts(40.0)
    cut_off = replace(run, digest="", verdict=None, scenarios=())

    history.add(cut_off)
    assert history.known() == set()
    assert history.add(run)
    assert len(history.points(ENERGY)) == len(history.attempts()) == 1


def test_a_run_with_two_digests_is_refused(history: History, lab: Lab) -> None:
    run = lab.facts(40.0)
    history.add(run)

    with pytest.raises(ConfigurationError, match="in the history with another evidence digest"):
        history.add(replace(run, digest="another"))
    assert len(history.points(ENERGY)) == 1


def test_altered_evidence_is_refused(history: History, lab: Lab) -> None:
    folder = lab.run(40.0)
    alter(folder)

    with pytest.raises(ConfigurationError, match="the evidence was altered"):
        history.add(read_facts(folder))
    assert history.measurements() == []


def test_foreign_text_comes_back_but_for_what_no_database_holds(history: History, lab: Lab) -> None:
    run = lab.facts(40.0, names=(NASTY,), name=f"{NASTY}\0")
    history.add(run)

    assert history.measurements() == [(f"{NASTY}\ufffd", 1)]
    assert history.points(f"{NASTY}\ufffd")[0].scenario.endswith(NASTY)


def test_two_that_write_at_once_both_have_their_say(location: str, lab: Lab, tmp_path: Path) -> None:
    runs = [lab.facts(40.0 + number / 100) for number in range(8)]
    with History.open(location, tmp_path) as first, History.open(location, tmp_path) as second:
        work = [threading.Thread(target=lambda h=each: [h.add(run) for run in runs]) for each in (first, second)]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()

        assert len(first.points(ENERGY)) == 8


def test_tables_of_another_version_are_refused(location: str, tmp_path: Path) -> None:
    engine = open_database(location, tmp_path)
    with engine.begin() as connection:
        connection.execute(text("UPDATE history_schema SET version = 99"))
    engine.dispose()

    with pytest.raises(ConfigurationError, match=f"the tables have version 99; this release reads version {VERSION}"):
        History.open(location, tmp_path)


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("mysql+nothing://host/name", "this names no database"),
        ("nothing://host/name", "this names no database"),
        ("sqlite://///", "cannot be opened|names no database"),
    ],
)
def test_what_is_no_database_is_refused(tmp_path: Path, location: str, said: str) -> None:
    with pytest.raises((ConfigurationError, RigFault), match=said):
        History.open(location, tmp_path)


def test_a_server_that_is_not_there_is_the_laboratorys_fault_and_no_password_is_told(tmp_path: Path) -> None:
    with pytest.raises(RigFault, match="the history cannot be opened") as caught:
        History.open(f"postgresql://hil:geheim@/name?host={tmp_path}", tmp_path)

    assert "geheim" not in str(caught.value)


def test_a_file_that_is_no_database_is_the_laboratorys_fault(tmp_path: Path) -> None:
    (tmp_path / "history.sqlite").write_text("no database, but long enough to be taken for one " * 9)

    with pytest.raises(RigFault, match="file is not a database"):
        History.open("history.sqlite", tmp_path)


def test_a_folder_that_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="this is no run folder"):
        read_facts(tmp_path)


def test_a_run_without_an_end_has_neither_verdict_nor_digest(lab: Lab) -> None:
    run = lab.facts(40.0, finished=False)

    assert (run.verdict, run.digest, run.faults) == (None, "", ())


def test_a_scenario_that_was_cut_off_makes_no_pass(lab: Lab) -> None:
    folder = lab.run(40.0, 40.0, names=("a", "b"))
    path = sorted(folder.glob("scenarios/*"))[1]
    path.write_bytes(path.read_bytes()[:-9])

    run = read_facts(folder)

    assert [each.verdict for each in run.scenarios] == [Verdict.PASS, Verdict.RIG_FAULT]
    assert run.verdict is Verdict.ALTERED
    assert run.faults


def test_a_folder_that_was_moved_is_the_same_run(history: History, lab: Lab, tmp_path: Path) -> None:
    folder = lab.run(40.0)
    moved = tmp_path / "archive"
    shutil.copytree(folder, moved)

    assert [history.add(read_facts(folder)), history.add(read_facts(moved))] == [True, False]

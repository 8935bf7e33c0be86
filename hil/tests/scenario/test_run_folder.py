"""The run folder before and after the bench has been used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hil.clock import utc_now
from hil.errors import ConfigurationError, RigFault
from hil.evidence.documents import Kind, Verdict
from hil.evidence.record import RunRecord
from hil.scenario import run_folder
from hil.scenario.run_folder import ACCEPTANCE, LATEST, RUNS, ScenarioFacts, finish, new_folder, write_not_started

STARTED = datetime(2026, 6, 2, 20, 0, tzinfo=UTC)
FACTS = ScenarioFacts("A", "A", "a.feature", 2, ())


def acceptance(root: Path, text: str) -> None:
    path = root / ACCEPTANCE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("items: [{received: 2026-01-05}]", {"items": [{"received": "2026-01-05"}]}),
        ("when: 2026-01-05T10:00:00Z", {"when": "2026-01-05T10:00:00Z"}),
        ("1: 2", {"1": 2}),
        ("", {}),
        ("# nothing yet", {}),
    ],
)
def test_what_the_laboratory_says_of_itself_is_read_as_it_is_written(tmp_path: Path, text: str, read: object) -> None:
    acceptance(tmp_path, text)

    run = new_folder(tmp_path, {}, utc_now())

    assert RunRecord.load(run.folder).document["acceptance"] == read


def test_a_laboratory_that_says_nothing_of_itself_has_defaults_and_the_report_says_so(tmp_path: Path) -> None:
    run = new_folder(tmp_path, {}, utc_now())

    said = RunRecord.load(run.folder).document["acceptance"]
    assert said["decision_rule"].startswith("A measurement passes only if every value")
    assert said["laboratory"] == {"name": "—", "address": "—", "place": "—"}
    assert said["remarks"].startswith("This laboratory has no reports/acceptance.yaml.")


@pytest.mark.parametrize("text", ["x: .inf", "x: [.nan]", "- a", "text", "x: !!set {a}", "x: ["])
def test_what_no_report_can_print_is_refused_with_the_file(tmp_path: Path, text: str) -> None:
    acceptance(tmp_path, text)

    with pytest.raises(ConfigurationError, match=r"acceptance\.yaml"):
        new_folder(tmp_path, {}, utc_now())


def test_a_folder_that_cannot_be_made_is_the_laboratorys_fault(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file where a folder should be")

    with pytest.raises(RigFault, match="evidence cannot be written"):
        new_folder(tmp_path, {}, utc_now())


def newest(root: Path) -> str:
    return (root / RUNS / LATEST).resolve().name


def test_latest_points_to_a_run_from_its_beginning_so_that_a_killed_run_is_the_newest(tmp_path: Path) -> None:
    first = new_folder(tmp_path, {}, STARTED)
    finish(first, Verdict.PASS, STARTED, 1.0)

    killed = new_folder(tmp_path, {}, STARTED + timedelta(seconds=10))

    assert newest(tmp_path) == killed.folder.name
    assert RunRecord.load(tmp_path / RUNS / LATEST).document["finished"] is False


def test_an_older_run_that_ends_later_does_not_take_latest_back(tmp_path: Path) -> None:
    older = new_folder(tmp_path, {}, STARTED)
    newer = new_folder(tmp_path, {}, STARTED + timedelta(seconds=10))

    finish(older, Verdict.PASS, STARTED, 60.0)

    assert newest(tmp_path) == newer.folder.name


def test_a_run_that_began_before_the_one_of_latest_leaves_it(tmp_path: Path) -> None:
    newer = new_folder(tmp_path, {}, STARTED + timedelta(seconds=10))

    new_folder(tmp_path, {}, STARTED)

    assert newest(tmp_path) == newer.folder.name
    assert sorted(path.name for path in (tmp_path / RUNS).glob(".*")) == []


@pytest.mark.parametrize("step", [timedelta(hours=-2), timedelta(minutes=5)])
def test_a_calendar_that_is_set_while_the_run_goes_on_changes_no_duration_and_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: timedelta
) -> None:
    run = new_folder(tmp_path, {}, STARTED)
    monkeypatch.setattr(run_folder, "utc_now", lambda: STARTED + timedelta(seconds=90) + step)

    finish(run, Verdict.PASS, STARTED, 90.0)

    host = RunRecord.load(run.folder).document["host"]
    assert (host["started"], host["finished"]) == ("2026-06-02T20:00:00+00:00", "2026-06-02T20:01:30+00:00")
    assert host["calendar_step_s"] == step.total_seconds()


def test_a_calendar_that_nobody_set_is_not_remarked(tmp_path: Path) -> None:
    run = new_folder(tmp_path, {}, started := utc_now())

    finish(run, Verdict.PASS, started, 0.0)

    assert "calendar_step_s" not in RunRecord.load(run.folder).document["host"]


def test_a_scenario_whose_evidence_was_begun_gets_its_stop_in_the_same_file(tmp_path: Path) -> None:
    run = new_folder(tmp_path, {}, utc_now())
    begun = run.scenario(1, "A")
    assert len(run.without_end()) == 1

    write_not_started(run, 1, FACTS.document(7), FACTS.host(), Verdict.RIG_FAULT, "no bench", begun)
    write_not_started(run, 2, FACTS.document(7), FACTS.host(), Verdict.NOT_RUN, "no bench")

    assert run.without_end() == []
    records = RunRecord.load(run.folder).scenarios
    assert [[event.kind for event in record.events] for record in records] == [[Kind.START, Kind.STOP]] * 2
    assert [record.verdict for record in records] == [Verdict.RIG_FAULT, Verdict.NOT_RUN]

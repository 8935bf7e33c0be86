"""The folder: a project, whole or with something wrong, or none at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hil.doctor.finding import State
from hil.doctor.folder import disk, look
from hil.tests.acceptance.commands import Project
from hil.tests.doctor.surroundings import around, by_id, open_folder, without_rights


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Project.make(tmp_path / "project").folder


def test_a_whole_project_has_nothing_wrong_also_from_a_folder_below(project: Path) -> None:
    found = by_id(look(around(project / "features")))

    assert {name: each for name, each in found.items() if each.state is not State.OK} == {}
    assert found["folder.project"].seen == str(project)
    assert found["folder.runs"].seen == "none yet"


def test_a_folder_that_is_no_project_is_no_problem(tmp_path: Path) -> None:
    found = by_id(look(around(tmp_path)))

    assert found.pop("folder.cache").state is State.OK
    assert {(each.state, each.seen) for each in found.values()} == {(State.NOT_NEEDED, "no laboratory here")}


def test_a_wrong_table_of_the_laboratory_is_a_problem_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.hil]\nrigg = 'one.yaml'\n")

    found = by_id(look(around(tmp_path)))["folder.project"]

    assert found.state is State.PROBLEM
    assert found.seen.startswith(f"{tmp_path}/pyproject.toml:2:1: 'rigg' is not known")


def test_the_folders_are_those_that_the_laboratory_names(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.hil]\nfeatures = 'trials'\nrigs = 'benches'\n")

    found = by_id(look(around(tmp_path)))

    assert (found["folder.features"].seen, found["folder.rigs"].seen) == ("none in trials/", "none in benches/")


def test_a_wrong_rig_file_is_told_with_its_place(project: Path) -> None:
    (project / "rigs/odd.yaml").write_text("targets: {main: {}}\noptions: {rig: {nam: odd}}\n")

    found = by_id(look(around(project)))["folder.rigs"]

    assert found.state is State.WARNING
    assert f"{project}/rigs/odd.yaml:" in found.seen
    assert found.remedy == f"hil check --rig {project}/rigs/odd.yaml tells all mistakes."


def test_a_feature_file_that_is_no_utf_8_is_a_problem(project: Path) -> None:
    (project / "features/odd.feature").write_bytes(b"Feature: \xff\n")

    found = by_id(look(around(project)))["folder.features"]

    assert found.state is State.PROBLEM
    assert "features/odd.feature cannot be read" in found.seen


def test_a_locked_place_is_told_with_the_command_that_clears_it(project: Path) -> None:
    locks = project / "reports/locks"
    locks.mkdir()
    lock = {"rig": "virtual-1", "file": "virtual.yaml", "reason": "K1 is welded", "since": "2026-01-01T00:00:00"}
    (locks / "virtual-1.json").write_text(json.dumps(lock))

    locked = by_id(look(around(project)))["folder.locks"]

    assert (locked.state, locked.seen) == (State.WARNING, "virtual-1 (rigs/virtual.yaml)")
    assert locked.remedy.endswith("LG_HIL_PLACE=virtual-1 hil rig clear rigs/virtual.yaml")


def test_a_locked_rig_is_told_and_one_without_a_rig_file_too(project: Path) -> None:
    locks = project / "reports/locks"
    locks.mkdir()
    lock = {"rig": "virtual", "file": "virtual.yaml", "reason": "K1 does not open", "since": "2026-01-01T00:00:00"}
    (locks / "virtual.json").write_text(json.dumps(lock))

    locked = by_id(look(around(project)))["folder.locks"]
    (locks / "gone.json").write_text(json.dumps(lock))
    stale = by_id(look(around(project)))["folder.locks"]

    assert (locked.state, locked.seen) == (State.WARNING, "rigs/virtual.yaml")
    assert locked.remedy.endswith("hil rig clear rigs/virtual.yaml")
    assert (stale.state, "reports/locks/gone.json" in stale.seen) == (State.WARNING, True)


def test_a_run_that_has_not_ended_is_told(project: Path) -> None:
    for name, files in (("20260101T000000Z-a", ("run.json", "manifest.json")), ("20260102T000000Z-b", ("run.json",))):
        folder = project / "reports/runs" / name
        folder.mkdir(parents=True)
        for file in files:
            (folder / file).touch()

    unfinished = by_id(look(around(project)))["folder.runs"]
    (folder / "manifest.json").touch()
    ended = by_id(look(around(project)))["folder.runs"]

    assert (unfinished.state, "20260102T000000Z-b" in unfinished.seen) == (State.WARNING, True)
    assert (ended.state, ended.seen) == (State.OK, "20260102T000000Z-b has ended")


def test_a_folder_without_rights_cannot_be_written_to() -> None:
    with open_folder() as folder:
        folder.chmod(0o555)
        with without_rights():
            sight = disk(folder / "reports/runs", 1, 1)

    assert (sight.state, sight.seen) == (State.PROBLEM, f"{folder} cannot be written to (Permission denied)")


@pytest.mark.parametrize(
    ("least", "ample", "state"), [(1, 1, State.OK), (1, 1 << 40, State.WARNING), (1 << 40, 1 << 41, State.PROBLEM)]
)
def test_free_disk_space_is_held_against_what_runs_take(tmp_path: Path, least: int, ample: int, state: State) -> None:
    assert disk(tmp_path, least, ample).state is state
    assert list(tmp_path.iterdir()) == []

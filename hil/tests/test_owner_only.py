"""What only the owner may read is made so whatever the umask; what exists keeps its rights."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.evidence.run_folder.files import replace_file
from hil.evidence.store import RunWriter
from hil.history.database import open_database
from hil.history.index import write_index
from hil.owner_only import make_file, make_folder
from hil.rig.config.held_place import PlaceRecord
from hil.shell.prompt import TerminalPrompt


@pytest.fixture(autouse=True, params=[0o000, 0o022], ids=["umask 000", "umask 022"])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_and_a_file_are_for_their_owner_alone(tmp_path: Path) -> None:
    make_folder(tmp_path / "a/b")
    make_file(tmp_path / "file")

    assert (rights(tmp_path / "a/b"), rights(tmp_path / "file")) == (0o700, 0o600)


def test_what_exists_keeps_its_rights_and_its_content(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o750)
    (tmp_path / "file").write_text("kept")
    (tmp_path / "file").chmod(0o640)

    make_folder(tmp_path / "shared")
    make_file(tmp_path / "file")

    assert (rights(tmp_path / "shared"), rights(tmp_path / "file")) == (0o750, 0o640)
    assert (tmp_path / "file").read_text() == "kept"


def test_the_run_folder_and_the_list_of_runs_are_for_their_owner_alone(tmp_path: Path) -> None:
    RunWriter.create(tmp_path / "reports/runs/1", {}, {})

    assert rights(tmp_path / "reports/runs") == 0o700
    assert rights(tmp_path / "reports/runs/1") == 0o700


def test_a_run_folder_is_private_also_beside_those_of_a_version_that_did_not_hide_them(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs").chmod(0o755)

    RunWriter.create(tmp_path / "runs/1", {}, {})

    assert rights(tmp_path / "runs/1") == 0o700


def test_index_history_and_records_of_places_are_for_their_owner_alone(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    (reports / "runs").mkdir(parents=True)

    write_index(reports)
    open_database("reports/history.sqlite", tmp_path).dispose()
    PlaceRecord("bench-1", "127.0.0.1:20408", "desk/alice", "2026-01-01", []).write(reports / "places")

    private = {path.name: rights(path) for path in reports.iterdir() if path.name != "runs"}
    assert private == {"index.html": 0o600, ".index.json": 0o600, "history.sqlite": 0o600, "places": 0o700}


def test_a_private_file_that_is_written_anew_is_private_even_if_it_was_not(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("old")
    (tmp_path / "page.html").chmod(0o644)

    replace_file(tmp_path / "page.html", "new", private=True)

    assert rights(tmp_path / "page.html") == 0o600


def test_what_was_typed_at_the_prompt_is_for_its_owner_alone(tmp_path: Path) -> None:
    TerminalPrompt(tmp_path / "cache/shell-history", lambda text: [], lambda: "")

    assert rights(tmp_path / "cache/shell-history") == 0o600

"""What ``hil init`` writes, and what it refuses. That a run passes there: hil/tests/acceptance/test_laboratory.py."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from hil import __version__
from hil.cli.init import FILES, TEMPLATES
from hil.cli.main import main
from hil.rig.config.project import find_project
from hil.rig.config.rig_file import RigFile

ROOT = Path(__file__).parents[3]


@pytest.fixture
def laboratory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new laboratory; its modules can be imported."""
    folder = tmp_path / "bench of ours"
    assert main(["init", str(folder)]) == 0
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delenv("NODE", raising=False)
    return folder


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_new_laboratory_has_all_that_a_run_needs(laboratory: Path) -> None:
    project = find_project(laboratory)

    assert files_in(laboratory) == {*FILES, "reports/acceptance.yaml"}
    assert (project.root, project.steps) == (laboratory, ("hil.steps", "steps"))
    assert all(path.exists() for path in (project.features, project.rig, project.requirements))
    assert project.own_steps == laboratory / "steps"


def test_a_new_laboratory_has_no_mistake_and_its_step_is_found(
    laboratory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("steps", "steps.appliance"):
        monkeypatch.delitem(sys.modules, name, raising=False)

    assert main(["check", "--coverage", "--rig", "rigs/virtual.yaml"]) == 0
    assert "2 of 2 requirements are covered" in capsys.readouterr().err
    assert main(["steps", "the appliance drew"]) == 0
    assert "The largest mean power of the scenario" in capsys.readouterr().out
    for name in ("steps", "steps.appliance"):
        monkeypatch.delitem(sys.modules, name)


def test_both_rig_files_of_a_new_laboratory_are_read(laboratory: Path) -> None:
    assert RigFile.load(laboratory / "rigs/virtual.yaml").virtual
    bench = RigFile.load(laboratory / "rigs/bench-1.yaml")
    assert (bench.virtual, bench.options.name) == (False, "bench-1")


@pytest.mark.parametrize("name", ["virtual.yaml", "fleet.yaml", "bench-example.yaml"])
def test_the_rig_files_of_a_new_laboratory_are_those_of_this_one(name: str) -> None:
    assert (TEMPLATES / name).read_bytes() == (ROOT / "rigs" / name).read_bytes(), "copy it to hil/cli/new_laboratory"


def test_the_jobs_in_ci_run_the_virtual_rig_for_a_change_and_the_bench_at_night(laboratory: Path) -> None:
    def read(name: str) -> Any:
        return YAML(typ="safe").load(laboratory / name)

    github, gitlab = read(".github/workflows/hil.yml"), read(".gitlab-ci.yml")
    commands = [step.get("run", "") for step in github["jobs"]["virtual"]["steps"]]

    assert f"pip install 'micropay-hil == {__version__}'" in commands
    assert f"pip install 'micropay-hil == {__version__}'" in gitlab["virtual"]["before_script"]
    assert "hil run --node docker --seed 7" in commands
    assert "hil run --node native --seed 7" in gitlab["virtual"]["script"]
    assert "hil run --rig rigs/bench-1.yaml --acceptance" in gitlab["bench"]["script"]
    assert github["jobs"]["bench"]["if"] == "github.event_name == 'schedule'"


def test_the_editor_is_told_where_the_features_and_all_their_steps_are(laboratory: Path) -> None:
    settings = json.loads((laboratory / ".vscode/settings.json").read_text())
    packages = laboratory / ".venv/lib/python3.12/site-packages"
    packages.mkdir(parents=True)
    (packages / "hil").symlink_to(ROOT / "hil")
    found = {path.name for pattern in settings["cucumber.glue"] for path in laboratory.glob(pattern)}

    assert {path.name for path in laboratory.glob(settings["cucumber.features"][0])} == {"first.feature"}
    assert {"appliance.py", "parameters.py", "setup.py", "session.py"} <= found


def test_git_leaves_out_the_private_key_of_a_person_who_signs_and_takes_the_public_one(laboratory: Path) -> None:
    assert main(["keygen", "ann.pem"]) == 0
    git = ["git", "-C", str(laboratory)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    listed = subprocess.run([*git, "status", "--porcelain", "--untracked-files=all"], check=True, capture_output=True)
    untracked = {line[3:] for line in listed.stdout.decode().splitlines()}
    assert "ann.pem.pub" in untracked
    assert "ann.pem" not in untracked


@pytest.mark.parametrize("ignored", [ROOT / ".gitignore", TEMPLATES / FILES[".gitignore"]])
def test_git_leaves_out_what_commands_write_into_reports(tmp_path: Path, ignored: Path) -> None:
    written = "runs/x/run.json checks/x.json places/x.json fleet.html study-virtual.html trend.html comparison.html"
    names = [f"reports/{name}" for name in written.split()]
    (tmp_path / ".gitignore").write_text(ignored.read_text())
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    found = subprocess.run([*git, "check-ignore", *names], capture_output=True, text=True, check=False)

    assert found.stdout.split() == names


def test_a_folder_with_files_is_refused_and_stays_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    assert main(["init", str(tmp_path)]) == 4
    assert f"hil init: {tmp_path}: this folder is not empty (read: notes.txt)" in capsys.readouterr().err
    assert files_in(tmp_path) == {"notes.txt"}


def test_a_new_git_repository_counts_as_empty(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()

    assert main(["init", str(tmp_path)]) == 0
    assert (tmp_path / "pyproject.toml").is_file()


def test_a_folder_that_cannot_be_made_is_the_authors_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")

    assert main(["init", str(tmp_path / "file" / "lab")]) == 4
    assert "cannot be written: Not a directory" in capsys.readouterr().err

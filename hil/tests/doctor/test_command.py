"""``hil doctor`` as a person and a program call it: text, JSON, exit code, and a machine that lacks a library."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import Field

from hil import __version__
from hil.cli.main import main
from hil.doctor import formats
from hil.doctor.examination import THEMES, examine, exit_code
from hil.doctor.finding import Finding, State
from hil.errors import ExitCode
from hil.tests.acceptance.commands import Project
from hil.tests.doctor.surroundings import ROOT, around
from hil.yaml_file import Strict

COMMAND = (sys.executable, "-m", "hil.cli.main", "doctor")

FINDINGS = [
    Finding("a.one", "one", State.PROBLEM, "broken", "Mend it."),
    Finding("a.two", "number two", State.OK, "fine", ""),
    Finding("b.three", "three", State.WARNING, "odd", "Look at it."),
    Finding("b.four", "four", State.NOT_NEEDED, "absent", "Install it."),
]

TEXT = """\
ok          number two  fine
not needed  four        absent
warning     three       odd
                        -> Look at it.
problem     one         broken
                        -> Mend it.
1 problem, 1 warning"""


class Told(Strict):
    """A finding in the document."""

    id: str = Field(pattern=r"^[a-z]+\.[A-Za-z0-9+_.-]+$")
    title: str = Field(min_length=1)
    state: Literal["ok", "not needed", "warning", "problem"]
    seen: str = Field(min_length=1)
    remedy: str | None = Field(min_length=1)


class Document(Strict):
    """What a program may rely on (docs/how-to/check-the-machine.md)."""

    document: Literal["hil doctor"]
    version: Literal[1]
    hil: str
    folder: str
    rig: str | None
    exit_code: Literal[0, 7]
    counts: dict[Literal["ok", "not needed", "warning", "problem"], int]
    findings: list[Told]


def doctor(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NODE": "native", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def document_of(finished: subprocess.CompletedProcess[str]) -> Document:
    assert finished.stderr == ""
    return Document.model_validate_json(finished.stdout)


def test_text_has_aligned_columns_and_problems_last_with_their_remedies() -> None:
    assert formats.text(FINDINGS, colours=False) == TEXT


def test_colours_are_for_what_needs_a_person() -> None:
    told = formats.text(FINDINGS, colours=True)

    assert told.count("\x1b[31m") == told.count("\x1b[33m") == 1
    assert told.replace("\x1b[31m", "").replace("\x1b[33m", "").replace("\x1b[0m", "") == TEXT


def test_only_a_problem_makes_the_command_fail() -> None:
    assert exit_code(FINDINGS) is ExitCode.RIG_FAULT
    assert exit_code(FINDINGS[1:]) is ExitCode.PASS


def test_the_json_document_keeps_its_schema(tmp_path: Path) -> None:
    document = Document.model_validate_json(formats.document(FINDINGS, around(tmp_path)))

    assert (document.hil, document.folder, document.rig) == (__version__, str(tmp_path), None)
    assert document.counts == {"ok": 1, "not needed": 1, "warning": 1, "problem": 1}
    assert document.exit_code == 7
    assert [each.id for each in document.findings] == ["a.one", "a.two", "b.three", "b.four"]


def test_in_a_project_each_theme_is_told_and_each_finding_but_ok_has_a_remedy(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")

    document = document_of(doctor(project.folder, "--rig", "rigs/virtual.yaml", "--format", "json"))

    assert {each.id.partition(".")[0] for each in document.findings} == set(THEMES)
    assert len({each.id for each in document.findings}) == len(document.findings)
    assert [each for each in document.findings if each.state != "ok" and not each.remedy] == []
    assert [each for each in document.findings if each.state == "problem"] == []
    assert sum(document.counts.values()) == len(document.findings)
    assert document.rig == "rigs/virtual.yaml"


def test_in_a_folder_that_is_no_project_the_machine_is_looked_at(tmp_path: Path) -> None:
    finished = doctor(tmp_path)

    assert finished.returncode == 0, finished.stdout
    assert "no laboratory here" in finished.stdout
    assert "\x1b" not in finished.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_problem_ends_with_the_code_of_the_laboratorys_own_trouble(tmp_path: Path) -> None:
    finished = doctor(tmp_path, NODE="dokcer")

    assert finished.returncode == 7
    assert "Did you mean 'docker'?" in finished.stdout
    assert finished.stdout.splitlines()[-1].startswith("1 problem, ")


def test_a_rig_file_that_is_not_there_is_the_authors_error(tmp_path: Path) -> None:
    finished = doctor(tmp_path, "--rig", "none.yaml")

    assert finished.returncode == 4
    assert "none.yaml" in finished.stderr


def test_a_library_that_cannot_be_loaded_keeps_no_other_theme_from_being_looked_at(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "docker.py").write_text("raise ImportError('no docker here')\n")

    finished = doctor(tmp_path, "--format", "json", PYTHONPATH=f"{broken}:{ROOT}")
    found = {each.id: each for each in document_of(finished).findings}

    assert finished.returncode == 7
    assert found["node.theme"].seen == "cannot be looked at: no docker here"
    assert {"machine.python", "instruments.visa", "folder.cache"} <= set(found)


def test_a_terminal_gets_colours_unless_it_is_told_to_have_none(tmp_path: Path) -> None:
    assert b"\x1b[31mproblem" in on_terminal(tmp_path, TERM="xterm")
    assert b"\x1b" not in on_terminal(tmp_path, TERM="xterm", NO_COLOR="1")


def on_terminal(folder: Path, **environment: str) -> bytes:
    """Return what the command writes to a terminal, with a problem among it."""
    near, far = pty.openpty()
    more = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    process = subprocess.Popen(
        COMMAND, cwd=folder, env={**more, "PYTHONPATH": str(ROOT), "NODE": "dokcer", **environment}, stdout=far
    )
    os.close(far)
    told = b""
    try:
        while more_told := os.read(near, 1 << 16):
            told += more_told
    except OSError:  # the far end is closed: EIO
        pass
    finally:
        os.close(near)
    assert process.wait(120) == 7
    return told


def test_no_other_command_loads_the_doctor() -> None:
    script = "import sys; from hil.cli.main import build_parser; build_parser(); print([*sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=60, check=True,
    ).stdout  # fmt: skip

    assert "hil.cli.doctor" in loaded
    assert "hil.doctor" not in loaded


def test_the_command_says_the_same_in_this_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NODE", "native")

    code = main(["doctor", "--format", "json"])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)

    assert code == told["exit_code"]
    assert [each["id"] for each in told["findings"]] == [each.id for each in examine(around(tmp_path))]

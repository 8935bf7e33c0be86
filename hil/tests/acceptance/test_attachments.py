"""A scenario adds a file to its evidence, and a person a note afterwards, in a run from end to end."""

from __future__ import annotations

import re
from pathlib import Path

from hil.evidence.documents import Kind
from hil.tests.acceptance.commands import Finished, Project

FEATURE = """\
Feature: Files
  @REQ-BOOT-1
  Scenario: The laboratory adds a photo
    Given the socket is under test in single-fee mode
    And the bench attaches "photos/bench.jpg"
    When the devices are switched on
    And the first payment has been accepted
    And the bench attaches "{later}"
    Then the first payment was accepted within 27 s of power-on
"""


def run(folder: Path, later: str) -> tuple[Project, Finished]:
    project = Project.make(folder / "project")
    (project.folder / "photos").mkdir()
    (project.folder / "photos/bench.jpg").write_bytes(b"\xff\xd8 a photo")
    text = FEATURE.format(later=later)
    (project.folder / "files.feature").write_text(text, encoding="utf-8")
    return project, project.run("run", "files.feature", "--seed", "7")


def test_a_file_is_kept_with_the_run_and_the_evidence_is_sound(tmp_path: Path) -> None:
    project, finished = run(tmp_path, "photos/bench.jpg")

    assert finished.code == 0, finished.said
    (scenario,) = finished.record.scenarios
    files = [str(event.data["file"]) for event in scenario.of(Kind.ATTACHMENT)]
    assert files == ["attachments/0001-bench.jpg", "attachments/0001-bench-1.jpg"]
    assert {(finished.folder / file).read_bytes() for file in files} == {b"\xff\xd8 a photo"}
    assert [row["file"] for row in finished.record.document["attachments"]] == sorted(files)
    assert project.run("evidence", "verify", str(finished.folder)).code == 0

    (finished.folder / files[0]).write_bytes(b"another photo")
    verified = project.run("evidence", "verify", str(finished.folder))
    assert verified.code == 8
    assert re.search(f"{files[0]}.*changed", verified.said)


def test_a_note_is_told_in_the_report_and_leaves_the_evidence_sound(tmp_path: Path) -> None:
    project, finished = run(tmp_path, "photos/bench.jpg")
    assert project.run("note", str(finished.folder), "The photo is of bench 2", "--who", "Ann Example").code == 0
    assert "The photo is of bench 2" in (finished.folder / "report.html").read_text(encoding="utf-8")
    assert project.run("evidence", "verify", str(finished.folder)).code == 0


def test_a_file_that_is_not_there_is_the_authors_mistake(tmp_path: Path) -> None:
    _, finished = run(tmp_path, "photos/none.jpg")
    assert finished.code == 4, finished.said
    assert "this file cannot be attached: it is not there" in finished.said

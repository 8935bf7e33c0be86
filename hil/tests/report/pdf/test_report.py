"""The report as PDF: each scenario, its timeline and its evidence are in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader

from hil.evidence.documents import Verdict
from hil.report.pdf.documents import write_report
from hil.report.pdf.report import ALL_IN_FULL, report_content
from hil.report.run_view import RunView


@pytest.fixture(scope="module")
def report(view: RunView, tmp_path_factory: pytest.TempPathFactory) -> PdfReader:
    return PdfReader(write_report(view, tmp_path_factory.mktemp("report")))


@pytest.fixture(scope="module")
def text(report: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in report.pages)


def test_it_begins_with_the_statement_of_the_certificate(text: str) -> None:
    assert "Results by requirement" in text
    assert text.index("Signatures") < text.index("One slice of bread")


def test_each_scenario_has_its_steps_measurements_and_transactions(text: str, view: RunView) -> None:
    for scenario in view.scenarios:
        assert f"{scenario.number}. {scenario.name.split(' </')[0]}" in text
    for words in ("Given a socket under test", "power-on to first accepted payment", "437 400 sat", "What to do:"):
        assert words in text


def test_a_timeline_is_told_in_words_too(text: str) -> None:
    assert "payment 1 accepted" in text


def test_the_evidence_is_attached_as_it_was_recorded(report: PdfReader, view: RunView) -> None:
    attached = report.attachments
    files = {path.name: path.read_bytes() for path in (view.folder / "scenarios").iterdir()}
    assert len(files) == len(view.scenarios)
    for name, content in files.items():
        assert attached[name] == [content]


def test_the_number_of_a_scenario_leads_to_it(report: PdfReader) -> None:
    links = [
        note.get_object()["/A"]["/D"] if "/A" in note.get_object() else note.get_object()["/Dest"]
        for page in report.pages
        for note in page.get("/Annots", [])
    ]
    assert len(links) >= 4


def test_in_a_large_run_what_passed_is_told_in_short_and_what_failed_in_full(view: RunView) -> None:
    passed = next(each for each in view.scenarios if each.verdict is Verdict.PASS)
    failed = next(each for each in view.scenarios if each.verdict is Verdict.FAIL)
    many = replace(view, scenarios=[*[passed] * ALL_IN_FULL, failed])
    content, pictures = report_content(many)
    short, full = content["scenarios"][0], content["scenarios"][-1]
    assert content["short"]
    assert [block["class"] for block in short["blocks"]] == ["findings"]
    assert {"steps", "findings", "last"} <= {block.get("class") for block in full["blocks"]}
    assert list(pictures) == [f"timeline-{failed.number}.svg"]


def test_files_that_scenarios_added_are_attached_and_a_run_without_scenarios_is_printed(
    view: RunView, tmp_path: Path
) -> None:
    bare = tmp_path / "run"
    (bare / "attachments").mkdir(parents=True)
    (bare / "attachments" / "0001-photo.jpg").write_bytes(b"a photo")
    (bare / "safe_state.json").write_text("{}")
    attached = PdfReader(write_report(replace(view, folder=bare, scenarios=[]), tmp_path)).attachments
    assert attached["0001-photo.jpg"] == [b"a photo"]
    assert attached["safe_state.json"] == [b"{}"]

"""Sections that plug-ins add to the report: escaped, marked as added, and harmless where they fail."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hil.evidence.documents import Verdict
from hil.plugins.laboratory import VARIABLE, Declared, declare
from hil.report.all_reports import read_run
from hil.report.html.page import render
from hil.tests.report.conftest import MakeRun, underpayment

GOOD = """\
from hil.report.sections import Section


def frames(record):
    \"\"\"One row for each scenario.\"\"\"
    rows = tuple((one.name, "<b>bold</b>") for one in record.scenarios)
    return Section("Frames & <more>", ("Counted on the <line>.",), ("Scenario", "Frames"), rows)


def nothing(record):
    return None


def fails(record):
    return 1 / 0


def another(record):
    return "Frames"
"""

Report = Callable[..., str]


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_run: MakeRun) -> Any:
    """Return the report of a run in a laboratory with these functions as sections."""
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "sections_of_a_test.py").write_text(GOOD, encoding="utf-8")

    def written(*functions: str) -> str:
        declare(
            Declared("report_sections", name, f"sections_of_a_test:{name}", "pyproject.toml:7:1", str(tmp_path))
            for name in functions
        )
        return render(read_run(make_run(underpayment, verdict=Verdict.FAIL)))

    yield written
    sys.modules.pop("sections_of_a_test", None)


def test_a_section_is_printed_escaped_and_says_who_added_it(report: Report) -> None:
    page = report("frames")

    assert "<h2>Frames &amp; &lt;more&gt;</h2>" in page
    assert "<p>Counted on the &lt;line&gt;.</p>" in page
    assert '<td class="free">&lt;b&gt;bold&lt;/b&gt;</td>' in page
    assert "Added by frames, pyproject.toml:7:1; it does not decide any verdict." in page


def test_a_plug_in_that_has_nothing_to_say_leaves_no_trace(report: Report) -> None:
    assert 'class="added"' not in report("nothing")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("fails", "ZeroDivisionError: division by zero ("),
        ("another", "a Section of hil.report.sections was expected, and it returned &#39;Frames&#39;"),
        ("not_there", "has no attribute &#39;not_there&#39;"),
    ],
)
def test_one_that_fails_is_told_in_its_place_and_costs_no_other(report: Report, name: str, told: str) -> None:
    page = report(name, "frames")

    assert "This section could not be made: " in page
    assert f"The section &#39;{name}&#39; could not be made: " in page
    assert told in page
    assert "<h2>Frames &amp; &lt;more&gt;</h2>" in page


def test_no_section_changes_the_verdict(report: Report, make_run: MakeRun) -> None:
    report("fails")

    assert read_run(make_run(underpayment, verdict=Verdict.FAIL)).verdict is Verdict.FAIL

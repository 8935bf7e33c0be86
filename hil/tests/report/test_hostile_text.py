"""Text that a person or a device wrote and that means harm: it stays text in HTML and JUnit, wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from hil.evidence.documents import Verdict
from hil.evidence.store import RunWriter
from hil.report.html.page import write_annex, write_html
from hil.report.junit import write_junit
from hil.report.text_format import LONGEST_TEXT, printed, visible
from hil.tests.report.conftest import DOCUMENT, MakeRun, underpayment, view
from hil.tests.report.hostile import HOSTILE, MEGABYTE, SCRIPT, UNSEEN, PoisoningWriter, poisoned
from hil.tests.report.page import assert_nothing_foreign_can_run, detail, read


def test_hostile_text_is_inert_in_html_wherever_it_stands(hostile_run: Path) -> None:
    for write, scripts in ((write_html, 4), (write_annex, 0)):
        text = write(view(hostile_run)).read_text(encoding="utf-8")
        page = read(text)
        assert_nothing_foreign_can_run(page, scripts)
        assert not page.all("img")
        assert not set(UNSEEN) & set(text)
        assert SCRIPT in page.one("section", id="identification").text


def test_hostile_text_is_inert_in_the_data_that_the_script_draws(hostile_run: Path) -> None:
    page = read(write_html(view(hostile_run)).read_text(encoding="utf-8"))
    drawn = detail(page, 1)

    def texts(value: Any) -> list[str]:
        if isinstance(value, Mapping):
            return [each for inner in value.values() for each in texts(inner)]
        if isinstance(value, list):
            return [each for inner in value for each in texts(inner)]
        return [value] if isinstance(value, str) else []

    found = texts(drawn)
    assert sum(SCRIPT in each for each in found) > 10
    assert not set(UNSEEN) & set("".join(found))


def test_hostile_text_is_inert_in_junit(hostile_run: Path) -> None:
    text = write_junit(view(hostile_run)).read_text(encoding="utf-8")
    root = Xml.fromstring(text)  # noqa: S314 - our own file
    assert not set(UNSEEN) & set(text)
    assert not list(root.iter("img"))
    assert SCRIPT in (root.find("testsuite/testcase") or root).attrib["name"]


def test_a_line_of_a_megabyte_is_cut_everywhere_and_says_how_long_it_was(make_run: MakeRun) -> None:
    def write(run: RunWriter) -> None:
        underpayment(PoisoningWriter(run, MEGABYTE))  # type: ignore[arg-type]  # a writer in all that it uses

    run = view(make_run(write, verdict=Verdict.FAIL, document=poisoned(DOCUMENT, MEGABYTE)))
    for path in (write_html(run), write_annex(run), write_junit(run)):
        text = path.read_text(encoding="utf-8")
        assert len(text) < 2_000_000, path.name
        assert "y" * LONGEST_TEXT not in text
        assert re.search(r" … \(1000\d\d\d characters; the evidence file holds them all\)", text), path.name


@pytest.mark.parametrize("unseen", UNSEEN)
def test_each_character_that_cannot_be_seen_is_written_out(unseen: str) -> None:
    assert visible(f"a{unseen}b") == f"a⟨U+{ord(unseen):04X}⟩b"


def test_a_text_that_is_printed_twice_is_printed_the_same() -> None:
    for text in (HOSTILE, MEGABYTE, "\x00" * 1999, "\U000e0041" * 300, "plain"):
        assert printed(printed(text)) == printed(text)
        assert len(printed(text)) <= LONGEST_TEXT

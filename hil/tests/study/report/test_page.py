"""A study as text, page and JSON."""

from __future__ import annotations

import json
import re

from hil.history.studies.sessions import StudySession
from hil.study.report.page import page
from hil.study.report.words import as_json, lines
from hil.tests.report.conftest import NASTY
from hil.tests.study.results import limit, session, study

LIMITS = [limit("power", 480.0, 520.0, amount=500.0), limit("power", 499.9, 500.1, amount=500.0)]
SESSIONS = (session(1, error=0.3), session(2, error=-0.2), session(3, error=2.5))


def test_the_terminal_shows_last_what_decides() -> None:
    *_, blank, last = list(lines(study(*SESSIONS, limits=LIMITS)))

    assert "REQ-A-1, REQ-B-2 and 2 more" in "\n".join(lines(study(*SESSIONS, limits=LIMITS)))
    assert last == "limits: 1 decidable, 1 not decidable; 12 of 72 measurements deviate by more than the stated U"
    assert blank.startswith("Levels: 3, sessions: 3.")


def test_the_page_has_every_table_both_plots_and_nothing_that_runs() -> None:
    text = page(study(*SESSIONS, limits=LIMITS))

    headings = re.findall(r"<h2>(.*?)</h2>", text)
    assert headings[:2] == ["Limits that the features declare", "Repeatability and reproducibility"]
    assert {"Analysis of variance", "Sessions", "Plots"} <= set(headings)
    assert text.count('<svg class="chart"') == 8
    assert "<script" not in text
    assert "script-src &#39;none&#39;" in text
    # each measurement beyond the stated U has a ring
    assert text.count('class="signal"') >= 12


def test_foreign_text_is_escaped_on_the_page_and_stays_on_its_line_of_the_terminal() -> None:
    nasty: list[StudySession] = [session(1, bench=NASTY), session(2)]
    text = page(study(*nasty))

    assert "<script>alert" not in text
    assert all("\n" not in line and "\x1b" not in line for line in lines(study(*nasty)))


def test_json_has_all_values_and_no_number_that_is_none() -> None:
    document = json.loads(as_json(study(*SESSIONS, limits=LIMITS)), parse_constant=lambda name: 1 / 0)

    assert document["exit_code"] == 7
    power = next(each for each in document["quantities"] if each["quantity"] == "power")
    assert len(power["values"]) == 18
    assert set(power["variation"]) >= {"ev", "av", "interaction", "grr", "pv", "tv", "ndc", "table"}
    assert [each["decidable"] for each in document["limits"]] == ["decidable", "not decidable"]


def test_a_single_session_without_a_reference_can_be_told() -> None:
    alone = study(session(1, known=None, rig_name="bench-example"), name="bench-example.yaml")

    assert "no reference is known" in list(lines(alone))[-1]
    assert "No reference is known, so there is no bias." in page(alone)
    assert json.loads(as_json(alone))["quantities"][0]["biases"] == []

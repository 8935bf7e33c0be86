"""What the laboratory states of itself, and what it left empty."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hil.evidence.documents import Verdict
from hil.report.certificate import Amendment, amendment_of, fields_not_stated, identification
from hil.report.html.page import render
from hil.report.text_format import NOT_STATED, stated
from hil.tests.report.conftest import DOCUMENT, MakeRun, toast, view
from hil.tests.report.page import facts, read

FULL: dict[str, Any] = {
    "laboratory": {"name": "Energy laboratory", "address": "Main street 1", "place": "Halmstad"},
    "customer": {"name": "Toast & Sons", "contact": "office@toast.example", "order": "PO-17"},
    "method": "Gherkin scenarios",
    "conditions": "23 °C",
    "decision_rule": "guarded",
    "items": [{"role": "socket", "condition": "as delivered", "received": "2031-05-02"}],
    "persons": [{"role": "Authorised by", "name": "Ann Example"}],
}
RIG: dict[str, Any] = {"devices": [{"role": "socket", "serial": "S1"}]}


def test_a_laboratory_that_states_everything_has_no_empty_field() -> None:
    assert fields_not_stated({"rig": RIG, "acceptance": FULL}) == []


def test_each_field_that_was_left_empty_is_named_with_its_clause() -> None:
    partly = {
        **FULL,
        "customer": {"name": " \u2014 "},
        "items": [],
        "persons": [{"role": "Authorised by", "name": "-"}],
    }
    assert fields_not_stated({"rig": {"devices": [{"role": "socket"}]}, "acceptance": partly}) == [
        "Customer (7.8.2.1 e)",
        "Contact (7.8.2.1 e)",
        "Order (7.1.1)",
        "Serial number of the socket (7.8.2.1 g)",
        "Condition of the socket (7.8.2.1 g)",
        "Date of receipt of the socket (7.8.2.1 h)",
        "Name of the person: Authorised by (7.8.2.1 o)",
    ]


@given(st.text(alphabet=" \t-\u2010\u2011\u2012\u2013\u2014\u2212"))
def test_blanks_and_dashes_state_nothing(text: str) -> None:
    assert stated({"name": text}, "name") == NOT_STATED


def test_the_number_of_the_report_is_that_of_the_run_unless_the_laboratory_gives_one() -> None:
    assert dict(identification({"id": "run-1"}))["Report number"] == "run-1"
    assert dict(identification({"id": "run-1", "acceptance": {"number": "L-7"}}))["Report number"] == "L-7"


def test_an_amendment_names_what_it_replaces_and_says_what_it_does_not_know() -> None:
    assert amendment_of({"amendment": {"number": "", "replaces": "", "changes": ""}}) is None
    told = {"number": 2, "replaces": "run-0"}
    assert amendment_of({"amendment": told}) == Amendment("2", "run-0", NOT_STATED)
    assert "Change of the amendment (7.8.8)" in fields_not_stated({"acceptance": {**FULL, "amendment": told}})


def test_the_page_flags_what_is_not_stated_and_tells_the_amendment_first(make_run: MakeRun) -> None:
    acceptance = {
        **FULL,
        "customer": {"name": "\u2014"},
        "amendment": {"number": 1, "replaces": "R-6", "changes": "date"},
    }
    document = {**DOCUMENT, "acceptance": acceptance}
    page = read(render(view(make_run(toast, verdict=Verdict.PASS, document=document))))
    assert facts(page)["Customer"] == "not stated"
    assert [each.text for each in page.one("section", id="identification").all("span", class_="not-stated")] == [
        "not stated"
    ] * 3
    assert "Customer (7.8.2.1 e)" in page.one("section", id="not-stated").text
    assert "This report replaces R-6. What changed: date" in page.one("section", id="amendment").text


def test_what_the_last_check_of_the_rig_measured_is_told_if_the_run_recorded_one() -> None:
    measured = [{"part": "meter rate", "what": "updates every 0.1 s"}, {"part": "meter zero", "what": "1 W"}]
    check = {"at": "2026-11-30T18:00:00+00:00", "faults": 1, "measured": measured}
    told = dict(identification({"rig": {"check": check}}))["Last check of the rig"]
    assert told == "2026-11-30 18:00:00 UTC, 1 fault; meter rate: updates every 0.1 s; meter zero: 1 W"
    assert "Last check of the rig" not in dict(identification({"rig": {}}))
    empty = dict(identification({"rig": {"check": {"measured": "no list"}}}))["Last check of the rig"]
    assert empty == "instant not recorded, faults not recorded"

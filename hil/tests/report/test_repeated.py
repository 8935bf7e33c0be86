"""A scenario that ran again on another rig counts by its second attempt, and both are in every report."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import jsonschema
import orjson
import pytest

from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.record import RunRecord
from hil.evidence.repeated import Repeated, repeated
from hil.evidence.schemas import schema
from hil.evidence.store import RunWriter
from hil.history.facts import read_facts
from hil.report.all_reports import read_run, write_reports
from hil.report.ci.github import step_summary
from hil.report.ci.problems import problems_of
from hil.report.junit import JUNIT_FILE
from hil.report.summary import summary_lines
from hil.tests.report.conftest import DOCUMENT, MakeRun, start, toast

AGAIN = Repeated(2, 3, "bench-2", "meter: it does not answer")
TITLE = "The cable stops"


def attempt(number: int, verdict: Verdict, reason: str = "") -> Any:
    def write(run: RunWriter) -> None:
        writer = run.scenario(number, TITLE)
        start(writer, TITLE, "boot", 4)
        writer.write(Event(Kind.STOP, 1.0, "bench", {"verdict": verdict.value, "reason": reason}))
        run.scenario_done(writer)

    return write


def cut_off(number: int) -> Any:
    """A process that was killed leaves a file without an end."""

    def write(run: RunWriter) -> None:
        writer = run.scenario(number, TITLE)
        start(writer, TITLE, "boot", 4)
        writer.close()

    return write


DOCUMENT_AGAIN = {**DOCUMENT, "repeated": [AGAIN.document()]}


@pytest.fixture(params=[attempt(2, Verdict.RIG_FAULT, AGAIN.why), cut_off(2)], ids=["rig fault", "killed"])
def folder(request: pytest.FixtureRequest, make_run: MakeRun) -> Path:
    again = attempt(3, Verdict.PASS)
    return make_run(toast, request.param, again, verdict=Verdict.PASS, document=DOCUMENT_AGAIN)


def test_the_run_has_the_verdict_of_the_attempts_that_count(folder: Path) -> None:
    run = write_reports(folder)

    assert run.verdict is Verdict.PASS
    assert len(run.scenarios) == 3
    assert f"{AGAIN}." in run.warnings
    assert not [warning for warning in run.warnings if "milder" in warning]


def test_the_terminal_names_the_place_and_what_happened_there(folder: Path) -> None:
    lines = summary_lines(read_run(folder))

    (told,) = [line for line in lines if "ran again" in line]
    assert told.endswith("bench-2: meter: it does not answer; it ran again as scenario 3")


def test_an_attempt_is_not_counted_as_a_scenario(folder: Path) -> None:
    run = write_reports(folder)
    told = "2 scenarios: 2 pass; 1 of them ran twice, and its first attempt does not count"

    assert summary_lines(run)[-1] == told
    assert told in html.unescape(step_summary(run))
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert re.search(r'class="counts">2 scenarios: <span class="count">2 pass</span>; 1 of them ran twice', page)
    assert dict(run.verdicts)[Verdict.PASS] == 2
    assert sum(dict(run.verdicts).values()) == 3


def test_the_first_attempt_is_skipped_in_junit_and_no_problem_for_a_service(folder: Path) -> None:
    run = write_reports(folder)

    cases = Xml.parse(folder / JUNIT_FILE).getroot().findall(".//testcase")  # noqa: S314 - we have written it
    skipped = [case.find("skipped") for case in cases]
    assert [each is not None for each in skipped] == [False, True, False]
    assert skipped[1] is not None
    assert skipped[1].get("message") == str(AGAIN)
    assert not any(case.find("error") is not None for case in cases)
    assert problems_of(run) == []


def test_a_rig_fault_of_the_run_stays_an_error_in_junit_beside_a_first_attempt_with_the_same_verdict(
    make_run: MakeRun,
) -> None:
    befell = [{"verdict": Verdict.RIG_FAULT.value, "why": "bench-3 could not be made safe"}]
    first, second = attempt(2, Verdict.RIG_FAULT, AGAIN.why), attempt(3, Verdict.PASS)
    document = {**DOCUMENT_AGAIN, "befell": befell}
    folder = make_run(toast, first, second, verdict=Verdict.RIG_FAULT, document=document)
    write_reports(folder)

    errors = Xml.parse(folder / JUNIT_FILE).getroot().findall(".//error")  # noqa: S314 - we have written it
    assert [each.get("message") for each in errors] == ["rig fault: bench-3 could not be made safe"]


def test_the_history_gets_the_second_attempt_only(folder: Path) -> None:
    facts = read_facts(folder)

    assert facts.verdict is Verdict.PASS
    assert [each.name for each in facts.scenarios][1:] == [TITLE]
    assert facts.scenarios[1].number == 3


def test_a_second_attempt_that_fails_decides(make_run: MakeRun) -> None:
    first, second = attempt(2, Verdict.RIG_FAULT, AGAIN.why), attempt(3, Verdict.FAIL, "too late")
    run = read_run(make_run(toast, first, second, verdict=Verdict.FAIL, document=DOCUMENT_AGAIN))

    assert run.verdict is Verdict.FAIL


def test_a_run_that_is_recorded_milder_than_the_second_attempt_is_told(make_run: MakeRun) -> None:
    first, second = attempt(2, Verdict.RIG_FAULT, AGAIN.why), attempt(3, Verdict.FAIL, "too late")
    run = read_run(make_run(toast, first, second, verdict=Verdict.PASS, document=DOCUMENT_AGAIN))

    assert run.verdict is Verdict.FAIL
    assert [warning for warning in run.warnings if "milder" in warning]


def test_the_schema_of_a_run_knows_it(folder: Path) -> None:
    document = orjson.loads((folder / "run.json").read_bytes())

    jsonschema.validate({"repeated": document["repeated"]}, {"properties": schema("run")["properties"]})
    assert repeated(RunRecord.load(folder).document) == {2: AGAIN}


@pytest.mark.parametrize("rows", [None, "2", [1], [{"scenario": "2", "again": 3}], [{"scenario": 2}]])
def test_what_no_run_would_write_says_nothing(rows: Any) -> None:
    assert repeated({"repeated": rows}) == {}

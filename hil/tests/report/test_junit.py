from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.store import RunWriter
from hil.report.junit import write_junit
from hil.tests.report.conftest import view


def read(path: Path) -> Xml.Element:
    return Xml.fromstring(path.read_bytes())  # noqa: S314 - our own file


@pytest.fixture(scope="module")
def suites(finished_run: Path) -> Xml.Element:
    return read(write_junit(view(finished_run)))


def case(root: Xml.Element, name: str) -> Xml.Element:
    (found,) = [case for case in root.iter("testcase") if str(case.get("name")).startswith(name)]
    return found


def test_totals_count_each_result_once(suites: Xml.Element) -> None:
    counts = {key: suites.get(key) for key in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "4", "failures": "2", "errors": "0", "skipped": "1"}
    assert [suite.get("name") for suite in suites] == [
        "features/toast.feature",
        "features/underpayment.feature",
        "features/boot.feature",
    ]


def test_pass_has_no_mark_and_the_time_of_the_bench(suites: Xml.Element) -> None:
    passed = case(suites, "One slice of bread")
    assert [child.tag for child in passed] == ["properties", "system-out"]
    assert passed.get("time") == "135.300"
    assert (passed.findtext("system-out") or "").startswith("✓ power-on to first accepted payment: measured 24.2 s")


def test_failure_of_the_device_names_the_measurement_that_decided(suites: Xml.Element) -> None:
    failure = case(suites, "The cable underpays").find("failure")
    assert failure is not None
    assert failure.get("type") == "fail"
    assert "measured 650 ms ± 50 ms, limit ≤ 500 ms" in str(failure.get("message"))


def test_failure_tells_the_step_what_happened_last_and_how_to_run_it_again(suites: Xml.Element) -> None:
    lines = (case(suites, "The cable underpays").findtext("failure") or "").splitlines()
    assert lines[0] == "features/underpayment.feature:10: Then the power is cut within 500 ms"
    assert lines[1] == "what happened last:"
    assert len(lines) == 13
    assert lines[-1] == "run it again: hil run features/underpayment.feature:12 --seed 42"


def test_a_case_names_its_requirement(suites: Xml.Element) -> None:
    number, named = case(suites, "The cable underpays").iter("property")

    assert number.get("name") == "scenario"
    assert (named.get("name"), named.get("value")) == ("requirement", "REQ-CUT-1")


def test_inconclusive_is_a_failure_of_its_own_type_so_that_no_pipeline_goes_green(suites: Xml.Element) -> None:
    failure = case(suites, "The cable pays a stranger").find("failure")
    assert failure is not None
    assert failure.get("type") == "inconclusive"


def test_what_is_not_applicable_is_skipped_with_its_reason(suites: Xml.Element) -> None:
    skipped = case(suites, "Both sides real").find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "this bench does not offer: pair"


def test_evidence_cut_off_and_unfinished_run_are_errors(crashed_run: Path) -> None:
    root = read(write_junit(view(crashed_run)))
    assert root.get("errors") == "2"
    cut = case(root, "Boot in time").find("error")
    assert cut is not None
    assert cut.get("type") == "evidence cut off"
    unfinished = case(root, "the run was finished").find("error")
    assert unfinished is not None


def test_rig_fault_is_an_error_and_characters_that_xml_forbids_are_written_out(
    make_run: Callable[..., Path],
) -> None:
    def meter_lost(run: RunWriter) -> None:
        writer = run.scenario(1, "meter lost")
        writer.write(Event(Kind.STOP, 3.0, "bench", {"verdict": "rig fault", "reason": "meter said \x00\x07\uffff"}))
        run.scenario_done(writer)

    root = read(write_junit(view(make_run(meter_lost, verdict=Verdict.RIG_FAULT))))
    error = case(root, "0001-meter-lost").find("error")
    assert error is not None
    assert error.get("type") == "rig fault"
    assert error.get("message") == "meter said ⟨U+0000⟩⟨U+0007⟩⟨U+FFFF⟩"

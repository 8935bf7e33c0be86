from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
import xmlschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.observations import Timed
from hil.evidence.store import RunWriter
from hil.report.junit import write_junit
from hil.tests.report.conftest import NASTY, CutOff, start, stop, toast, view

SCHEMA = xmlschema.XMLSchema(Path(__file__).parent / "schemas/junit-10.xsd")


def read(path: Path) -> Xml.Element:
    return Xml.fromstring(path.read_bytes())  # noqa: S314 - our own file


@pytest.fixture(scope="module")
def suites(finished_run: Path) -> Xml.Element:
    return read(write_junit(view(finished_run)))


def case(root: Xml.Element, name: str) -> Xml.Element:
    (found,) = [case for case in root.iter("testcase") if str(case.get("name")).startswith(name)]
    return found


def test_totals_count_each_result_once(suites: Xml.Element) -> None:
    counts = {key: suites.get(key) for key in ("tests", "failures", "errors")}
    assert counts == {"tests": "4", "failures": "2", "errors": "0"}
    assert [suite.get("skipped") for suite in suites] == ["0", "0", "0", "1"]
    assert [suite.get("file") for suite in suites] == [
        "features/toast.feature",
        "features/underpayment.feature",
        "features/underpayment.feature",
        "features/boot.feature",
    ]


def test_pass_has_no_mark_and_tells_what_was_measured(suites: Xml.Element) -> None:
    passed = case(suites, "One slice of bread")
    assert [child.tag for child in passed] == ["system-out"]
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


def properties(root: Xml.Element, name: str) -> list[tuple[str | None, str | None]]:
    (suite,) = [each for each in root if name in str(each.get("name"))]
    return [(each.get("name"), each.get("value")) for each in suite.iter("property")]


def test_a_scenario_has_number_requirement_bench_time_and_each_measurement_as_properties(suites: Xml.Element) -> None:
    assert properties(suites, "The cable underpays") == [
        ("scenario", "2"),
        ("line", "12"),
        ("requirement", "REQ-CUT-1"),
        ("verdict", "fail"),
        ("bench time in s", "40.100000"),
        ("measurement 1 name", "refused payment to zero current"),
        ("measurement 1 value", "650"),
        ("measurement 1 U", "50"),
        ("measurement 1 unit", "ms"),
        ("measurement 1 limit", "≤ 500 ms"),
        ("measurement 1 verdict", "fail"),
        ("measurement 2 name", "newest valid transaction confirmed"),
        ("measurement 2 unit", "s"),
        ("measurement 2 limit", "≤ 2 s"),
        ("measurement 2 verdict", "not run"),
    ]


def test_time_is_that_of_this_machine_and_the_time_stamp_is_in_utc(make_run: Callable[..., Path]) -> None:
    def timed(run: RunWriter) -> None:
        writer = run.scenario(1, "timed")
        began, ended = "2031-05-17T11:30:00.25+02:00", "2031-05-17T09:30:01.5+00:00"
        data = {"name": "timed", "feature": "features/boot.feature"}
        writer.write(Event(Kind.START, 0.0, "bench", data, host={"wall": began}))
        writer.write(Event(Kind.STOP, 40.0, "bench", {"verdict": "pass"}, host={"wall": ended}))
        run.scenario_done(writer)

    root = read(write_junit(view(make_run(timed, verdict=Verdict.PASS))))

    (suite,) = root
    assert suite.get("timestamp") == "2031-05-17T09:30:00.250+00:00"
    assert (root.get("time"), suite.get("time"), case(root, "timed").get("time")) == ("1.250", "1.250", "1.250")
    assert ("bench time in s", "40.000000") in properties(root, "timed")


def test_a_scenario_that_ran_twice_has_two_names(make_run: Callable[..., Path]) -> None:
    def again(run: RunWriter) -> None:
        for number in (1, 2, 3):
            writer = run.scenario(number, "again")
            start(writer, "again", "boot", 5)
            stop(writer, 1.0, Verdict.PASS)
            run.scenario_done(writer)

    root = read(write_junit(view(make_run(again, verdict=Verdict.PASS))))

    assert [each.get("name") for each in root.iter("testcase")] == ["again", "again (2)", "again (3)"]


def test_altered_evidence_is_an_error_of_its_own(make_run: Callable[..., Path]) -> None:
    folder = make_run(toast, verdict=Verdict.PASS)
    document = (folder / "run.json").read_text(encoding="utf-8")
    (folder / "run.json").write_text(document.replace("Halmstad", "Kalmar"), encoding="utf-8")

    root = read(write_junit(view(folder)))

    error = case(root, "the evidence is as it was recorded").find("error")
    assert error is not None
    assert error.get("type") == "evidence altered"
    assert root.get("errors") == "1"


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


@pytest.fixture
def written(finished_run: Path, crashed_run: Path) -> list[Path]:
    return [write_junit(view(folder)) for folder in (finished_run, crashed_run)]


def test_the_schema_of_jenkins_accepts_a_finished_and_a_crashed_run(written: list[Path]) -> None:
    for path in written:
        SCHEMA.validate(path)


@given(st.text(max_size=40), st.sampled_from([None, *Verdict]), st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_schema_of_jenkins_accepts_any_text_and_each_verdict(
    tmp_path_factory: pytest.TempPathFactory, text: str, verdict: Verdict | None, measured: bool
) -> None:
    run = RunWriter.create(tmp_path_factory.mktemp("junit") / "run", {"id": "1"}, {})
    writer = run.scenario(1, "any")
    name = text.encode("utf-8", "replace").decode()
    writer.write(
        Event(Kind.START, 0.0, "bench", {"name": name, "feature": name, "tags": [f"REQ-{name}"], "line": name})
    )
    if measured:
        found = CutOff.find(Timed(0.1, 0.2), detail=name)
        writer.write(Event(Kind.VERDICT, 1.0, "bench", {**found.document(), "name": name, "unit": name}))
    if verdict is not None:
        stop(writer, 2.0, verdict, name)
    run.scenario_done(writer)
    run.finish(verdict or Verdict.RIG_FAULT)

    SCHEMA.validate(write_junit(view(run.folder)))


def test_names_are_unique_whatever_scenarios_are_called(make_run: Callable[..., Path]) -> None:
    names = [f"{first}{second}" for first, second in itertools.product(["a", NASTY], ["", " (2)"])] * 2

    def all_of_them(run: RunWriter) -> None:
        for number, name in enumerate(names, 1):
            writer = run.scenario(number, "same")
            start(writer, name, "boot", 5)
            stop(writer, 1.0, Verdict.PASS)
            run.scenario_done(writer)

    root = read(write_junit(view(make_run(all_of_them, verdict=Verdict.PASS))))

    given_names = [(each.get("classname"), each.get("name")) for each in root.iter("testcase")]
    assert len(set(given_names)) == len(names) == 8

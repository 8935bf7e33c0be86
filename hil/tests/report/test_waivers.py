"""Waivers: which failures they cover, and that a wrong one is told with its place before anything is switched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hil.clock import utc_now
from hil.errors import ConfigurationError
from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.observations import Timed
from hil.evidence.store import RunWriter
from hil.report.pdf.certificate import certificate_content
from hil.report.run_view import RunView
from hil.report.summary import summary_lines
from hil.report.waivers import waivers_of
from hil.scenario.run_folder import ACCEPTANCE, new_folder
from hil.tests.report.conftest import DOCUMENT, CutOff, MakeRun, Settlement, start, step, stop, toast, view

SCENARIO = "features/underpayment.feature::Too late"
WHOLE: Mapping[str, Any] = {
    "id": "DEV-12",
    "scenario": SCENARIO,
    "reason": "contactor of the first series",
    "who": "Ann Example",
    "until": "2031-06-30",
}


def too_late(*measurements: Any) -> Callable[[RunWriter], None]:
    def scenario(run: RunWriter) -> None:
        writer = run.scenario(1, "Too late")
        start(writer, "Too late", "underpayment", 12)
        step(writer, "Then the power is cut within 500 ms", 0.0, 10.0, "failed")
        for measurement in measurements:
            writer.write(Event(Kind.VERDICT, 10.0, "bench", measurement.find(Timed(5.0, 6.0)).document()))
        stop(writer, 10.1, Verdict.FAIL, "a limit was exceeded")
        run.scenario_done(writer)

    return scenario


@pytest.fixture
def run_of(make_run: MakeRun) -> Callable[..., RunView]:
    """Returns a function that makes a run of one failing scenario with these waivers."""

    def run_of(*waivers: Mapping[str, Any], measurements: tuple[Any, ...] = (CutOff,)) -> RunView:
        document = {**DOCUMENT, "acceptance": {**DOCUMENT["acceptance"], "waivers": list(waivers)}}  # type: ignore[dict-item]
        return view(make_run(too_late(*measurements), verdict=Verdict.FAIL, document=document))

    return run_of


def waived(run: RunView) -> list[str]:
    return [waiver.id for covering in run.waivers.waived.values() for waiver in covering]


def test_a_waiver_covers_its_scenario_until_its_last_day(run_of: Callable[..., RunView]) -> None:
    run = run_of({**WHOLE, "until": "2031-05-17"})  # the day on which the run began
    assert waived(run) == ["DEV-12"]
    assert run.waivers.rows[0].state == "covers a failure of this run"


def test_a_waived_failure_stays_a_failure(run_of: Callable[..., RunView]) -> None:
    run = run_of(WHOLE)
    assert run.verdict is Verdict.FAIL
    assert run.scenarios[0].verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"until": "2031-05-16"}, "expired before this run"),
        ({"scenario": "features/underpayment.feature::Another"}, "its scenario was not part of this run"),
        ({"scenario": SCENARIO + "r"}, f"its scenario was not part of this run; nearest: {SCENARIO}"),
        ({"measurement": "another measurement"}, "was not needed: what it names did not fail"),
    ],
)
def test_a_waiver_that_does_not_cover_says_why(
    run_of: Callable[..., RunView], change: Mapping[str, str], state: str
) -> None:
    run = run_of({**WHOLE, **change})
    assert waived(run) == []
    assert run.waivers.rows[0].state == state


def test_a_waiver_of_one_measurement_does_not_cover_the_failure_of_another(run_of: Callable[..., RunView]) -> None:
    first, second = {**WHOLE, "measurement": CutOff.name}, {**WHOLE, "id": "DEV-13", "measurement": Settlement.name}
    both = (CutOff, Settlement)
    run = run_of(first, measurements=both)
    assert waived(run) == []
    assert run.waivers.rows[0].state == f"has no effect: no waiver covers '{Settlement.name}'"
    assert waived(run_of(first, second, measurements=both)) == ["DEV-12", "DEV-13"]


def test_the_terminal_names_a_waiver_that_misses_the_failure_it_seems_to_be_meant_for(
    run_of: Callable[..., RunView],
) -> None:
    misspelt, expired = {**WHOLE, "scenario": SCENARIO + "r"}, {**WHOLE, "id": "DEV-13", "until": "2031-05-16"}
    told = [line for line in summary_lines(run_of(misspelt, expired)) if "waiver" in line]
    assert told == [f"  waiver DEV-12: its scenario was not part of this run; nearest: {SCENARIO}"]


def test_a_scenario_that_passed_needs_no_waiver(make_run: MakeRun) -> None:
    scenario = "features/toast.feature::One slice of bread, single-fee"
    document = {**DOCUMENT, "acceptance": {"waivers": [{**WHOLE, "scenario": scenario}]}}
    run = view(make_run(toast, verdict=Verdict.PASS, document=document))
    assert waived(run) == []


@pytest.mark.parametrize("foreign", [None, "text", [None], [{"id": 1}], {"a": 1}, [{**WHOLE, "until": "soon"}]])
def test_foreign_evidence_with_a_list_that_is_none_waives_nothing(
    run_of: Callable[..., RunView], foreign: object
) -> None:
    scenarios = run_of().scenarios
    assert waivers_of({"acceptance": {"waivers": foreign}}, scenarios).waived == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("waivers: [{id: A}]", r"acceptance\.yaml:1:\d+: waivers\.0\.scenario: Field required"),
        ("waivers: DEV-12", r"acceptance\.yaml:1:1: waivers: this is a list of known deviations"),
        (
            "waivers:\n  - {ID: A}",
            r"acceptance\.yaml:2:6: waivers\.0\.ID: 'ID' is not known.*Did you mean 'id'",
        ),
        (
            "waivers:\n  - id: A\n    scenario: Toast",
            r"acceptance\.yaml:3:5: waivers\.0\.scenario: must name feature",
        ),
        ("waivers:\n  - id: A\n    until: 2031-02-30", r"acceptance\.yaml:3:5: waivers\.0\.until: .*2031-02-30"),
    ],
)
def test_a_waiver_that_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / ACCEPTANCE
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=told):
        new_folder(tmp_path, {}, utc_now())


def test_two_waivers_of_one_id_are_refused(tmp_path: Path) -> None:
    row = "\n".join(f"    {key}: '{value}'" for key, value in WHOLE.items())
    path = tmp_path / ACCEPTANCE
    path.parent.mkdir(parents=True)
    path.write_text(f"waivers:\n  -\n{row}\n  -\n{row}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"waivers\.1\.id: another deviation has this id"):
        new_folder(tmp_path, {}, utc_now())


def test_the_terminal_tells_a_waived_failure_as_one_and_who_accepted_it(run_of: Callable[..., RunView]) -> None:
    line = summary_lines(run_of(WHOLE))[0]
    assert line.startswith("✗ fail")
    assert line.endswith("[waived: DEV-12, Ann Example, until 2031-06-30: contactor of the first series]")
    assert "waived" not in " ".join(summary_lines(run_of()))


def test_the_certificate_lists_each_waiver_and_says_what_is_waived(run_of: Callable[..., RunView]) -> None:
    content = certificate_content(run_of(WHOLE, {**WHOLE, "id": "DEV-9", "until": "2030-01-01"}))
    assert content["verdict"] == "fail"
    assert content["waived"] == "1 of 1 failure is a known deviation that was accepted: see Waivers."
    assert [row[0] for row in content["waivers"]] == ["DEV-12", "DEV-9"]
    assert content["waivers"][1][-1] == "expired before this run"


@pytest.mark.parametrize("started", ["", "soon", "2031-05-17T09:30:00", "0001-01-01T00:00:00+23:59"])
def test_no_waiver_counts_in_a_run_of_which_the_day_is_not_known(run_of: Callable[..., RunView], started: str) -> None:
    run = run_of(WHOLE)
    document = {"acceptance": {"waivers": [WHOLE]}, "host": {"started": started}}
    found = waivers_of(document, run.scenarios)
    assert found.waived == {}
    assert found.rows[0].state == "does not count: the day on which this run began is not recorded"

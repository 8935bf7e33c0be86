"""Results for Allure, held against a schema made from Allure's documentation of its result files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hil.evidence.documents import Event, Json, Kind, Verdict
from hil.evidence.store import RunWriter
from hil.report.ci.allure import write_allure
from hil.tests.report.conftest import start, step, stop, undecided, view

STATUSES = {"passed", "failed", "broken", "skipped", "unknown"}
FIELDS = {
    "uuid": str,
    "historyId": str,
    "testCaseId": str,
    "fullName": str,
    "name": str,
    "status": str,
    "statusDetails": dict,
    "stage": str,
    "start": int,
    "stop": int,
    "labels": list,
    "parameters": list,
    "links": list,
    "steps": list,
    "attachments": list,
}
"""Of a test result, with the kind of each."""


def results(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the results by the beginning of their names."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*-result.json")]
    return {each["name"][:20]: each for each in found}


@pytest.fixture(scope="module")
def written(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_allure(view(finished_run), tmp_path_factory.mktemp("allure") / "results")


def test_each_result_has_the_fields_of_the_format_and_no_other(written: Path) -> None:
    found = results(written)

    assert len(found) == 4
    for each in found.values():
        assert all(isinstance(each[field], FIELDS[field]) for field in each)
        assert (written / f"{each['uuid']}-result.json").is_file()
        assert each["status"] in STATUSES
        assert {part["status"] for part in each["steps"]} <= STATUSES
        for attached in each["attachments"]:
            assert (written / attached["source"]).read_text(encoding="utf-8")


def test_verdicts_keep_apart_who_is_to_blame(written: Path, make_run: Callable[..., Path], tmp_path: Path) -> None:
    def meter_lost(run: RunWriter) -> None:
        writer = run.scenario(1, "meter lost")
        start(writer, "meter lost", "boot", 5)
        step(writer, "Given a socket", 0.0, 1.0, "failed", error="meter lost")
        stop(writer, 3.0, Verdict.RIG_FAULT, "meter lost")
        run.scenario_done(writer)

    lost = results(write_allure(view(make_run(meter_lost, verdict=Verdict.RIG_FAULT)), tmp_path))["meter lost"]

    assert {name: each["status"] for name, each in results(written).items()} == {
        "One slice of bread, ": "passed",
        "The cable underpays ": "failed",
        "The cable pays a str": "failed",
        "Both sides real": "skipped",
    }
    assert (lost["status"], lost["steps"][0]["status"]) == ("broken", "broken")
    assert lost["steps"][0]["statusDetails"] == {"message": "meter lost"}


def test_steps_labels_and_measurements_are_in_it(written: Path) -> None:
    failed = results(written)["The cable underpays "]

    assert [(each["name"][:30], each["status"]) for each in failed["steps"]] == [
        ("Given a socket under test", "passed"),
        ("When the cable underpays by 1 ", "passed"),
        ("Then the power is cut within 5", "failed"),
        ("And the newest transaction con", "skipped"),
    ]
    labels = {(each["name"], each["value"]) for each in failed["labels"]}
    assert {("feature", "features/underpayment.feature"), ("tag", "socket"), ("requirement", "REQ-CUT-1")} <= labels
    assert "measured 650 ms" in failed["statusDetails"]["message"]
    (table,) = [each for each in failed["attachments"] if each["name"] == "Measurements"]
    rows = (written / table["source"]).read_text(encoding="utf-8").splitlines()
    assert rows[1] == "fail,refused payment to zero current,650,50,ms,≤ 500 ms,-200,interval"


def test_a_scenario_has_one_history_whatever_seed_and_run_and_results_stand_side_by_side(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    for number in ("1", "2"):
        write_allure(view(make_run(undecided, verdict=Verdict.INCONCLUSIVE, document={"id": number})), tmp_path)
    write_allure(view(make_run(undecided, verdict=Verdict.INCONCLUSIVE, document={"id": "2"})), tmp_path)

    found = [json.loads(path.read_text(encoding="utf-8")) for path in tmp_path.glob("*-result.json")]
    assert len({each["uuid"] for each in found}) == len(found) == 2
    assert len({each["historyId"] for each in found}) == 1


def test_times_are_those_of_the_machine_and_the_bench_time_is_a_parameter(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    def timed(run: RunWriter) -> None:
        writer = run.scenario(1, "timed")
        host = {"wall": "2031-05-17T09:30:00.500+00:00"}
        writer.write(Event(Kind.START, 0.0, "bench", {"name": "timed", "feature": "a.feature"}, host=host))
        data: dict[str, Json] = {"keyword": "When", "text": "it boots", "line": 3, "outcome": "passed", "started": 1.0}
        writer.write(Event(Kind.STEP, 28.0, "bench", data, host={"wall_s": 0.25}))
        ended = {"wall": "2031-05-17T09:30:01.000+00:00"}
        writer.write(Event(Kind.STOP, 40.0, "bench", {"verdict": "pass"}, host=ended))
        run.scenario_done(writer)

    timed_result = results(write_allure(view(make_run(timed, verdict=Verdict.PASS)), tmp_path))["timed"]

    assert (timed_result["start"], timed_result["stop"]) == (1_936_776_600_500, 1_936_776_601_000)
    assert (timed_result["steps"][0]["start"], timed_result["steps"][0]["stop"]) == (
        1_936_776_600_500,
        1_936_776_600_750,
    )
    assert timed_result["steps"][0]["parameters"] == [{"name": "bench time", "value": "27.000 s"}]
    assert {"name": "bench time", "value": "40.000 s", "excluded": True} in timed_result["parameters"]


def test_the_environment_is_a_properties_file_in_ascii(written: Path) -> None:
    lines = (written / "environment.properties").read_bytes().decode("ascii").splitlines()

    assert "Seed=42" in lines
    assert "Test.conditions=23 \\u00b0C \\u00b1 2 \\u00b0C" in lines

"""``hil rig study``: on the virtual rig, and on one that is physical as far as the framework can tell."""

from __future__ import annotations

import json
from typing import Any

from hil.evidence.documents import Kind, Verdict
from hil.history.store import History
from hil.tests.acceptance.commands import Finished
from hil.tests.acceptance.study_plans import Studied


def document(finished: Finished, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((finished.project / name).read_text(encoding="utf-8"))
    return found


def test_every_measurement_lies_within_the_stated_uncertainty_of_the_truth(rig_study: Studied) -> None:
    found = document(rig_study.first, "a.json")

    assert rig_study.first.code == 0, rig_study.first.said
    assert [(each["quantity"], len(each["values"]), each["outside"]) for each in found["quantities"]] == [
        ("power", 12, 0),
        ("voltage", 12, 0),
        ("energy", 12, 0),
        ("time", 12, 0),
    ]
    assert all(value["value"] != value["reference"] for _, value in found["quantities"][0]["values"])


def test_benches_differ_by_more_than_trials_and_the_limits_are_decided(rig_study: Studied) -> None:
    found = document(rig_study.first, "a.json")

    voltage = next(each["variation"] for each in found["quantities"] if each["quantity"] == "voltage")
    assert voltage["av"] > voltage["ev"] > 0
    assert {each["limit"]["name"]: each["decidable"] for each in found["limits"]} == {
        "energy delivered": "decidable",
        "refused payment to zero power": "decidable",
    }
    assert all(each["guard_band"] == each["stated"] > 0 for each in found["limits"])


def test_the_same_seed_gives_the_same_figures(rig_study: Studied) -> None:
    first, again = (document(rig_study.first, name) for name in ("a.json", "b.json"))

    def figures(found: dict[str, Any]) -> list[Any]:
        return [[value for _, value in each["values"]] for each in found["quantities"]]

    assert figures(first) == figures(again)


def test_the_evidence_is_a_run_whose_scenarios_are_the_sessions(rig_study: Studied) -> None:
    record = rig_study.first.record

    assert rig_study.first.document["verdict"] == Verdict.PASS
    names = [next(scenario.of(Kind.START)).data["name"] for scenario in record.scenarios]
    assert names == ["Study, bench 1", "Study, bench 2"]
    for scenario in record.scenarios:
        assert len([event for event in scenario.of(Kind.READING) if event.source == "study"]) == 24
        stop = next(scenario.of(Kind.STOP))
        assert stop.data["safe_state"]["reached"] is True  # type: ignore[index,call-overload]
    assert "trial 6: " in rig_study.first.annex


def test_the_history_has_the_sessions_of_both_studies_and_counts_those_of_one_seed_once(rig_study: Studied) -> None:
    with History.open("reports/history.sqlite", rig_study.first.project) as history:
        sessions = history.studies.sessions("virtual")

    assert [each.bench for each in sessions] == ["bench 1", "bench 2"] * 2
    assert rig_study.history.code == 0, rig_study.history.said
    assert rig_study.page.count("Mean deviation of power at") == 2
    assert (
        "Sessions of the history that repeat seed and bench of a later one, and are not counted: 2." in rig_study.page
    )


def test_on_a_bench_that_tells_no_truth_the_certificate_of_the_load_is_the_reference(bench_study: Finished) -> None:
    assert bench_study.code == 0, bench_study.said
    assert "0 of 4 measurements deviate by more than the stated U" in bench_study.said
    assert "The true instant of a cut is not known on a physical bench" in bench_study.said
    assert "One session alone tells no reproducibility" in bench_study.said
    switched = list(bench_study.record.scenarios[0].of(Kind.LOAD))
    assert [event.data["input_on"] for event in switched] == [True, False] * 2
    with History.open("reports/history.sqlite", bench_study.project) as history:
        (session,) = history.studies.sessions("virtual")
    assert (session.operator, session.virtual) == ("Ada", False)
    assert {each.quantity: each.reference_uncertainty is not None for each in session.measured} == {
        "power": True,
        "energy": True,
        "voltage": False,
        "time": False,
    }


def test_a_study_that_is_terminated_leaves_the_bench_safe(interrupted_study: Finished) -> None:
    assert interrupted_study.code == 2, interrupted_study.said
    stop = interrupted_study.stop_event().data
    assert (stop["verdict"], stop["safe_state"]["reached"]) == ("not run", True)  # type: ignore[index,call-overload]
    with History.open("reports/history.sqlite", interrupted_study.project) as history:
        assert history.studies.sessions("virtual") == []


def test_the_load_is_armed_with_the_limits_and_ends_a_study_beyond_them(study_beyond_limits: Finished) -> None:
    assert study_beyond_limits.code == 7
    assert "hil rig study: load: its own protection opened its input" in study_beyond_limits.said
    stop = study_beyond_limits.stop_event().data
    assert (stop["verdict"], stop["safe_state"]["reached"]) == ("rig fault", True)  # type: ignore[index,call-overload]

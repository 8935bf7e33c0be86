"""Runs that end in the middle: the bench becomes safe, the evidence stays readable, nothing is left behind."""

from __future__ import annotations

import pytest

from hil.evidence.documents import Kind, Verdict
from hil.evidence.record import RunRecord
from hil.tests.acceptance.stopped_plans import Interrupted, Killed


@pytest.fixture(params=["interrupted", "terminated", "hung_up"])
def ended(request: pytest.FixtureRequest) -> Interrupted:
    """A run that got SIGINT, as from Ctrl-C, one that got SIGTERM, and one whose terminal was closed (SIGHUP)."""
    outcome: Interrupted = request.getfixturevalue(request.param)
    return outcome


def test_an_interrupted_run_ends_with_code_two(ended: Interrupted) -> None:
    assert ended.finished.code == 2, ended.finished.said
    assert "Traceback" not in ended.finished.said


def test_an_interrupted_run_makes_the_bench_safe_and_says_so(ended: Interrupted) -> None:
    stop = ended.finished.stop_event()

    safe = stop.data["safe_state"]
    assert isinstance(safe, dict)
    assert safe["reached"] is True
    assert stop.data["verdict"] == Verdict.NOT_RUN
    assert stop.data["reason"] == "interrupted"
    opened = [event.source for event in ended.finished.record.scenarios[0].of(Kind.RELAY) if not event.data["closed"]]
    assert opened[-4:] == ["K1", "K2", "K3", "K4"]


def test_an_interrupted_step_is_not_run_and_blames_nobody(ended: Interrupted) -> None:
    steps = {
        str(event.data["text"]): event.data["outcome"] for event in ended.finished.record.scenarios[0].of(Kind.STEP)
    }

    assert steps["the devices are switched on"] == "passed"
    assert steps["3 h have passed"] == steps["no power flowed"] == "not run"
    assert not list(ended.finished.record.scenarios[0].of(Kind.VERDICT))


def test_an_interrupted_run_is_finished_and_no_pass(ended: Interrupted) -> None:
    assert ended.finished.document["finished"] is True
    assert ended.finished.document["verdict"] == Verdict.NOT_RUN
    assert ended.finished.record.altered_files() == []
    assert "interrupted" in ended.finished.report


def test_scenarios_that_had_not_begun_are_told_as_not_run(ended: Interrupted) -> None:
    assert [scenario.verdict for scenario in ended.finished.record.scenarios] == [Verdict.NOT_RUN] * 2
    assert "2 scenarios: 2 not run" in ended.finished.said


def test_an_interrupted_run_leaves_no_process_and_no_port(ended: Interrupted) -> None:
    assert "vbench" in {helper.name for helper in ended.helpers}
    assert ended.all_gone
    assert ended.busy == []


def test_a_killed_run_leaves_no_process_and_no_port(killed: Killed) -> None:
    assert killed.run.finished.code == -9
    assert "vbench" in {helper.name for helper in killed.run.helpers}
    assert killed.run.all_gone
    assert killed.run.busy == []


def test_what_a_killed_run_has_recorded_still_makes_a_report(killed: Killed) -> None:
    assert killed.reported.code == 0, killed.reported.said
    assert killed.reported.said.strip() == str(killed.folder / "report.html")
    report = (killed.folder / "report.html").read_text(encoding="utf-8")
    assert "never finished" in report
    assert "The load draws little" in report


def test_the_evidence_of_a_killed_run_reads_as_far_as_it_goes(killed: Killed) -> None:
    record = RunRecord.load(killed.folder)

    assert record.document["finished"] is False
    assert record.scenarios[0].verdict is Verdict.NOT_RUN
    frames = [event.data["message"] for event in record.scenarios[0].of(Kind.FRAME)]
    assert "RECEIPT" in frames

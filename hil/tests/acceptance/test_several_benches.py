"""Runs whose scenarios several benches share: the same evidence, the same words, the same safety."""

from __future__ import annotations

import pytest

from hil.errors import ExitCode
from hil.evidence.documents import Kind, Verdict
from hil.tests.acceptance.bench_plans import SharedRun
from hil.tests.acceptance.commands import Finished


@pytest.fixture(params=["shared_and_interrupted", "shared_and_terminated"])
def ended(request: pytest.FixtureRequest) -> SharedRun:
    """A run of two benches that got SIGINT, as from Ctrl-C, and one that got SIGTERM."""
    outcome: SharedRun = request.getfixturevalue(request.param)
    return outcome


def outcomes(run: Finished) -> list[str]:
    """Return what pytest told of each scenario, in the order in which it did."""
    return [line for line in run.said.splitlines() if line.startswith(("PASSED features/", "FAILED features/"))]


def test_two_benches_give_the_evidence_and_the_words_of_one(shared: dict[str, Finished]) -> None:
    one, two = shared["1"], shared["2"]
    assert (one.code, two.code) == (0, 0), two.said
    assert two.digest == one.digest
    assert [each.name for each in two.record.scenarios] == [each.name for each in one.record.scenarios]
    assert outcomes(two) == outcomes(one)
    assert len(outcomes(two)) == len(two.record.scenarios)
    assert "2 benches share them" in two.said
    assert "share them" not in one.said


def test_the_document_of_a_shared_run_tells_of_rig_node_and_memory(shared: dict[str, Finished]) -> None:
    one, two = shared["1"].document, shared["2"].document
    assert two["rig"] == one["rig"]
    assert two["node"]["subversion"] == one["node"]["subversion"]
    assert 0 < two["host"]["max_rss_mb"] <= 250
    assert shared["2"].record.altered_files() == []


def test_xdist_is_refused_with_the_option_to_use_instead(shared: dict[str, Finished]) -> None:
    assert shared["xdist"].code == ExitCode.AUTHOR_ERROR, shared["xdist"].said
    assert "--benches 2" in shared["xdist"].said


def test_a_rig_in_real_time_is_one_bench(shared: dict[str, Finished]) -> None:
    assert shared["real time"].code == ExitCode.AUTHOR_ERROR, shared["real time"].said
    assert "--benches: 2 benches: rig 'realtime' is one bench" in shared["real time"].said


def test_a_first_failure_ends_a_shared_run_too(shared_and_failing: Finished) -> None:
    assert shared_and_failing.code == ExitCode.DEVICE_FAILURE, shared_and_failing.said
    verdicts = [scenario.verdict for scenario in shared_and_failing.record.scenarios]
    assert verdicts[0] is Verdict.FAIL
    assert verdicts[-1] is Verdict.NOT_RUN
    stop = shared_and_failing.stop_event(len(verdicts) - 1)
    assert stop.data["reason"] == "stopping after 1 failures"
    assert "first accepted payment" in shared_and_failing.said


def test_a_session_that_is_stopped_ends_a_shared_run_as_it_ends_one_of_a_single_bench(
    shared_and_stopped: Finished,
) -> None:
    assert shared_and_stopped.code == ExitCode.INTERRUPTED, shared_and_stopped.said
    assert "! Interrupted: somebody asked for the end !" in shared_and_stopped.said
    last = shared_and_stopped.stop_event(len(shared_and_stopped.record.scenarios) - 1)
    assert last.data["reason"] == "somebody asked for the end"


def test_a_scenario_that_ends_the_session_interrupts_a_shared_run_and_leaves_its_bench_safe(
    shared_and_exited: Finished,
) -> None:
    assert shared_and_exited.code == ExitCode.INTERRUPTED, shared_and_exited.said
    assert "! Interrupted: the plugin has seen enough !" in shared_and_exited.said
    stops = [scenario.events[-1].data for scenario in shared_and_exited.record.scenarios]
    safe = [stop["safe_state"] for stop in stops if "safe_state" in stop]
    assert safe
    assert all(isinstance(each, dict) and each["reached"] is True for each in safe)
    assert "watchdog" not in shared_and_exited.said


def test_an_interrupted_shared_run_makes_every_bench_safe(ended: SharedRun) -> None:
    assert ended.finished.code == ExitCode.INTERRUPTED, ended.finished.said
    assert "Traceback" not in ended.finished.said
    for number in range(2):
        stop = ended.finished.stop_event(number)
        assert stop.data["verdict"] == Verdict.NOT_RUN
        assert stop.data["reason"] == "interrupted"
        assert stop.data["safe_state"]["reached"] is True  # type: ignore[index,call-overload]
    assert ended.finished.stop_event(2).data["reason"] == "interrupted"
    assert "3 scenarios: 3 not run" in ended.finished.said
    assert not list(ended.finished.record.scenarios[0].of(Kind.VERDICT))


def test_an_interrupted_shared_run_leaves_no_process(ended: SharedRun) -> None:
    assert len([helper for helper in ended.helpers if helper.name == "vbench"]) == 2
    assert ended.all_gone


def test_a_lost_process_is_a_rig_fault_and_its_watchdog_makes_its_bench_safe(lost_bench: SharedRun) -> None:
    run = lost_bench.finished
    assert run.code == ExitCode.RIG_FAULT, run.said
    assert "rig fault: the process of one of the benches was ended by SIGKILL" in run.said
    verdicts = {scenario.verdict for scenario in run.record.scenarios}
    assert verdicts == {Verdict.PASS, Verdict.RIG_FAULT, Verdict.NOT_RUN}
    assert "the watchdog had to make the bench safe" in run.report.lower()
    assert lost_bench.all_gone

"""Runs on places whose process is killed, or whose place is taken from them: on a virtual fleet of real programs."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from hil.errors import ExitCode
from hil.evidence.documents import Verdict
from hil.evidence.record import scenario_text
from hil.evidence.repeated import repeated
from hil.evidence.run_folder.files import SCENARIO_SUFFIX
from hil.fleet.coordinator import Coordinator
from hil.fleet.owner import Owner
from hil.tests.acceptance.commands import Running, poll
from hil.tests.fleet.campaign import FEATURE, workers_of
from hil.tests.fleet.struck_fleet import StruckFleet, struck_fleet

PLACES = ("--place", "rig=*", "--place-wait", "4 min")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StruckFleet]:
    with struck_fleet(tmp_path_factory.mktemp("fleet") / "laboratory", 2) as found:
        (found.project.folder / "short.feature").write_text(FEATURE, encoding="utf-8")
        del found.project.environment["LG_COORDINATOR"]  # each run here finds the fleet of its laboratory
        yield found


def under_way(fleet: StruckFleet, *words: str) -> Running:
    """Begin a run and wait until one of its scenarios is in the middle of its session."""
    runs = fleet.project.folder / "reports/runs"
    before = set(runs.glob("2*"))
    run = fleet.project.start("run", *PLACES, *words)

    def receipt_is_written() -> bool:
        assert run.process.poll() is None, run.said.read_text()
        files = [
            file for folder in set(runs.glob("2*")) - before for file in folder.glob(f"scenarios/*{SCENARIO_SUFFIX}")
        ]
        return any(b'"RECEIPT"' in scenario_text(file)[0] for file in files)

    poll(receipt_is_written, "a receipt in the evidence")
    return run


def kill_worker(run: Running) -> None:
    (worker,) = workers_of(run)
    os.kill(worker, signal.SIGKILL)


def test_a_process_that_was_killed_is_replaced_and_its_scenario_runs_once_more(fleet: StruckFleet) -> None:
    run = under_way(fleet, "--benches", "1", "short.feature:12", "short.feature:13")
    kill_worker(run)

    done = run.finish(300)

    assert done.code == ExitCode.PASS, done.said
    assert "was ended by SIGKILL; bench 2 replaces it (1 of at most 1)\nseed: " in done.said
    (again,) = repeated(done.document).values()
    assert (again.scenario, again.again) == (2, 3), "what takes longer began first"
    assert "the process of bench 1 on virtual-" in again.why
    counted = [each.verdict for number, each in enumerate(done.record.scenarios, 1) if number != again.scenario]
    assert counted == [Verdict.PASS, Verdict.PASS]
    assert done.record.altered_files() == []
    assert (fleet.held(), fleet.closed_relays(), fleet.client.reservations()) == ({}, [], [])


def test_no_process_is_replaced_without_end(fleet: StruckFleet) -> None:
    run = under_way(fleet, "--benches", "1", "short.feature:12", "short.feature:13")
    kill_worker(run)
    poll(lambda: "bench 2 replaces it" in run.said.read_text() and workers_of(run), "the process that replaces it")
    kill_worker(run)

    done = run.finish(300)

    assert done.code == ExitCode.RIG_FAULT
    assert "it is not replaced: so many may be as the run has benches, 1. See what ends them" in done.said
    assert "rig fault: no rig of the fleet is left" in done.said
    assert (fleet.held(), fleet.closed_relays()) == ({}, [])


def test_a_scenario_whose_place_is_taken_from_the_job_ends_at_once_and_runs_on_another(fleet: StruckFleet) -> None:
    run = under_way(fleet, "--benches", "2", "short.feature:16", "short.feature:17")
    poll(lambda: len(fleet.held()) == 2, "both places to be held")
    with Coordinator(fleet.fleet.coordinator, Owner("office", "carol")) as person:
        person.release("virtual-1", owner=fleet.held()["virtual-1"])
        person.acquire("virtual-1")

        done = run.finish(300)

        assert done.code == ExitCode.PASS, done.said
        (again,) = repeated(done.document).values()
        told = "place virtual-1: the coordinator gave virtual-1 to office/carol"
        assert (again.place, again.why) == ("virtual-1", told)
        stop = done.stop_event(again.scenario - 1)
        assert (stop.data["verdict"], stop.data["reason"]) == (Verdict.RIG_FAULT, told), "the scenario itself ended"
        assert stop.data["safe_state"] == {"reached": True, "seconds": stop.data["safe_state"]["seconds"]}  # type: ignore[call-overload,index]
        assert fleet.held() == {"virtual-1": "office/carol"}
        assert fleet.out_of_service() == {}
        assert fleet.closed_relays() == []
        person.release("virtual-1")

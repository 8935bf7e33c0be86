"""``hil run --place`` on a virtual fleet of real programs: several rigs, several jobs, and rigs that fail."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

import pytest

from hil.errors import ExitCode
from hil.evidence.documents import Kind, Verdict
from hil.evidence.record import RunRecord
from hil.fleet.coordinator import Coordinator
from hil.fleet.marks import LAST_VERDICT
from hil.fleet.owner import Owner
from hil.tests.acceptance.commands import Finished, poll
from hil.tests.fleet.campaign import FEATURE, SCENARIOS, one_round
from hil.tests.fleet.struck_fleet import StruckFleet, struck_fleet

PLACES = ("--place", "rig=*", "--place-wait", "4 min")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StruckFleet]:
    with struck_fleet(tmp_path_factory.mktemp("fleet") / "laboratory", 2) as found:
        (found.project.folder / "short.feature").write_text(FEATURE, encoding="utf-8")
        yield found


@pytest.fixture(scope="module")
def passed(fleet: StruckFleet) -> Finished:
    """A run of one job on all places."""
    return fleet.project.run("run", *PLACES, "short.feature", "--seed", "7")


def uses(record: RunRecord) -> list[tuple[str, datetime, datetime]]:
    """Return on which place each scenario ran, from when to when."""
    found = []
    for scenario in record.scenarios:
        host = next(scenario.of(Kind.START)).host or {}
        end = datetime.fromisoformat(str((next(scenario.of(Kind.STOP)).host or {})["wall"]))
        found.append((str(host["place"]), datetime.fromisoformat(str(host["wall"])), end))
    return found


def test_the_scenarios_are_shared_out_over_the_places_into_one_run_with_one_report(passed: Finished) -> None:
    assert passed.code == ExitCode.PASS, passed.said
    assert [each.verdict for each in passed.record.scenarios] == [Verdict.PASS] * SCENARIOS
    assert {place for place, _, _ in uses(passed.record)} == {"virtual-1", "virtual-2"}
    assert set(passed.document["places"]) == {"virtual-1", "virtual-2"}
    assert passed.record.altered_files() == []
    assert "places with rig=* at 127." in passed.said
    assert (passed.folder / "report.html").is_file()
    assert passed.digest == passed.document["evidence_digest"]
    assert len(passed.document["host"]["durations_s"]) == SCENARIOS


def test_a_job_leaves_its_verdict_at_each_place(passed: Finished, fleet: StruckFleet) -> None:
    assert passed.code == ExitCode.PASS
    assert [place.tags[LAST_VERDICT] for place in fleet.places().values()] == ["pass", "pass"]


def test_what_takes_longest_begins_first(passed: Finished) -> None:
    begins = sorted((began, number) for number, (_, began, _) in enumerate(uses(passed.record), 1))

    assert {number for _, number in begins[:2]} == {SCENARIOS, SCENARIOS - 1}


def test_every_place_is_free_and_safe_after_a_run(fleet: StruckFleet, passed: Finished) -> None:
    assert passed.code == ExitCode.PASS
    assert fleet.held() == {}
    assert fleet.closed_relays() == []
    assert fleet.client.reservations() == []


def test_two_jobs_of_two_users_share_no_place_and_both_come_to_their_end(fleet: StruckFleet) -> None:
    jobs = []
    for user in ("alice", "bob"):
        fleet.project.environment["LG_USERNAME"] = user
        jobs.append(fleet.project.start("run", *PLACES, "short.feature", said=f"{user}.txt"))
        if user == "alice":
            poll(lambda: len(fleet.held()) == 2, "alice's job to hold both places")
    del fleet.project.environment["LG_USERNAME"]

    first, second = (job.finish(300) for job in jobs)

    assert (first.code, second.code) == (0, 0), first.said + second.said
    assert "waits for a place with rig=fleet: virtual-1 is held by" in second.said
    assert "/alice.job-" in second.said
    runs = sorted((fleet.project.folder / "reports/runs").glob("2*"))[-2:]
    by_place: defaultdict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for folder in runs:
        for place, began, ended in uses(RunRecord.load(folder)):
            by_place[place].append((began, ended))
    for times in by_place.values():
        times.sort()
        assert all(ended <= began for (_, ended), (began, _) in pairwise(times))


def test_a_run_is_over_when_all_is_done_although_a_process_still_waits_for_a_place(fleet: StruckFleet) -> None:
    person = Owner("office", "carol")
    with Coordinator(fleet.fleet.coordinator, person) as hand:
        hand.acquire("virtual-2")

        run = fleet.project.run("run", *PLACES, "short.feature:13", "short.feature:14")

        assert run.code == ExitCode.PASS, run.said
        assert {place for place, _, _ in uses(run.record)} == {"virtual-1"}
        assert fleet.held() == {"virtual-2": str(person)}
        assert fleet.client.reservations() == []
        hand.release("virtual-2")


@pytest.mark.parametrize("deed", ["worker killed", "bench", "run killed"])
def test_whatever_is_killed_nothing_is_lost_or_counted_twice_and_every_place_is_free_and_safe(
    fleet: StruckFleet, deed: str
) -> None:
    found = one_round(fleet, deed, 3, 1.0, random.Random(7))  # noqa: S311 - a repeatable campaign, no secret

    assert found.struck
    assert not found.wrong, (str(found), (fleet.project.folder / "said.txt").read_text())


def test_a_place_that_no_coordinator_has_is_the_authors_mistake_with_what_there_is(fleet: StruckFleet) -> None:
    refused = fleet.project.run("run", "--place", "rig=bench-*", "short.feature")

    assert refused.code == ExitCode.AUTHOR_ERROR
    assert "--place: no place has rig=bench-*; known: rig=fleet" in refused.said


def test_a_place_that_is_an_empty_text_is_refused_and_nothing_runs_on_the_virtual_rig(fleet: StruckFleet) -> None:
    before = set((fleet.project.folder / "reports/runs").glob("2*"))

    refused = fleet.project.run("run", "--place", "", "short.feature")

    assert refused.code == ExitCode.AUTHOR_ERROR
    assert "argument --place: the value is empty; see whether a variable is not set" in refused.said
    assert set((fleet.project.folder / "reports/runs").glob("2*")) == before


def test_options_that_need_one_bench_are_refused(fleet: StruckFleet) -> None:
    refused = fleet.project.run("run", *PLACES, "short.feature", "--setup-show")

    assert refused.code == ExitCode.AUTHOR_ERROR
    assert "--place: the places of a coordinator are used as several benches are, and --setup-show" in refused.said


def test_a_coordinator_that_does_not_answer_is_a_rig_fault_with_its_address(fleet: StruckFleet) -> None:
    told = fleet.project.environment["LG_COORDINATOR"]
    fleet.project.environment["LG_COORDINATOR"] = "127.0.0.1:9"
    refused = fleet.project.run("run", *PLACES, "short.feature")
    fleet.project.environment["LG_COORDINATOR"] = told

    assert refused.code == ExitCode.RIG_FAULT, refused.said
    assert "coordinator 127.0.0.1:9: it does not answer" in refused.said

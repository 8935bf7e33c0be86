"""Jobs wait for places of a real coordinator, hold them by a lease, and take over from jobs that were killed."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest

from hil.clock import utc_now
from hil.errors import RigFault
from hil.fleet.coordinator import Coordinator, CoordinatorGone
from hil.fleet.lease import Lease
from hil.fleet.marks import LEASE_OWNER, LEASE_S, NO_LEASE, OUT, SERVICE, lease_tags
from hil.fleet.owner import Owner
from hil.fleet.selection import Selection
from hil.fleet.states import PlaceState
from hil.fleet.waiting import Waiting
from hil.tests.acceptance.commands import poll
from hil.tests.fleet.real_fleet import RealFleet, real_fleet

ANY = Selection.parse("rig=*")


@pytest.fixture
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealFleet]:
    with real_fleet(tmp_path_factory.mktemp("fleet")) as found:
        for name in ("bench1", "bench2"):
            found.add_place(name, {"rig": name})
        yield found
        while Job.begun:  # a test that failed must not leave a job that goes on in the next one
            Job.begun.pop().close()


class Job:
    """A job that waits for a place in a thread of its own."""

    begun: ClassVar[list[Job]] = []

    def __init__(
        self,
        fleet: RealFleet,
        selection: Selection = ANY,
        *,
        limit_s: float = 30.0,
        make_safe: Callable[[PlaceState, str], str] = lambda place, owner: "",
        owner: Owner | None = None,
    ) -> None:
        self.client = fleet.client(owner)
        self.said: list[str] = []
        self.lease: Lease | None = None
        self.problem: BaseException | None = None
        self._waiting = Waiting(self.client, selection, make_safe, self.said.append, limit_s)
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self._thread.start()
        self.begun.append(self)

    def _wait(self) -> None:
        try:
            self.lease = self._waiting.acquire()
        except RigFault as error:
            self.problem = error

    @property
    def place(self) -> str:
        """The place that it got; waits until it has one."""
        self._thread.join(40)
        assert self.lease is not None, (self.problem, self.said)
        return self.lease.place.name

    def end(self) -> None:
        self._thread.join(40)
        if self.lease is not None:
            self.lease.release()
        self.client.close()

    def close(self) -> None:
        """Do nothing any more."""
        self.client.close()
        self._thread.join(40)
        if self.lease is not None:
            self.lease._repeated.close()


def owners(client: Coordinator) -> dict[str, str]:
    return {name: place.owner for name, place in client.places().items()}


def test_two_jobs_share_no_place_and_the_third_gets_the_one_that_is_released_first(fleet: RealFleet) -> None:
    first, second = Job(fleet), Job(fleet)
    assert {first.place, second.place} == {"bench1", "bench2"}
    third = Job(fleet)
    poll(lambda: any(str(second.client.owner) in text for text in third.said), "the message of who holds it")

    told = third.said[-1]
    assert "waits for a place with rig=*: bench1 is held by " in told
    assert " since " in told
    assert told.endswith("0 wait before")
    second.end()

    assert third.place == second.lease.place.name  # type: ignore[union-attr]
    third.end()
    first.end()
    with fleet.client() as client:
        assert set(owners(client).values()) == {""}
        assert client.reservations() == []
        assert LEASE_OWNER not in client.places()["bench1"].tags


def test_a_job_says_how_many_wait_before_it(fleet: RealFleet) -> None:
    holders = [Job(fleet), Job(fleet)]
    assert all(job.place for job in holders)
    first = Job(fleet)
    poll(lambda: first.said, "the first in the queue")
    second = Job(fleet)

    poll(lambda: second.said, "the second in the queue")

    assert second.said[-1].endswith("1 wait before")
    for job in (*holders, first, second):
        job.end()


def test_a_wait_has_an_end_and_says_what_it_saw_last(fleet: RealFleet) -> None:
    holder = Job(fleet, Selection.parse("rig=bench1"))
    assert holder.place == "bench1"

    late = Job(fleet, Selection.parse("rig=bench1"), limit_s=1.0)
    late.end()

    assert f"in vain; last seen: bench1 is held by {holder.client.owner} since" in str(late.problem)
    assert "--place-wait" in str(late.problem)
    holder.end()


def test_a_lease_that_a_killed_job_left_is_broken_after_its_time_and_the_place_is_made_safe_before(
    fleet: RealFleet,
) -> None:
    dead, made_safe = Owner.new_job(), []
    with fleet.client(dead) as killed:
        killed.acquire("bench1")
        killed.tag("bench1", lease_tags(str(dead), utc_now().timestamp() - LEASE_S - 10.0, 0.0))

    def make_safe(place: PlaceState, owner: str) -> str:
        made_safe.append((place.name, place.owner, owner))
        return ""

    job = Job(fleet, Selection.parse("rig=bench1"), make_safe=make_safe)

    assert job.place == "bench1"
    assert made_safe == [("bench1", str(dead), str(dead))]
    assert any(f"bench1: the lease of {dead} ran out at" in text for text in job.said)
    assert any(text.endswith("made safe and released") for text in job.said)
    job.end()


def test_a_place_that_cannot_be_made_safe_is_taken_out_of_service_with_the_reason(fleet: RealFleet) -> None:
    dead = Owner.new_job()
    with fleet.client(dead) as killed:
        killed.acquire("bench1")
        killed.tag("bench1", lease_tags(str(dead), utc_now().timestamp() - LEASE_S - 10.0, 0.0))

    job = Job(fleet, ANY, make_safe=lambda place, owner: "relay K1: does not answer")

    assert job.place == "bench2"
    place = job.client.places()["bench1"]
    assert (place.owner, place.tags[SERVICE]) == ("", OUT)
    assert "relay K1: does not answer. Switch the mains off by hand." in place.comment
    job.end()


def test_a_lease_that_ran_out_is_broken_only_when_the_exporter_is_there_and_tells_what_is_to_be_made_safe(
    fleet: RealFleet,
) -> None:
    dead, made_safe = Owner.new_job(), []
    with fleet.client(dead) as killed:
        killed.acquire("bench1")
        killed.tag("bench1", lease_tags(str(dead), utc_now().timestamp() - LEASE_S - 10.0, 0.0))
        fleet.kill("bench1")
        poll(lambda: killed.places()["bench1"].absent, "the coordinator to notice")

    def make_safe(place: PlaceState, owner: str) -> str:
        made_safe.append(sorted(place.addresses))
        return ""

    job = Job(fleet, Selection.parse("rig=bench1"), make_safe=make_safe)
    poll(lambda: len(job.said) > 1, "the job to have looked more than once")
    assert made_safe == []

    fleet.start_exporter("bench1")

    assert job.place == "bench1"
    assert made_safe == [["load", "meter"]]
    job.end()


def test_a_place_that_a_person_has_acquired_is_never_taken_from_them(fleet: RealFleet) -> None:
    person = Owner("office", "alice")
    with fleet.client(person) as client:
        client.acquire("bench1")
        client.tag("bench1", lease_tags("lab/old.job-1", 0.0, 0.0))

        job = Job(fleet, Selection.parse("rig=bench1"), limit_s=2.0)
        job.end()

        assert "bench1 is held by office/alice" in str(job.problem)
        assert owners(client)["bench1"] == str(person)


def test_a_place_whose_exporter_is_gone_is_left_alone_until_it_is_back(fleet: RealFleet) -> None:
    fleet.kill("bench1")
    with fleet.client() as client:
        poll(lambda: client.places()["bench1"].absent, "the coordinator to notice")
    first = Job(fleet)
    assert first.place == "bench2"
    second = Job(fleet)
    poll(lambda: any("bench1 is away" in text for text in second.said), "the message")

    fleet.start_exporter("bench1")

    assert second.place == "bench1"
    first.end()
    second.end()


def test_a_job_keeps_its_place_over_a_restart_of_the_coordinator_and_one_that_waits_its_turn(fleet: RealFleet) -> None:
    holders = [Job(fleet), Job(fleet)]
    places = [job.place for job in holders]
    waiting = Job(fleet, limit_s=60.0)
    poll(lambda: waiting.said, "the queue")
    saved = fleet.folder / "places.yaml"
    poll(lambda: str(saved.exists() and saved.read_text()).count("lease_until") == 2, "the coordinator to save")
    for name in places:
        fleet.kill(name)

    fleet.kill("coordinator")
    fleet.start_coordinator()
    for name in places:
        fleet.start_exporter(name)

    with fleet.client() as client:
        expected = {job.place: str(job.client.owner) for job in holders}
        poll(lambda: owners(client) == expected, "both jobs to have their places again")
    assert [job.lease.lost for job in holders if job.lease] == ["", ""]
    holders[0].end()
    assert waiting.place == places[0]
    waiting.end()
    holders[1].end()


def crash_before_it_saves(fleet: RealFleet, job: Job) -> None:
    """Kill the coordinator while its disk does not know of a job's lease; start all of it again."""
    saved = fleet.folder / "places.yaml"
    assert "lease_until" not in saved.read_text()
    for name in (*[name for name in fleet.programs if name != "coordinator"], "coordinator"):
        fleet.kill(name)
    assert "lease_until" not in saved.read_text()
    fleet.start_coordinator()
    for name in ("bench1", "bench2"):
        fleet.start_exporter(name)


@pytest.mark.parametrize("same_job", [False, True], ids=["another job", "another process of the job"])
def test_a_lease_that_a_crash_of_the_coordinator_has_lost_is_written_anew_before_another_uses_the_place(
    fleet: RealFleet, same_job: bool
) -> None:
    whole = Owner.new_job()
    saved = fleet.folder / "places.yaml"
    with fleet.client() as client:
        client.tag("bench2", {"mark": "newest"})
    poll(lambda: saved.exists() and "newest" in saved.read_text(), "the coordinator to save: it does so every 15 s")
    only = Selection.parse("rig=bench1")
    holder = Job(fleet, only, owner=whole.part(1))
    assert holder.place == "bench1"
    assert holder.lease is not None
    with holder.lease._renewing:  # a machine that is busy: the holder does not come to look for a while
        crash_before_it_saves(fleet, holder)
        holder.client.places()  # it is connected again, as it is within half a second if the machine is not busy
        other = Job(fleet, only, limit_s=15.0, owner=whole.part(2) if same_job else None)
        poll(lambda: owners(other.client)["bench1"] == str(other.client.owner), "the other to be given the place")
    other.end()

    assert other.lease is None, "it has not used the place"
    assert f"bench1 is held by {holder.client.owner} since" in str(other.problem)
    poll(lambda: owners(holder.client)["bench1"] == str(holder.client.owner), "the holder to have its place again")
    assert holder.lease.lost == ""
    holder.end()


def test_a_lease_that_is_lost_in_a_crash_is_lost_to_a_person_who_has_the_place_by_then(fleet: RealFleet) -> None:
    holder = Job(fleet, Selection.parse("rig=bench1"))
    assert holder.place == "bench1"
    assert holder.lease is not None
    with fleet.client(Owner("office", "alice")) as person:
        person.release("bench1", owner=str(holder.client.owner))
        person.acquire("bench1")

        poll(lambda: holder.lease and holder.lease.lost, "the holder to notice, though its lease is not due")

        assert holder.lease.lost == "the coordinator gave bench1 to office/alice"
        holder.end()
        assert owners(person)["bench1"] == "office/alice"


def test_a_lease_that_another_job_has_broken_meanwhile_is_lost_although_the_place_is_free(fleet: RealFleet) -> None:
    holder = Job(fleet, Selection.parse("rig=bench1"))
    assert holder.place == "bench1"
    assert holder.lease is not None
    with holder.lease._renewing, fleet.client() as breaker:
        breaker.tag("bench1", NO_LEASE)
        breaker.release("bench1", owner=str(holder.client.owner))
        holder.lease._renewed = lambda: LEASE_S + 5.0

    poll(lambda: holder.lease and holder.lease.lost, "the holder to notice")

    assert holder.lease.lost == "the lease of bench1 could not be renewed for 65 s, and is not there any more"
    holder.end()


def test_a_release_waits_for_a_coordinator_that_is_away_until_it_has_been_away_too_long_and_says_so(
    fleet: RealFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hil.fleet.patience.AWAY_S", 4.0)
    job, said = Job(fleet, Selection.parse("rig=bench1")), list[str]()
    assert job.place == "bench1"
    assert job.lease is not None
    fleet.kill("coordinator")

    with pytest.raises(CoordinatorGone, match=r"coordinator 127\..*: it does not answer"):
        job.lease.release(said.append)

    told = rf"waits for coordinator {fleet.target}, to give bench1 back: it does not answer \(.*\) since .* UTC; until "
    assert re.match(told, said[0]), said
    job.client.close()


def test_a_place_that_was_given_to_another_job_is_lost_and_not_released_for_it(fleet: RealFleet) -> None:
    job = Job(fleet, Selection.parse("rig=bench1"))
    assert job.place == "bench1"
    assert job.lease is not None
    other = Owner.new_job()
    with fleet.client(other) as taker:
        taker.release("bench1", owner=str(job.client.owner))
        taker.acquire("bench1")
        taker.tag("bench1", lease_tags(str(other), utc_now().timestamp(), 0.0))

        job.lease.renew()
        job.end()

        assert job.lease.lost == f"the coordinator gave bench1 to {other}"
        assert owners(taker)["bench1"] == str(other)


def test_a_rig_that_failed_is_out_of_service_for_other_jobs_and_says_why(fleet: RealFleet) -> None:
    job = Job(fleet, Selection.parse("rig=bench1"))
    assert job.place == "bench1"
    assert job.lease is not None
    job.lease.take_out("meter: it does not answer")
    job.end()

    late = Job(fleet, Selection.parse("rig=bench1"), limit_s=1.0)
    late.end()

    assert "bench1 is out of service: meter: it does not answer" in str(late.problem)

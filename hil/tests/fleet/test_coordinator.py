"""Our client against labgrid's own coordinator and exporters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hil.fleet.coordinator import Coordinator, CoordinatorGone, Refused
from hil.fleet.owner import Owner
from hil.tests.acceptance.commands import poll
from hil.tests.fleet.real_fleet import RealFleet, real_fleet

IN_POOL = {"pool": "test"}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealFleet]:
    with real_fleet(tmp_path_factory.mktemp("fleet")) as found:
        for name in ("rig1", "rig2"):
            found.add_place(name, {**IN_POOL, "rig": name})
        yield found


@pytest.fixture
def client(fleet: RealFleet) -> Iterator[Coordinator]:
    with fleet.client() as found:
        yield found
        for name in found.places():
            found.release(name)


def test_a_place_tells_its_tags_and_the_addresses_of_its_parts(client: Coordinator, fleet: RealFleet) -> None:
    place = client.places()["rig1"]

    assert place.tags == {"pool": "test", "rig": "rig1"}
    assert place.owner == ""
    assert place.absent == ()
    assert place.addresses["meter"] == ("VisaInstrument", {"resource": f"TCPIP::{fleet.address}::1::SOCKET"})


def test_a_reservation_by_tags_leads_to_a_place_that_another_job_cannot_acquire(
    client: Coordinator, fleet: RealFleet
) -> None:
    reservation = client.reserve({"rig": "rig1"})
    with fleet.client() as other, pytest.raises(Refused, match="not reserved for"):
        other.acquire("rig1")

    client.acquire(reservation.place)
    client.cancel(reservation.token)

    assert reservation.place == "rig1"
    assert client.places()["rig1"].owner == str(client.owner)
    assert client.reservations() == []


def test_reservations_are_served_in_the_order_in_which_they_came(client: Coordinator, fleet: RealFleet) -> None:
    client.acquire("rig1")
    client.acquire("rig2")
    with fleet.client() as second, fleet.client() as third:
        waiting = [second.reserve(IN_POOL), third.reserve(IN_POOL)]

        assert [each.state for each in waiting] == ["waiting", "waiting"]
        assert waiting[0].comes_before(waiting[1])
        assert [each.token for each in client.reservations()] == [each.token for each in waiting]
        client.release("rig2")
        assert second.poll(waiting[0].token).place == "rig2"
        assert third.poll(waiting[1].token).state == "waiting"
        second.acquire("rig2")
        second.cancel(waiting[0].token)
        second.release("rig2")
        assert third.poll(waiting[1].token).place == "rig2"
        third.cancel(waiting[1].token)


def test_a_place_is_released_for_its_holder_only(client: Coordinator, fleet: RealFleet) -> None:
    client.acquire("rig1")

    with fleet.client() as other:
        other.release("rig1")
        assert other.places()["rig1"].owner == str(client.owner)
        other.release("rig1", owner=str(client.owner))
        assert other.places()["rig1"].owner == ""


def test_tags_and_comment_of_a_place_are_seen_by_other_jobs(client: Coordinator, fleet: RealFleet) -> None:
    client.tag("rig2", {"mark": "here"})
    client.comment("rig2", "the meter does not answer")

    with fleet.client() as other:
        place = other.places()["rig2"]
        assert (place.tags["mark"], place.comment) == ("here", "the meter does not answer")
        other.tag("rig2", {"mark": ""})
        assert "mark" not in client.places()["rig2"].tags


def test_two_jobs_of_one_person_are_two_owners() -> None:
    first, second = Owner.new_job(), Owner.new_job()

    assert first != second
    assert first.host == second.host == Owner.person().host
    assert str(first).count("/") == 1


def test_an_unknown_place_is_refused_with_the_coordinators_reason(client: Coordinator) -> None:
    with pytest.raises(Refused, match="Place nowhere does not exist"):
        client.acquire("nowhere")


def test_parts_whose_exporter_was_killed_are_absent_until_it_is_back(client: Coordinator, fleet: RealFleet) -> None:
    fleet.kill("rig2")
    poll(lambda: client.places()["rig2"].absent, "the coordinator to notice")
    assert client.places()["rig2"].absent == ("rig2/rig/*/meter", "rig2/rig/*/load")

    fleet.start_exporter("rig2")

    poll(lambda: not client.places()["rig2"].absent, "the exporter")


def test_a_coordinator_that_is_killed_is_told_and_is_connected_again_when_it_is_back(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with real_fleet(tmp_path_factory.mktemp("restart"), 1) as fleet, fleet.client() as client:
        client.places()
        fleet.kill("coordinator")
        with pytest.raises(CoordinatorGone, match=r"coordinator 127\..*: it does not answer .*LG_COORDINATOR"):
            client.reserve(IN_POOL)

        fleet.start_coordinator()

        assert client.places() == {}
        assert client.connections == 2

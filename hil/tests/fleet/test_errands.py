"""What the process of a run has done at the coordinator by a program of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.errors import RigFault
from hil.fleet.errands import begin_to_free, look
from hil.fleet.marks import OUT, SERVICE
from hil.fleet.owner import Owner
from hil.fleet.safe_place import SafePlace
from hil.tests.fleet.real_fleet import RealFleet, real_fleet


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealFleet]:
    with real_fleet(tmp_path_factory.mktemp("fleet")) as found:
        found.add_place("bench1", {"rig": "bench1"})
        yield found


def test_the_places_are_as_a_client_sees_them(fleet: RealFleet) -> None:
    with fleet.client() as client:
        assert look(fleet.target, Owner.new_job()) == list(client.places().values())


def test_a_coordinator_that_is_not_there_is_told_with_its_remedy() -> None:
    with pytest.raises(RigFault, match=r"coordinator 127\.0\.0\.1:9: it does not answer .* LG_COORDINATOR"):
        look("127.0.0.1:9", Owner.new_job())


def test_a_place_that_no_rig_file_describes_is_released_and_taken_out_of_service(
    fleet: RealFleet, tmp_path: Path
) -> None:
    owner = Owner.new_job()
    with fleet.client(owner) as client:
        client.acquire("bench1")

        answer = begin_to_free(owner, "bench1", SafePlace(tmp_path, fleet.target, tmp_path)).answer()

        place = client.places()["bench1"]
        assert answer == {"unsafe": "no rig file says how it is made safe"}
        assert (place.owner, place.tags[SERVICE]) == ("", OUT)
        assert "no rig file says how it is made safe. Switch the mains off by hand." in place.comment


def test_a_place_that_another_job_has_by_now_is_left_alone(fleet: RealFleet, tmp_path: Path) -> None:
    with fleet.client() as client:
        client.acquire("bench1")

        answer = begin_to_free(Owner.new_job(), "bench1", SafePlace(tmp_path, fleet.target, tmp_path)).answer()

        assert answer == {"unsafe": ""}
        assert client.places()["bench1"].owner == str(client.owner)
        client.release("bench1")

"""The safe state of a place whose coordinator is gone: it acts on the addresses that were last known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyModbusTCP.client import ModbusClient

from hil.fleet.coordinator import Coordinator
from hil.fleet.errands import begin_to_free
from hil.fleet.owner import Owner
from hil.fleet.safe_place import SafePlace, write_record
from hil.fleet.virtual_fleet import Fleet, down, up
from hil.rig.config.held_place import PLACES, read_place
from hil.tests.acceptance.commands import poll
from hil.tests.fleet.virtual_fleet.kit import hil, kill, labgrid, new_laboratory
from hil.vbench.server import STANDARD_PORTS


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("laboratory")
    new_laboratory(root)
    return root


@pytest.fixture(scope="module")
def fleet(laboratory: Path) -> Iterator[Fleet]:
    yield up(laboratory, 1, laboratory / "rigs/fleet.yaml")
    down(laboratory)


def test_a_place_is_made_safe_and_its_addresses_are_kept_for_when_the_coordinator_is_gone(
    laboratory: Path, fleet: Fleet
) -> None:
    where = {"LG_COORDINATOR": fleet.coordinator, "LG_HIL_PLACE": "virtual-1"}
    relays = ModbusClient(host=fleet.benches["virtual-1"], port=STANDARD_PORTS["relays"])
    labgrid(fleet, "-p", "virtual-1", "acquire")
    for _ in range(2):  # the second time there are addresses that were kept, and the coordinator is asked all the same
        safe = hil(laboratory, "rig", "safe", "rigs/fleet.yaml", **where)
        assert (safe.returncode, safe.stderr) == (0, "")

    record = read_place(laboratory / PLACES / "virtual-1.json")
    assert {each.name for each in record.resources} >= {"meter", "load", "K1", "K4", "cable-console", "bench"}
    assert record.coordinator == fleet.coordinator

    kill(fleet, "coordinator")
    assert relays.write_multiple_coils(0, [True, True, False, False])
    safe = hil(laboratory, "rig", "safe", "rigs/fleet.yaml", **where)
    assert safe.returncode == 0, safe.stderr
    assert f"coordinator {fleet.coordinator} does not answer; virtual-1 is taken where it was at 20" in safe.stderr
    assert relays.read_coils(0, 4) == [False] * 4
    relays.close()

    kill(fleet, "bench virtual-1")
    safe = hil(laboratory, "rig", "safe", "rigs/fleet.yaml", **where)
    assert safe.returncode == 7
    assert "SAFE STATE NOT REACHED" in safe.stderr
    assert "Switch the mains off by hand." in safe.stderr

    (laboratory / PLACES / "virtual-1.json").unlink()
    safe = hil(laboratory, "rig", "safe", "rigs/fleet.yaml", **where)
    assert safe.returncode == 7
    assert "labgrid cannot have the bench" in safe.stderr
    assert "switch the mains off by hand" in safe.stderr


def test_the_place_of_a_killed_process_is_made_safe_without_coordinator_and_released_when_it_is_back(
    laboratory: Path, fleet: Fleet
) -> None:
    rig, owner = laboratory / "rigs/fleet.yaml", Owner.new_job().part(1)
    whole = up(laboratory, 1, rig)
    with Coordinator(fleet.coordinator, owner) as killed:
        killed.acquire("virtual-1")
        write_record(laboratory, fleet.coordinator, killed.places()["virtual-1"], str(owner))
    kill(whole, "coordinator")
    relays = ModbusClient(host=fleet.benches["virtual-1"], port=STANDARD_PORTS["relays"])
    assert relays.write_multiple_coils(0, [True, True, False, False])

    errand = begin_to_free(owner, "virtual-1", SafePlace(laboratory, fleet.coordinator, laboratory / "rigs"))
    poll(lambda: relays.read_coils(0, 4) == [False] * 4, "the relays to open")
    relays.close()
    up(laboratory, 1, rig)

    assert errand.answer() == {"unsafe": ""}
    with Coordinator(fleet.coordinator, Owner.new_job()) as other:
        assert other.places()["virtual-1"].owner == ""

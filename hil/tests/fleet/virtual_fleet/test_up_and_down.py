"""A virtual fleet: real coordinator, exporters and benches, started once for all tests of this module."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyModbusTCP.client import ModbusClient

from hil.errors import ConfigurationError, RigFault
from hil.fleet.virtual_fleet.programs import marked, wait_until
from hil.fleet.virtual_fleet.up_and_down import FOLDER, Fleet, down, info, up
from hil.rig.virtual.standing import StandingBench
from hil.tests.fleet.virtual_fleet.kit import ROOT, hil, kill, labgrid, new_laboratory
from hil.vbench.server import STANDARD_PORTS


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("laboratory")
    new_laboratory(root)
    return root


@pytest.fixture(scope="module")
def fleet(laboratory: Path) -> Iterator[Fleet]:
    yield up(laboratory, 2, laboratory / "rigs/fleet.yaml")
    down(laboratory)
    assert marked((laboratory / FOLDER).resolve()) == []


def test_each_bench_is_a_place_with_the_tags_of_its_rig_file(fleet: Fleet) -> None:
    assert labgrid(fleet, "places").split() == ["virtual-1", "virtual-2"]
    shown = labgrid(fleet, "-p", "virtual-2", "show")
    assert "rig=fleet" in shown
    assert "setup_pair=yes" in shown
    assert "virtual-2/*/*" in shown


def test_a_place_that_is_acquired_has_all_parts_of_its_bench(fleet: Fleet) -> None:
    labgrid(fleet, "-p", "virtual-1", "acquire")
    try:
        shown = labgrid(fleet, "-p", "virtual-1", "show")
        for part in ("VirtualBench/bench", "VisaInstrument/meter", "ModbusTCPCoil/K4", "NetworkSerialPort/cable-link"):
            assert f"virtual-1/virtual-1/{part}" in shown
        assert f"TCPIP::{fleet.benches['virtual-1']}::5025::SOCKET" in shown
    finally:
        labgrid(fleet, "-p", "virtual-1", "release")


def test_down_does_not_end_a_fleet_that_someone_uses_unless_it_is_forced(tmp_path: Path) -> None:
    fleet = up(tmp_path, 1, new_laboratory(tmp_path))
    try:
        labgrid(fleet, "-p", "virtual-1", "acquire")
        refused = hil(tmp_path, "fleet", "down")

        assert refused.returncode == 4
        assert "hil fleet: virtual-1 is held by " in refused.stderr
        assert "With --force the fleet ends at once; what runs on it is a rig fault." in refused.stderr
        assert fleet.missing() == []
        assert hil(tmp_path, "fleet", "down", "--force").returncode == 0
        assert len(fleet.missing()) == len(fleet.programs)
    finally:
        down(tmp_path)


def test_down_asks_no_coordinator_that_is_dead(tmp_path: Path) -> None:
    fleet = up(tmp_path, 1, new_laboratory(tmp_path))
    try:
        kill(fleet, "coordinator")
        assert hil(tmp_path, "fleet", "down").returncode == 0
        assert info(tmp_path) is None
    finally:
        down(tmp_path)


def test_a_second_up_returns_the_fleet_that_is_there_and_refuses_another_size(laboratory: Path, fleet: Fleet) -> None:
    rig = laboratory / "rigs/fleet.yaml"
    assert up(laboratory, 2, rig) == info(laboratory)
    with pytest.raises(ConfigurationError, match=r"a fleet of 2 rigs is up\. End it with: hil fleet down"):
        up(laboratory, 3, rig)


def test_a_job_finds_the_bench_without_the_faults_and_contacts_of_the_job_before(fleet: Fleet) -> None:
    address = fleet.benches["virtual-1"]
    first = StandingBench(address)
    first.seed_fault("meter", "hangs")
    assert ModbusClient(host=address, port=STANDARD_PORTS["relays"]).write_single_coil(0, True)
    assert wait_until(lambda: first.ask({"op": "truth"})["contacts"]["K1"]["closed"], 5.0)
    first.close()
    second = StandingBench(address)
    try:
        assert not any(contact["closed"] for contact in second.ask({"op": "truth"})["contacts"].values())
        with socket.create_connection((address, STANDARD_PORTS["meter"]), timeout=5) as meter:
            meter.sendall(b"*IDN?\n")
            assert b"HMC8015" in meter.recv(100)
    finally:
        second.close()


def test_a_bench_has_one_job_at_a_time(fleet: Fleet) -> None:
    first = StandingBench(fleet.benches["virtual-2"])
    try:
        with pytest.raises(RigFault, match=r"already has a controller.*Wait until the job that has it ends"):
            StandingBench(fleet.benches["virtual-2"])
    finally:
        first.close()


def test_a_bench_that_is_gone_is_a_rig_fault_that_names_its_address() -> None:
    with pytest.raises(RigFault, match=r"virtual bench 127\.63\.255\.254:7000: its control port does not answer"):
        StandingBench("127.63.255.254")


def test_up_starts_what_is_missing_of_a_fleet_and_its_places_are_there_again(tmp_path: Path) -> None:
    rig = new_laboratory(tmp_path)
    fleet = up(tmp_path, 2, rig)
    try:
        bench = next(program.process for program in fleet.programs if program.name == "bench virtual-2")
        for name in ("coordinator", "exporter virtual-1", "bench virtual-1"):
            kill(fleet, name)
        fleet = up(tmp_path, 2, rig)
        assert fleet.missing() == []
        assert fleet == info(tmp_path)
        assert bench in [program.process for program in fleet.programs]
        assert labgrid(fleet, "places").split() == ["virtual-1", "virtual-2"]
        for name in fleet.benches:
            labgrid(fleet, "-p", name, "acquire")
    finally:
        down(tmp_path)


def test_down_ends_a_fleet_of_which_half_is_dead_and_whose_state_file_is_gone(tmp_path: Path) -> None:
    fleet = up(tmp_path, 1, new_laboratory(tmp_path))
    kill(fleet, "exporter virtual-1")
    assert fleet.missing() == ["exporter virtual-1"]
    (tmp_path / FOLDER / "state.json").unlink()
    assert down(tmp_path) == ["2 more processes of the fleet"]
    assert [program.name for program in fleet.programs if program.runs()] == []
    assert down(tmp_path) == []


def test_a_fleet_whose_start_fails_leaves_nothing_behind(tmp_path: Path, fleet: Fleet) -> None:
    rig = new_laboratory(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "hil.fleet.virtual_fleet.up_and_down._addresses",
            lambda folder: iter([*fleet.benches.values(), "127.0.0.1"]),
        )
        with pytest.raises(RigFault, match="bench virtual-1: it ended while it was starting"):
            up(tmp_path, 2, rig)
    assert marked((tmp_path / FOLDER).resolve()) == []
    assert info(tmp_path) is None


@pytest.mark.parametrize("number", [-1, 0, 201])
def test_a_number_of_rigs_that_cannot_be_is_refused(tmp_path: Path, number: int) -> None:
    with pytest.raises(ConfigurationError, match=f"a fleet has 1 to 200 rigs, not {number}"):
        up(tmp_path, number, ROOT / "rigs/fleet.yaml")


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        (
            ("RemotePlace: {name: !template '$LG_HIL_PLACE'}", "VirtualBench: {name: bench}"),
            "it has no RemotePlace,",
        ),
        (("{instrument: meter}", "{instrument: metre}"), "a place of a virtual fleet does not offer metre; it offers"),
    ],
)
def test_a_rig_file_that_cannot_describe_the_places_is_refused(
    tmp_path: Path, changed: tuple[str, str], what: str
) -> None:
    rig = new_laboratory(tmp_path)
    rig.write_text(rig.read_text(encoding="utf-8").replace(*changed), encoding="utf-8")

    done = hil(tmp_path, "fleet", "up", "1", "--rig", str(rig))

    assert done.returncode == 4
    assert f"fleet.yaml: {what}" in done.stderr
    assert info(tmp_path) is None


def test_the_status_tells_who_has_a_place_and_which_exporter_was_killed(tmp_path: Path) -> None:
    fleet = up(tmp_path, 2, new_laboratory(tmp_path))
    try:
        labgrid(fleet, "-p", "virtual-1", "acquire")
        kill(fleet, "exporter virtual-2")
        places: dict[str, dict[str, str]] = {}

        def told() -> bool:
            done = hil(tmp_path, "fleet", "status", "--format", "json", LG_COORDINATOR="")
            assert done.returncode == 0, done.stderr
            places.update({each["name"]: each for each in json.loads(done.stdout)["places"]})
            return places["virtual-2"]["health"] == "away"

        assert wait_until(told, 30.0)
        assert places["virtual-2"]["reason"] == "not offered: virtual-2/*/*"
        assert places["virtual-1"]["owner"]
        assert places["virtual-1"]["health"] == "ok"
        kill(fleet, "coordinator")
        done = hil(tmp_path, "fleet", "status", LG_COORDINATOR="")
        assert done.returncode == 7
        assert f"coordinator {fleet.coordinator}: it does not answer" in done.stderr
    finally:
        down(tmp_path)

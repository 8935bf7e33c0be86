"""The record of a place that a job holds: written, read, and taken for the parts of a rig file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import ConfigurationError, RigFault
from hil.rig.config.held_place import (
    PLACE_VARIABLE,
    RECORD_VARIABLE,
    PlaceRecord,
    PlaceResource,
    held_place,
    read_place,
    with_place,
)
from hil.rig.config.rig_file import RigFile
from hil.rig.safety.lock import clear_locks, find_locks, refuse_locked, write_lock

RIGS = Path(__file__).parents[4] / "rigs"

BENCH = PlaceResource("bench", "VirtualBench", {"address": "127.0.0.9", "clock": "wall", "standing": True})
COIL = PlaceResource("K1", "ModbusTCPCoil", {"host": "127.0.0.9:5020", "coil": 0})


def record(place: str, *resources: PlaceResource) -> PlaceRecord:
    return PlaceRecord(place, "127.0.0.1:20408", "host/user", "2026-11-30T12:00:00+00:00", resources)


@pytest.fixture
def hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RECORD_VARIABLE, str(record("virtual-1", BENCH, COIL).write(tmp_path)))


@given(st.text(min_size=1, max_size=40))
def test_a_record_is_read_as_it_was_written_whatever_the_place_is_called(
    tmp_path_factory: pytest.TempPathFactory, place: str
) -> None:
    folder = tmp_path_factory.mktemp("places")
    path = record(place.encode(errors="ignore").decode() or "x", BENCH, COIL).write(folder)
    assert path.parent == folder
    read = read_place(path)
    assert list(read.resources) == [BENCH, COIL]
    assert read.write(folder) == path


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"resources": [{"name": "K1"}]}', '{"resources": 3}'])
def test_a_record_that_cannot_be_read_is_told_with_its_path_and_remedy(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bench.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"bench\.json: the record of a place cannot be read .*RECORD"):
        read_place(path)


def test_without_a_record_no_place_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(RECORD_VARIABLE, raising=False)
    assert held_place() is None


def test_the_resources_of_the_place_stand_where_the_remote_place_stood() -> None:
    target = {"resources": [{"RemotePlace": {"name": "bench"}}, {"NetworkService": {"name": "other"}}]}
    with_place(target, record("bench", COIL))
    coil = {"ModbusTCPCoil": {"host": "127.0.0.9:5020", "coil": 0, "name": "K1"}}
    assert target["resources"] == [{"NetworkService": {"name": "other"}}, coil]


def test_a_record_that_cannot_be_written_is_a_rig_fault_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file where a folder should be", encoding="utf-8")

    with pytest.raises(RigFault, match=r"reports/places/bench\.json: the record of a place cannot be written \("):
        record("bench", COIL).write(tmp_path / "reports/places")


def test_a_rig_file_without_a_place_is_left_alone() -> None:
    target = {"resources": {"ModbusTCPCoil": {"name": "K2", "host": "192.0.2.1", "coil": 1}}}
    with_place(target, record("bench", COIL))
    assert target == {"resources": {"ModbusTCPCoil": {"name": "K2", "host": "192.0.2.1", "coil": 1}}}


@pytest.mark.usefixtures("hold")
def test_a_rig_on_a_held_place_of_a_virtual_fleet_is_a_standing_virtual_bench_in_real_time() -> None:
    rig = RigFile.load(RIGS / "fleet.yaml")
    assert (rig.virtual, rig.standing, rig.real_time, rig.bench_address) == (True, True, True, "127.0.0.9")


def test_a_rig_whose_place_is_not_held_is_taken_for_a_physical_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (RECORD_VARIABLE, PLACE_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    rig = RigFile.load(RIGS / "fleet.yaml")
    assert (rig.virtual, rig.standing, rig.real_time, rig.place_name) == (False, False, True, "")


def test_a_lock_of_one_place_does_not_lock_another_place_of_the_same_rig_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {name: str(record(name, BENCH).write(tmp_path / "places")) for name in ("virtual-1", "virtual-2")}
    rig = RigFile.load(RIGS / "fleet.yaml")
    monkeypatch.setenv(RECORD_VARIABLE, places["virtual-1"])
    write_lock(tmp_path / "locks", rig, "K1 is welded shut")
    assert [lock.rig for _, lock in find_locks(tmp_path / "locks", rig)] == ["virtual-1"]
    monkeypatch.setenv(RECORD_VARIABLE, places["virtual-2"])
    assert find_locks(tmp_path / "locks", rig) == []


def test_a_lock_of_a_place_is_cleared_by_whoever_names_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(RECORD_VARIABLE, str(record("virtual-1", BENCH).write(tmp_path / "places")))
    write_lock(tmp_path, RigFile.load(RIGS / "fleet.yaml"), "K1 is welded shut")
    monkeypatch.delenv(RECORD_VARIABLE)
    rig = RigFile.load(RIGS / "fleet.yaml")
    monkeypatch.setenv(PLACE_VARIABLE, "virtual-2")
    refuse_locked(tmp_path, rig)
    monkeypatch.setenv(PLACE_VARIABLE, "virtual-1")
    with pytest.raises(RigFault, match=r"'virtual-1' is locked .*: LG_HIL_PLACE=virtual-1 hil rig clear .*fleet\.yaml"):
        refuse_locked(tmp_path, rig)
    assert [lock.rig for lock in clear_locks(tmp_path, rig)] == ["virtual-1"]


def test_what_the_drivers_of_a_rig_bind_and_its_file_does_not_have_is_what_its_place_has_to_offer() -> None:
    lines = ("socket-link", "cable-link", "socket-console", "cable-console")
    rig = RigFile.load(RIGS / "fleet.yaml")
    assert rig.parts_of_place.keys() == {"meter", "load", "K1", "K2", "K3", "K4", *lines}
    assert rig.place(*rig.parts_of_place["K3"]) == (30, 49)
    assert RigFile.load(RIGS / "virtual.yaml").parts_of_place == {}


def test_a_place_that_a_rig_file_names_itself_is_its_bench() -> None:
    assert RigFile.load(RIGS / "remote.yaml").place_name == "bench"
    assert RigFile.load(RIGS / "virtual.yaml").place_name == ""

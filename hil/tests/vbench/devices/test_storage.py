"""The storage of a device in the bench, and what becomes of the device when it fails."""

from __future__ import annotations

import errno

import pytest

from hil.devices.board import Board
from hil.devices.storage.journal import DeviceJournal, StorageFailed, TornRecord
from hil.errors import ConfigurationError, RigFault
from hil.tests.vbench.bench_kit import Echo, plain_bench
from hil.vbench.bench import Bench
from hil.vbench.control.seeded_faults import seed
from hil.vbench.devices.storage import EVERY, FULL, NEWEST, READ_ONLY, DeviceStorage, Medium
from hil.vbench.model_request import ModelRequest

K3 = 2


@pytest.fixture
def storage() -> DeviceStorage:
    storage = DeviceStorage()
    storage.restart()
    storage.write("session", b"old")
    return storage


@pytest.mark.parametrize(("fault", "why"), [(FULL, "No space left on device"), (READ_ONLY, "Read-only file system")])
def test_a_storage_that_cannot_be_written_keeps_what_it_has_until_it_works_again(
    storage: DeviceStorage, fault: str, why: str
) -> None:
    storage.fail(fault)
    with pytest.raises(RigFault, match=f"cannot write record 'session': {why}"):
        storage.write("session", b"new")
    assert storage.read("session") == b"old"
    storage.mend()
    storage.write("session", b"new")
    storage.restart()
    assert storage.read("session") == b"new"


@pytest.mark.parametrize("fault", [FULL, READ_ONLY])
def test_a_storage_that_cannot_be_written_can_be_read_after_a_power_cut(storage: DeviceStorage, fault: str) -> None:
    storage.fail(fault)
    storage.restart()
    assert storage.read("session") == b"old"


def test_a_storage_that_was_read_only_from_the_beginning_cannot_be_opened() -> None:
    storage = DeviceStorage()
    storage.fail(READ_ONLY)
    with pytest.raises(RigFault, match="cannot lock the folder: Read-only file system"):
        storage.read("session")


def test_one_torn_file_is_made_good_from_the_other_copy_and_all_torn_are_told(storage: DeviceStorage) -> None:
    storage.fail(NEWEST)
    storage.restart()
    assert storage.read("session") == b"old"
    storage.fail(EVERY)
    storage.restart()
    with pytest.raises(TornRecord, match="record 'session' is damaged in all its copies"):
        storage.read("session")


def test_a_medium_fails_with_the_errors_of_a_file_system() -> None:
    medium = Medium()
    medium.create("a")
    with pytest.raises(FileExistsError):
        medium.create("a")
    with pytest.raises(FileNotFoundError):
        medium.remove("b")
    with pytest.raises(FileNotFoundError):
        medium.rename("b", "c")
    medium.fault = READ_ONLY
    for change, name in ((medium.create, "b"), (medium.remove, "a"), (medium.lock, "b")):
        with pytest.raises(OSError, match="Read-only file system") as found:
            change(name)
        assert found.value.errno == errno.EROFS
    assert medium.names() == ["a"]


class Writing(Echo):
    """Writes a record when its time has come."""

    def on_time(self, now: float) -> None:
        super().on_time(now)
        DeviceJournal(self.board.storage).skip_addresses(1)


def build(role: str, profile: dict[str, object], board: Board) -> Writing:
    return Writing(board, profile)


@pytest.fixture
def bench() -> Bench:
    bench = plain_bench(f"{__name__}:build")
    bench.reset(ModelRequest("s", devices={"socket": {"talk": 1.0}}))
    bench.model.plant.relays[K3].set(closed=True)
    bench.advance(0.5, {})
    return bench


def records(bench: Bench) -> DeviceStorage:
    storage = bench.model.hosts["socket"].storage
    assert isinstance(storage, DeviceStorage)
    return storage


def until(bench: Bench, instant: float) -> None:
    while bench.now() < instant:
        bench.advance(instant, {})


def test_a_device_that_stops_over_a_seeded_fault_of_its_storage_is_no_failure_and_starts_again(bench: Bench) -> None:
    seed(bench, "socket storage", FULL, 0.0)
    until(bench, 3.0)
    assert bench.take_faults() == []
    assert "No space left on device" in bench.model.hosts["socket"].stopped
    seed(bench, "socket storage", "works again", 0.0)
    for on in (False, True):
        bench.model.plant.relays[K3].set(closed=on)
        until(bench, bench.now() + 2.0)
    assert bench.model.hosts["socket"].stopped == ""
    assert DeviceJournal(records(bench)).addresses_used() == 1


def test_a_device_that_stops_over_its_storage_without_a_seeded_fault_has_failed(bench: Bench) -> None:
    def refuse(name: str, record: bytes) -> None:
        raise StorageFailed("cannot be written", place="device storage")

    records(bench).write = refuse  # type: ignore[method-assign]
    until(bench, 3.0)
    ((who, how),) = bench.take_faults()
    assert (who, "cannot be written" in how) == ("socket", True)


def test_a_device_that_fails_in_another_way_while_its_storage_is_out_of_order_has_failed(bench: Bench) -> None:
    seed(bench, "socket storage", FULL, 0.0)
    bench.model.uarts["socket-link"].receiver(b"die")
    assert [who for who, _ in bench.take_faults()] == ["socket"]


def test_a_storage_fails_in_no_other_way(bench: Bench) -> None:
    with pytest.raises(ConfigurationError, match="'melted' is not a way to fail; known: full, read-only, slow, torn"):
        seed(bench, "socket storage", "melted", 0.0)
    with pytest.raises(ConfigurationError, match="no cable is fitted"):
        seed(bench, "cable storage", FULL, 0.0)

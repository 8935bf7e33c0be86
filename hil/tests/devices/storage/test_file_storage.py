"""Records in files: power cuts at every operation, damage, full and read-only media, two processes."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.devices.storage.file_storage import MAX_RECORD_BYTES, FileStorage
from hil.devices.storage.journal import TornRecord
from hil.errors import RigFault
from hil.tests.devices.storage.simulated_disk import PowerCut, SimulatedDisk, cut_before, fail_at

PLACE = Path("device")
OLD, NEW = b"old" * 20, b"newer" * 20


def opened(disk: SimulatedDisk) -> FileStorage:
    return FileStorage(PLACE, disk)


def disk_with(*records: bytes) -> SimulatedDisk:
    disk = SimulatedDisk()
    with opened(disk) as storage:
        for record in records:
            storage.write("session", record)
    disk.operations = 0
    return disk


# --- every cut of one write ---------------------------------------------------------------------------------------


def cuts_of_one_write(earlier: tuple[bytes, ...]) -> list[tuple[SimulatedDisk, bool]]:
    """Return each disk that any cut of writing NEW may leave, and whether the write was acknowledged."""
    left: list[tuple[SimulatedDisk, bool]] = []
    whole = disk_with(*earlier)
    storage = opened(whole)
    first = whole.operations
    storage.write("session", NEW)
    for number in range(first, whole.operations + 1):
        for torn in (False, True):
            disk = disk_with(*earlier)
            storage = opened(disk)
            if torn:
                disk.torn_write = number
            else:
                disk.before = cut_before(number)
            acknowledged = True
            try:
                storage.write("session", NEW)
            except PowerCut:
                acknowledged = False
            left += [(outcome, acknowledged) for outcome in disk.outcomes()]
    return left


@pytest.mark.parametrize("earlier", [(), (OLD,), (b"older", OLD)])
def test_every_cut_of_a_write_leaves_the_old_record_or_the_new_one(earlier: tuple[bytes, ...]) -> None:
    old = earlier[-1] if earlier else None
    cuts = cuts_of_one_write(earlier)
    assert len(cuts) > 100
    found = set()
    for disk, acknowledged in cuts:
        storage = opened(disk)
        found.add(storage.read("session"))
        assert storage.read("session") in ({NEW} if acknowledged else {old, NEW})
        assert not [name for name in disk.files if name.endswith(".new")]
    assert found == {old, NEW}


def test_a_copy_that_rots_in_or_after_any_cut_never_takes_back_an_acknowledged_record() -> None:
    for disk, acknowledged in cuts_of_one_write((OLD,)):
        for copy in ("session.a", "session.b"):
            (damaged,) = disk.outcomes()
            damaged.damage(copy, 77)
            assert opened(damaged).read("session") in ({NEW} if acknowledged else {OLD, NEW})


def test_a_record_that_was_read_after_a_cut_stays_through_every_cut_of_its_repair() -> None:
    for disk, _ in cuts_of_one_write((OLD,)):
        (trial,) = disk.outcomes()
        opened(trial)
        for number in range(trial.operations + 1):
            (again,) = disk.outcomes()
            again.before = cut_before(number)
            seen = None
            with contextlib.suppress(PowerCut):
                seen = opened(again).read("session")
            for last in again.outcomes():
                found = opened(last).read("session")
                assert found == seen if seen is not None else found in {OLD, NEW}


# --- any sequence -------------------------------------------------------------------------------------------------


@settings(derandomize=True, deadline=None, database=None, max_examples=300)
@given(st.data())
def test_any_writes_cuts_ends_and_damage_leave_what_was_acknowledged_or_was_being_written(data: st.DataObject) -> None:
    disk, names = SimulatedDisk(), ("session", "addresses")
    legal: dict[str, set[bytes | None]] = {name: {None} for name in names}
    whole = True
    for _ in range(data.draw(st.integers(1, 6), "lives")):
        disk.operations = 0
        disk.before = cut_before(data.draw(st.integers(0, 40), "cut before"))
        disk.torn_write = data.draw(st.none() | st.integers(0, 40), "torn write")
        writing: tuple[str, bytes] | None = None
        try:
            storage = opened(disk)
            whole = True
            for name in names:
                record = storage.read(name)
                assert record in legal[name]
                legal[name] = {record}
            for _ in range(data.draw(st.integers(0, 4), "writes")):
                writing = (data.draw(st.sampled_from(names)), data.draw(st.binary(max_size=40)))
                storage.write(*writing)
                legal[writing[0]] = {writing[1]}
                assert storage.read(writing[0]) == writing[1]
                writing = None
        except PowerCut:
            if writing is not None:
                legal[writing[0]].add(writing[1])
        if data.draw(st.booleans(), "only the process ends"):
            disk.process_ended()
            continue
        disk = disk.outcome(lambda count: data.draw(st.integers(0, count - 1)))
        copies = sorted(name for name in disk.files if not name.endswith(".new"))
        if whole and copies and data.draw(st.booleans(), "damage"):
            victim = data.draw(st.sampled_from(copies))
            twin = victim[:-1] + ("b" if victim.endswith("a") else "a")
            if twin in disk.files:
                disk.damage(victim, data.draw(st.integers(0, 4000)))
                whole = False  # until the storage was opened and had time to make it whole
    disk.before, disk.torn_write = lambda number: None, None
    disk.process_ended()
    storage = opened(disk)
    for name in names:
        assert storage.read(name) in legal[name]


# --- damage -------------------------------------------------------------------------------------------------------


@settings(derandomize=True, deadline=None, database=None, max_examples=60)
@given(st.sampled_from("ab"), st.integers(0, 2000))
def test_one_damaged_copy_is_made_anew_from_the_other_and_told(copy: str, bit: int) -> None:
    disk = disk_with(OLD, NEW)
    disk.damage(f"session.{copy}", bit)
    storage = opened(disk)
    assert storage.repaired == [f"session.{copy}"]
    assert disk.files["session.a"].flushed == disk.files["session.b"].flushed
    assert storage.read("session") == NEW


@pytest.mark.parametrize("second", ["damaged", "gone"])
def test_two_bad_copies_are_refused_loudly_kept_and_hinder_no_other_record(second: str) -> None:
    disk = disk_with(OLD)
    disk.damage("session.a", 5)
    disk.damage("session.b", 400)
    if second == "gone":
        disk.remove("session.b")
    kept = {name: file.data for name, file in disk.files.items()}
    storage = opened(disk)
    for _ in range(2):
        with pytest.raises(TornRecord, match=r"device: record 'session' is damaged in all its copies.*restore"):
            storage.read("session")
        with pytest.raises(TornRecord):
            storage.write("session", NEW)
    assert {name: file.data for name, file in disk.files.items()} == kept
    storage.write("addresses", NEW)
    assert storage.read("addresses") == NEW


def test_two_different_records_of_one_generation_are_refused() -> None:
    disk, other = disk_with(OLD), disk_with(NEW)
    disk.files["session.b"] = other.files["session.b"]
    with pytest.raises(TornRecord, match="two copies of generation 1 that differ"):
        opened(disk).read("session")


def test_a_record_under_the_name_of_another_is_damage() -> None:
    disk = disk_with(OLD)
    disk.files = {name.replace("session", "addresses"): file for name, file in disk.files.items()}
    with pytest.raises(TornRecord):
        opened(disk).read("addresses")


def test_of_two_whole_copies_the_newer_counts_and_the_older_becomes_like_it() -> None:
    for newer, older in ("ab", "ba"):
        disk = disk_with(OLD, NEW)
        disk.files[f"session.{older}"] = disk_with(OLD).files[f"session.{older}"]
        assert opened(disk).read("session") == NEW
        assert disk.files[f"session.{older}"].flushed == disk.files[f"session.{newer}"].flushed


def test_a_removal_that_is_cut_leaves_the_record_as_it_was_or_gone() -> None:
    found = set()
    for number in range(20):
        disk = disk_with(OLD, NEW)
        storage = opened(disk)
        disk.before = cut_before(disk.operations + number)
        removed = False
        with contextlib.suppress(PowerCut):
            storage.remove("session")
            removed = True
        for left in disk.outcomes():
            record = opened(left).read("session")
            assert record in ({None} if removed else {None, NEW})
            found.add(record)
    assert found == {None, NEW}


# --- faults of the medium -----------------------------------------------------------------------------------------


def operations_of_a_write() -> int:
    disk = disk_with(OLD)
    storage = opened(disk)
    before = disk.operations
    storage.write("session", NEW)
    return disk.operations - before


@pytest.mark.parametrize("at", range(operations_of_a_write()))
def test_a_full_medium_is_told_and_costs_no_record(at: int) -> None:
    disk = disk_with(OLD)
    storage = opened(disk)
    disk.before = fail_at(disk.operations + at, errno.ENOSPC, "No space left on device")
    with pytest.raises(RigFault, match=r"device: .*No space left on device.*\. (Make room|Check the medium)"):
        storage.write("session", NEW)
    disk.before = lambda number: None
    if storage._uncertain:  # it failed between the renames: nobody may build on what is on the medium
        with pytest.raises(RigFault, match="cannot be used any more"):
            storage.read("session")
        storage.close()
        storage = opened(disk)
        assert storage.read("session") in {OLD, NEW}
    else:
        assert storage.read("session") == OLD
    storage.write("session", NEW)
    assert storage.read("session") == NEW


def test_an_undone_rename_makes_the_storage_uncertain_and_an_unwritten_file_does_not() -> None:
    count = operations_of_a_write()
    uncertain = []
    for at in range(count):
        disk = disk_with(OLD)
        storage = opened(disk)
        disk.before = fail_at(disk.operations + at, errno.EIO, "Input/output error")
        with pytest.raises(RigFault):
            storage.write("session", NEW)
        uncertain.append(bool(storage._uncertain))
    assert uncertain == [False] * (count - 3) + [True] * 3


def test_a_read_only_folder_is_told_when_it_is_opened() -> None:
    disk = disk_with(OLD)
    disk.damage("session.a", 9)
    disk.before = fail_at(0, errno.EROFS, "Read-only file system")
    with pytest.raises(RigFault, match=r"device: cannot .*Read-only file system\. Mount it for writing\."):
        opened(disk)
    assert not disk.locked


# --- the file system ----------------------------------------------------------------------------------------------


def test_records_stay_in_a_real_folder_that_only_its_owner_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "socket"
    with FileStorage(folder) as storage:
        assert storage.read("session") is None
        for record in (OLD, b"", NEW):
            storage.write("session", record)
            assert storage.read("session") == record
    with FileStorage(folder) as storage:
        assert storage.read("session") == NEW
        assert storage.repaired == []
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == dict.fromkeys(
        ("lock", "session.a", "session.b"), 0o600
    )


def test_a_folder_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o755)
    FileStorage(folder).close()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_damage_in_a_real_folder_is_repaired_or_refused(tmp_path: Path) -> None:
    with FileStorage(tmp_path) as storage:
        storage.write("session", OLD)
    (tmp_path / "session.a").write_bytes(b"")
    (tmp_path / "session.b.new").write_bytes(b"half")
    with FileStorage(tmp_path) as storage:
        assert storage.repaired == ["session.a"]
        assert storage.read("session") == OLD
    for copy in "ab":
        path = tmp_path / f"session.{copy}"
        path.write_bytes(path.read_bytes()[:-1])
    with FileStorage(tmp_path) as storage, pytest.raises(TornRecord):
        storage.read("session")


def test_two_processes_cannot_use_one_folder(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from hil.devices.storage.file_storage import FileStorage; "
        "FileStorage(pathlib.Path(sys.argv[1]))"
    )
    with FileStorage(tmp_path):
        with pytest.raises(RigFault, match="in use by another process"):
            FileStorage(tmp_path)
        other = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=30, check=False
        )
        assert "the folder is in use by another process. End that program first." in other.stderr
    FileStorage(tmp_path).close()


def test_a_process_that_is_killed_leaves_the_folder_free(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        FileStorage(tmp_path).write("session", OLD)
        os._exit(0)
    os.waitpid(child, 0)
    with FileStorage(tmp_path) as storage:
        assert storage.read("session") == OLD


def test_a_real_limit_on_the_size_of_files_is_told_and_costs_no_record(tmp_path: Path) -> None:
    with FileStorage(tmp_path) as storage:
        storage.write("session", OLD)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        try:
            with pytest.raises(RigFault, match="cannot write record 'session': File too large"):
                storage.write("session", bytes(10_000))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert storage.read("session") == OLD
        assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "session.a", "session.b"]


@pytest.mark.parametrize("path", ["file", "missing/folder"])
def test_a_path_that_can_be_no_folder_is_told(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(RigFault, match="cannot use the folder"):
        FileStorage(tmp_path / path)


def test_names_and_sizes_are_checked(tmp_path: Path) -> None:
    with FileStorage(tmp_path) as storage:
        for name in ("", "../session", "Session", "a.b", "x" * 65):
            with pytest.raises(ValueError, match="no name of a record"):
                storage.write(name, b"")
        storage.write("large", bytes(MAX_RECORD_BYTES))
        assert storage.read("large") == bytes(MAX_RECORD_BYTES)
        with pytest.raises(ValueError, match="at most"):
            storage.write("large", bytes(MAX_RECORD_BYTES + 1))
    with pytest.raises(RigFault, match="it was closed"):
        storage.read("large")

"""Locks of broken rigs: what they refuse, and who clears them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.errors import RigFault
from hil.rig.config.rig_file import RigFile
from hil.rig.safety.lock import clear_locks, find_locks, refuse_locked, write_lock

RIGS = Path(__file__).parents[4] / "rigs"


@pytest.fixture
def rig() -> RigFile:
    return RigFile.load(RIGS / "virtual.yaml")


def test_a_rig_without_a_lock_is_not_refused(rig: RigFile, tmp_path: Path) -> None:
    refuse_locked(tmp_path / "none", rig)


def test_a_locked_rig_is_refused_with_reason_and_remedy(rig: RigFile, tmp_path: Path) -> None:
    write_lock(tmp_path / "locks", rig, "K1 is welded shut")
    with pytest.raises(RigFault, match=r"locked since .*: K1 is welded shut\. Look at the bench.*hil rig clear"):
        refuse_locked(tmp_path / "locks", rig)


def test_the_first_reason_stands(rig: RigFile, tmp_path: Path) -> None:
    write_lock(tmp_path, rig, "the first")
    write_lock(tmp_path, rig, "the second")
    assert [lock.reason for _, lock in find_locks(tmp_path, rig)] == ["the first"]


def test_another_file_of_the_same_bench_is_locked_too_and_another_bench_is_not(rig: RigFile, tmp_path: Path) -> None:
    copy = tmp_path / "copy.yaml"
    copy.write_text((RIGS / "virtual.yaml").read_text())
    write_lock(tmp_path, RigFile.load(copy), "broken")
    assert len(find_locks(tmp_path, rig)) == 1
    assert find_locks(tmp_path, RigFile.load(RIGS / "realtime.yaml")) == []


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"rig": "x"}', "\x00"])
def test_a_lock_that_cannot_be_read_still_locks(rig: RigFile, tmp_path: Path, text: str) -> None:
    (tmp_path / "virtual.json").write_text(text)
    with pytest.raises(RigFault, match="cannot be read"):
        refuse_locked(tmp_path, rig)


def test_a_cleared_rig_may_be_used_again(rig: RigFile, tmp_path: Path) -> None:
    write_lock(tmp_path, rig, "broken")
    assert [lock.reason for lock in clear_locks(tmp_path, rig)] == ["broken"]
    refuse_locked(tmp_path, rig)
    assert clear_locks(tmp_path, rig) == []

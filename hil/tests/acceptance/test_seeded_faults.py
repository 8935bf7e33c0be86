"""A virtual bench whose contactors fail: each is named by what the rig observes, and a welded one locks the rig."""

from __future__ import annotations

import json

import pytest

from hil.errors import ExitCode
from hil.tests.acceptance.commands import Finished


def test_a_welded_k1_is_told_by_its_mirror_contact_and_locks_the_rig(welded: list[Finished]) -> None:
    broken = welded[0]
    assert broken.code == ExitCode.RIG_FAULT, broken.said
    said = "relay K1: reads back open and its mirror contact is closed: it is welded shut"
    assert said in broken.said
    lock = json.loads((broken.project / "lock.txt").read_text())
    assert lock["rig"] == "virtual"
    assert "K1" in lock["reason"]


def test_a_locked_rig_runs_nothing_until_a_person_has_looked(welded: list[Finished]) -> None:
    _, refused, cleared, again = welded
    assert refused.code == ExitCode.RIG_FAULT
    assert "the rig 'virtual' is locked" in refused.said
    assert cleared.code == ExitCode.PASS
    assert again.code == ExitCode.PASS, again.said


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("K1", "the meter still has voltage"),
        ("K2", "W flow through it: it is welded shut"),
        ("K3", "relay K3: reads back open, and the socket talks without a supply: it is welded shut"),
        ("deaf K1", "relay K1: told to open and reads back closed"),
    ],
)
def test_without_mirror_contacts_a_contactor_that_fails_is_found_by_what_goes_through_it(
    part: str, said: str, seeded: dict[str, Finished]
) -> None:
    finished = seeded[part]
    assert finished.code == ExitCode.RIG_FAULT, finished.said
    assert said in finished.said, finished.said


def test_a_socket_whose_contact_is_welded_fails_there_is_no_power_without_credit(seeded: dict[str, Finished]) -> None:
    finished = seeded["socket"]
    assert finished.code == ExitCode.DEVICE_FAILURE, finished.said
    assert "unpaid energy: measured" in finished.said

"""Steps that change a device's firmware: not applicable without another one, and only to a device under test."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.bdd.check.feasibility.course import Course
from hil.bdd.language.applicability import demands
from hil.bdd.language.catalogue import load_catalogue
from hil.rig.config.rig_file import RigFile

VIRTUAL = Path(__file__).parents[3] / "rigs" / "virtual.yaml"
STEPS = ("the socket is given its other firmware", "the socket is given its first firmware again")


@pytest.mark.parametrize("step", STEPS)
def test_it_is_not_applicable_on_a_rig_that_names_no_other_firmware(step: str, tmp_path: Path) -> None:
    (definition,) = load_catalogue().find("when", step)
    (check,) = (demand.check for demand in demands(definition.function, "not-offered"))
    told = "rig 'virtual' names no other firmware of the socket (devices.socket.other_firmware)"
    assert check(RigFile.load(VIRTUAL), "socket") == told
    serial = "        serial: virtual-socket\n"
    path = tmp_path / "rig.yaml"
    two = f"{serial}        command: [sh]\n        other_firmware: [sh, '2']\n"
    path.write_text(VIRTUAL.read_text(encoding="utf-8").replace(serial, two), encoding="utf-8")
    assert check(RigFile.load(path), "socket") == ""
    assert RigFile.load(path).device_programs()["socket"]["other"] == ["sh", "2"]


def test_the_firmware_of_a_device_that_the_bench_plays_cannot_be_changed() -> None:
    course = Course()
    course.device = "cable"
    assert course.firmware_changes("socket") == "the cable is under test; the socket is played by the bench"
    assert course.firmware_changes("cable") is None

"""``hil rig check --under-load`` on a real bench process: a ratio that the bench does not have is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.instruments import hmc8015
from hil.rig.check.findings import CheckFinding, Level
from hil.rig.check.parts import range_behind, relay
from hil.rig.check.run import check_rig, standing
from hil.rig.check.under_load import compare_under_load, not_compared
from hil.rig.config.rig_file import RigFile
from hil.rig.safety.lock import write_lock
from hil.tests.acceptance.commands import ROOT

STATED = "{ratio: 2, rated: 10 A, accuracy_class: 0.5}"
THERE = "{meter_ct_ratio: 2, meter_ct_class: 0.5}"


def rig_file(folder: Path, name: str, stated: str, plant: str) -> RigFile:
    text = (ROOT / f"rigs/{name}.yaml").read_text(encoding="utf-8").replace("plant: {}", f"plant: {plant}")
    if stated:
        before = "meter: {calibration: 'none: virtual'"
        assert before in text
        text = text.replace(before, f"{before}, current_transformer: {stated}")
    (folder / "bench.yaml").write_text(text, encoding="utf-8")
    return RigFile.load(folder / "bench.yaml")


def ratio(rig: RigFile) -> CheckFinding:
    with standing(rig) as (target, _, _):
        (found,) = compare_under_load(target, rig)
        for name in ("K1", "K2"):
            assert not relay(target, name).is_closed()
        return found


@pytest.mark.parametrize("name", ["virtual", "virtual-wt310e"])
def test_a_ratio_that_the_bench_has_is_confirmed_by_the_load(tmp_path: Path, name: str) -> None:
    found = ratio(rig_file(tmp_path, name, STATED, THERE))
    assert found.level is Level.OK
    assert found.what.endswith(" W while the load draws 900.26 W")


@pytest.mark.parametrize(
    ("stated", "plant", "words"),
    [
        (STATED, "{}", ", a factor of 0.5: a current transformer of ratio 1 would explain it, and the rig file states"),
        ("", THERE, ", a factor of 2: a current transformer of ratio 2 would explain it, and the rig file states no"),
    ],
)
def test_a_ratio_that_the_bench_does_not_have_is_a_fault_with_the_one_that_it_has(
    tmp_path: Path, stated: str, plant: str, words: str
) -> None:
    found = ratio(rig_file(tmp_path, "virtual-wt310e", stated, plant))
    assert found.level is Level.FAULT
    assert words in found.what


def test_without_load_it_is_said_that_the_ratio_was_not_compared(tmp_path: Path) -> None:
    (found,) = not_compared(rig_file(tmp_path, "virtual", STATED, THERE))
    assert found.level is Level.NOTE
    assert not_compared(rig_file(tmp_path, "virtual", "", "{}")) == []


def test_a_locked_rig_is_not_compared(tmp_path: Path) -> None:
    rig = rig_file(tmp_path, "virtual-wt310e", STATED, THERE)
    write_lock(tmp_path / "locks", rig, "K1 is welded shut")
    findings = check_rig(rig, limits=[], node="no such provider", locks=tmp_path / "locks", under_load=True)
    (found,) = (each for each in findings if each.part == "meter ratio")
    assert found.what == "not compared: first mend the faults of load and relays"
    (used,) = (each for each in findings if each.part == "meter range")
    assert used.what == "the rig's limits are 4.348 A at its input, behind a ratio of 2, of a range of 10 A"


@pytest.mark.parametrize(
    ("stated", "level", "words"),
    [
        ("{ratio: 5, rated: 10 A, accuracy_class: 0.5}", Level.OK, "1.739 A at its input"),
        ("{ratio: 20, rated: 10 A, accuracy_class: 0.5}", Level.NOTE, "less than 10% of it"),
    ],
)
def test_the_part_of_the_range_that_a_transformer_uses_is_told(
    tmp_path: Path, stated: str, level: Level, words: str
) -> None:
    rig = rig_file(tmp_path, "virtual-wt310e", stated, "{}")
    (found,) = range_behind(hmc8015.LIMITS, rig)
    assert found.level is level
    assert words in found.what

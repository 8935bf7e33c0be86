"""``hil rig zero`` on a real bench process: what it does, what it keeps, and when it refuses."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hil.errors import ExitCode
from hil.rig.check.findings import Level, ok
from hil.rig.check.kept import keep, keep_zero, last_check
from hil.rig.check.zeroing import zero_rig
from hil.rig.config.rig_file import RigFile
from hil.rig.safety.lock import write_lock
from hil.tests.acceptance.commands import ROOT

AT = datetime(2026, 11, 30, 18, 0, tzinfo=UTC)


def rig_file(folder: Path, plant: str = "{}", name: str = "virtual-wt310e") -> RigFile:
    text = (ROOT / f"rigs/{name}.yaml").read_text(encoding="utf-8")
    assert "plant: {}" in text
    (folder / "bench.yaml").write_text(text.replace("plant: {}", f"plant: {plant}"), encoding="utf-8")
    return RigFile.load(folder / "bench.yaml")


def test_the_bench_is_made_safe_and_the_offset_of_the_meter_is_gone(tmp_path: Path) -> None:
    done = zero_rig(rig_file(tmp_path, "{meter_offset_w: 7.5, meter_noise_w: 0}"), locks=tmp_path / "locks")

    assert [each.level for each in done.findings] == [Level.OK] * 6
    assert [each.part for each in done.findings] == [
        "load",
        "relay K1",
        "relay K2",
        "relay K3",
        "relay K4",
        "meter zero",
    ]
    assert done.before == pytest.approx(7.5, abs=0.1)
    assert done.after == pytest.approx(0.0, abs=0.01)
    assert re.fullmatch(r"7\.5\d* W without input before, 0 W after", done.findings[-1].what)


@pytest.mark.parametrize(
    ("plant", "words"),
    [
        ("{meter_current_offset_a: 0.5}", r"0\.(49|5)\d* A flow through it: not zeroed"),
        ("{meter_voltage_offset_v: 50}", r"there are (49\.[89]|50)\S* V at its terminals: not zeroed"),
    ],
)
def test_a_meter_at_whose_inputs_something_is_is_not_zeroed(tmp_path: Path, plant: str, words: str) -> None:
    done = zero_rig(rig_file(tmp_path, plant), locks=tmp_path / "locks")
    assert (done.before, done.after) == (None, None)
    assert done.findings[-1].level is Level.FAULT
    assert done.findings[-1].code is ExitCode.RIG_FAULT
    assert re.match(words, done.findings[-1].what)


def test_a_meter_without_such_a_command_is_refused_and_nothing_is_switched(tmp_path: Path) -> None:
    done = zero_rig(rig_file(tmp_path, name="virtual"), locks=tmp_path / "locks")
    (found,) = done.findings
    assert found.code is ExitCode.AUTHOR_ERROR
    assert found.what == "the driver of this HMC8015 knows no command that zeroes it; zero it by its manual"


def test_a_locked_rig_is_not_touched(tmp_path: Path) -> None:
    rig = rig_file(tmp_path)
    write_lock(tmp_path / "locks", rig, "K1 is welded shut")
    (found,) = zero_rig(rig, locks=tmp_path / "locks").findings
    assert "K1 is welded shut" in found.what


def test_when_it_was_zeroed_is_kept_beside_the_last_check(tmp_path: Path) -> None:
    rig = rig_file(tmp_path)
    keep_zero(tmp_path / "checks", rig, 1.25, -0.01, AT)
    assert last_check(tmp_path / "checks", rig) is None
    keep(tmp_path / "checks", rig, [ok("meter rate", "updates every 0.1 s")], AT)
    check = last_check(tmp_path / "checks", rig)
    assert check is not None
    assert check["measured"] == [
        {"part": "meter rate", "what": "updates every 0.1 s"},
        {"part": "meter zeroed", "what": "2026-11-30T18:00:00+00:00, 1.25 W before, -0.01 W after"},
    ]


@pytest.mark.parametrize("text", ["", "null", '{"rig": "another"}', '{"rig": "virtual-wt310e", "at": "x"}'])
def test_what_is_no_zeroing_of_this_rig_is_left_out(tmp_path: Path, text: str) -> None:
    rig = rig_file(tmp_path)
    keep(tmp_path, rig, [], AT)
    (tmp_path / "bench.zero.json").write_text(text)
    check = last_check(tmp_path, rig)
    assert check is not None
    assert check["measured"] == []

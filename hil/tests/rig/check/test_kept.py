"""What a check of a rig found is kept for the runs on that rig: figures only, and no address."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hil.errors import RigFault
from hil.rig.check.findings import fault, note, ok
from hil.rig.check.kept import keep, last_check
from hil.rig.config.rig_file import RigFile

ROOT = Path(__file__).parents[4]
AT = datetime(2026, 11, 30, 18, 0, tzinfo=UTC)
FOUND = [
    ok("meter rate", "updates every 0.100 s; a reading takes 3 ms"),
    note("line socket-link", "no loop-back plug at 192.0.2.7"),
    fault("meter zero", "20 W without voltage"),
]


@pytest.fixture
def rig() -> RigFile:
    return RigFile.load(ROOT / "rigs/realtime.yaml")


def test_the_figures_of_the_last_check_are_kept_and_no_address_is(tmp_path: Path, rig: RigFile) -> None:
    keep(tmp_path / "checks", rig, FOUND[:2], AT)
    keep(tmp_path / "checks", rig, FOUND, AT)
    assert last_check(tmp_path / "checks", rig) == {
        "at": "2026-11-30T18:00:00+00:00",
        "faults": 1,
        "measured": [
            {"part": "meter rate", "what": "updates every 0.100 s; a reading takes 3 ms"},
            {"part": "meter zero", "what": "20 W without voltage"},
        ],
    }


def test_a_rig_that_was_never_checked_has_no_last_check(tmp_path: Path, rig: RigFile) -> None:
    assert last_check(tmp_path, rig) is None


@pytest.mark.parametrize("text", ["", "[]", "null", '{"rig": "realtime"}', '{"rig": "another", "at": ""}', "\x00"])
def test_what_is_no_check_of_this_rig_is_none(tmp_path: Path, rig: RigFile, text: str) -> None:
    (tmp_path / "realtime.json").write_text(text)
    assert last_check(tmp_path, rig) is None


def test_a_check_that_cannot_be_kept_says_where_and_why(tmp_path: Path, rig: RigFile) -> None:
    (tmp_path / "checks").write_text("a file")
    with pytest.raises(RigFault, match=r"checks/realtime\.json: the findings cannot be kept \(File exists\)"):
        keep(tmp_path / "checks", rig, FOUND, AT)

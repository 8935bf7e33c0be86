"""How long scenarios took in earlier runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hil.scenario.run_folder import RUNS, ScenarioFacts
from hil.scenario.shared.durations import NEWEST, known_durations, title_of

BENCH = frozenset({"bench"})


def write_run(root: Path, number: int, durations: Any, rig: str = "bench") -> None:
    folder = root / RUNS / f"20260101T{number:06d}Z"
    folder.mkdir(parents=True)
    document = {"rig": {"name": rig}, "host": {"durations_s": durations}}
    (folder / "run.json").write_text(json.dumps(document), encoding="utf-8")


def test_the_newest_run_on_such_a_rig_tells(tmp_path: Path) -> None:
    write_run(tmp_path, 1, {"a": 1.0, "b": 2.0})
    write_run(tmp_path, 2, {"a": 5.0})
    write_run(tmp_path, 3, {"a": 9.0}, rig="virtual")

    assert known_durations(tmp_path, BENCH) == {"a": 5.0, "b": 2.0}


def test_runs_that_cannot_be_read_tell_nothing(tmp_path: Path) -> None:
    write_run(tmp_path, 1, {"a": 1.0})
    write_run(tmp_path, 2, {"a": "long"})
    write_run(tmp_path, 3, ["a"])
    (tmp_path / RUNS / "broken").mkdir()
    (tmp_path / RUNS / "broken/run.json").write_text("{", encoding="utf-8")

    assert known_durations(tmp_path, BENCH) == {"a": 1.0}


def test_only_the_newest_runs_are_looked_at(tmp_path: Path) -> None:
    write_run(tmp_path, 0, {"old": 1.0})
    for number in range(1, NEWEST + 1):
        write_run(tmp_path, number, {"new": 2.0})

    assert known_durations(tmp_path, BENCH) == {"new": 2.0}


def test_a_laboratory_without_runs_knows_none(tmp_path: Path) -> None:
    assert known_durations(tmp_path, BENCH) == {}


def test_repetitions_of_a_scenario_share_what_is_known_of_it() -> None:
    first, second = (ScenarioFacts("A", label, "a.feature", 1, ()) for label in ("A[3]", "A[3]#2"))

    assert title_of(first) == title_of(second) == "a.feature::A[3]"

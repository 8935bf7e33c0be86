"""``python -m hil.perf.fleet``: how much of eight rigs a run on eight places of a fleet gets.

The rigs are virtual ones in real time, behind a real labgrid coordinator and exporters, all on this machine. So the
figure holds only while its processor is not the limit; ``fleet_processor_busy`` tells how near that was.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from hil.errors import RigFault
from hil.fleet.address import ADDRESS_VARIABLE
from hil.fleet.virtual_fleet.up_and_down import down, up
from hil.rig.config.project import find_project

RIGS: Final = 8
SECONDS: Final = range(20, 44)
"""What the scenarios wait; there are three for each rig."""

ALONE: Final = 2
"""Scenarios that one rig runs alone, to know what one costs beside its wait."""

RUN_S: Final = 900

FEATURE: Final = """\
Feature: Waits
  Scenario Outline: A session that goes on for <seconds> s
    Given the socket is under test in single-fee mode
    And the load draws 100 W
    When the devices are switched on
    And the first payment has been accepted
    And <seconds> s have passed
    Then 1 payment of 0.1 mBTC was accepted

    Examples:
      | seconds |
"""


def measure() -> Mapping[str, Any]:
    """Start a fleet in a laboratory of its own, run on one rig and on all, end the fleet."""
    rigs = find_project(Path.cwd()).rigs
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("rigs", "features"):
            (root / name).mkdir()
        shutil.copy(rigs / "fleet.yaml", root / "rigs")
        _write(root / "features/alone.feature", list(SECONDS)[:ALONE])
        _write(root / "features/all.feature", list(SECONDS))
        fleet = up(root, RIGS, root / "rigs/fleet.yaml")
        try:
            alone, _ = _run(root, fleet.coordinator, "features/alone.feature", 1)
            together, busy = _run(root, fleet.coordinator, "features/all.feature", RIGS)
        finally:
            down(root)
    took = list(alone["host"]["durations_s"].values())
    beside = sum(took) / ALONE - sum(list(SECONDS)[:ALONE]) / ALONE
    opening = alone["host"]["wall_s"] - sum(took)
    serial = opening + sum(SECONDS) + beside * len(SECONDS)
    wall = together["host"]["wall_s"]
    return {
        "fleet_rigs": RIGS,
        "fleet_scenarios": len(SECONDS),
        "fleet_verdict": together["verdict"],
        "fleet_serial_s": round(serial, 1),
        "fleet_wall_s": wall,
        "fleet_efficiency": round(serial / RIGS / wall, 3),
        "fleet_wall_to_ideal": round(wall * RIGS / serial, 3),
        "fleet_processor_busy": round(busy, 2),
    }


def _write(path: Path, seconds: list[int]) -> None:
    path.write_text(FEATURE + "".join(f"      | {each} |\n" for each in seconds), encoding="utf-8")


def _run(root: Path, coordinator: str, feature: str, benches: int) -> tuple[dict[str, Any], float]:
    """Return ``run.json`` of a run, and the share of the processors that was busy meanwhile."""
    before = _processor()
    command = [sys.executable, "-m", "hil.cli.main", "run", "--place", "rig=*", "--benches", str(benches), feature]
    done = subprocess.run(
        command,
        cwd=root,
        env={**os.environ, ADDRESS_VARIABLE: coordinator},
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    busy, idle = (now - then for now, then in zip(_processor(), before, strict=True))
    try:
        document: dict[str, Any] = json.loads((root / "reports/runs/latest/run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise RigFault(f"the run did not come to its end: {done.stdout[-500:]}{done.stderr[-500:]}") from None
    return document, busy / (busy + idle)


def _processor() -> tuple[int, int]:
    """Return how long the processors were busy and idle since the machine started, in ticks."""
    times = [int(word) for word in Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()[1:9]]
    idle = times[3] + times[4]
    return sum(times) - idle, idle


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(), indent=2) + "\n")

"""What it costs to record a reading and to read it back, and how much of the evidence a killed process loses."""

from __future__ import annotations

import os
import random
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from hil.clock import WallClock, stopwatch
from hil.evidence.documents import Event, Kind
from hil.evidence.record import read_scenario
from hil.evidence.run_folder.scenario_writer import ScenarioWriter
from hil.units import Second

READINGS: Final = 100_000
KILLS: Final = 20
PAUSES: Final = {"real_time": 0.005, "virtual_time": 0.0}
"""Seconds between two events of the process that is killed; in virtual time they come as fast as it can write."""

_TIMES: Final = struct.Struct("<dd")
_LONGEST_S: Final = 0.7
"""Wall time after which the process is killed at the latest."""


def measure() -> Mapping[str, Any]:
    """Return bytes and events a second of writing and reading, and the largest loss of a killed process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "0001-readings.jsonl.gz"
        written = _write(path)
        size = path.stat().st_size
        elapsed = stopwatch()
        count = len(read_scenario(path).events)
        read = elapsed()
        losses = {
            name: [_loss_ms(Path(folder) / f"{name}-{turn}.jsonl.gz", pause) for turn in range(KILLS)]
            for name, pause in PAUSES.items()
        }
    return {
        "evidence_bytes_a_reading": round(size / count, 1),
        "evidence_written_a_second": round(count / written),
        "evidence_read_a_second": round(count / read),
        **{
            f"evidence_lost_by_kill_{name}_ms": {
                "median": round(statistics.median(each), 1),
                "worst": round(max(each), 1),
            }
            for name, each in losses.items()
        },
    }


def reading(t: float, chance: random.Random) -> Event:
    """Return a reading as the lab meter gives it."""
    data = {"voltage_V": round(chance.gauss(230, 0.1), 2), "current_A": round(chance.gauss(5.65, 0.01), 3)}
    return Event(Kind.READING, t, "meter", {**data, "power_W": round(chance.gauss(1300, 1), 1)}, before=0.1)


def _write(path: Path) -> float:
    chance = random.Random(7)  # noqa: S311 - a test signal
    events = [reading(number / 10, chance) for number in range(READINGS)]
    writer, elapsed = ScenarioWriter(path), stopwatch()
    for event in events:
        writer.write(event)
    writer.close()
    return elapsed()


def _loss_ms(path: Path, pause: float) -> float:
    """Return how much later the last event was that a killed process recorded than the last one in its file, in ms."""
    noted = path.with_suffix(".noted")
    command = [sys.executable, "-m", __name__, str(path), str(noted), str(pause)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    if process.stdout is not None:
        process.stdout.readline()
    WallClock().sleep(Second(random.uniform(0.2, _LONGEST_S)))  # noqa: S311 - any instant
    process.send_signal(signal.SIGKILL)
    process.communicate()
    first, last = _TIMES.unpack(noted.read_bytes())
    events = read_scenario(path).events
    return float(last - (events[-1].t if events else first)) * 1000


def _record(path: Path, noted: Path, pause: float) -> None:
    """Record readings until the process is killed; note the times of the first and the last one that was recorded."""
    clock, chance, writer = WallClock(), random.Random(7), ScenarioWriter(path)  # noqa: S311 - a test signal
    began = clock.now()
    with noted.open("wb", buffering=0) as file:
        file.write(_TIMES.pack(began, began))
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        while True:
            now = clock.now()
            writer.write(reading(now, chance))
            os.pwrite(file.fileno(), _TIMES.pack(began, now), 0)
            if pause:
                clock.sleep(Second(pause))


if __name__ == "__main__":
    _record(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))

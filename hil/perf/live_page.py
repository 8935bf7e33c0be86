"""What the live page costs: the run that tells where its bench is, the page that looks at 700 scenarios."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hil.bdd.pytest_plugin.showing.bench_status import EVERY_S
from hil.clock import stopwatch
from hil.evidence.documents import Event, Json, Kind, Verdict
from hil.evidence.store import RunWriter
from hil.live.folder import begin_live, bench_file, write_live
from hil.live.hub import LOOK_EVERY_S
from hil.live.model import RunModel

SCENARIOS = 700
READINGS = 640
"""Of each: the mean of the suite."""

TRIES = 200


def measure() -> dict[str, Any]:
    """Return ``live_page``: seconds for one write of a bench's state, for the first look at the folder and for another.

    The shares are those of one processor: of the run at its writes, of the page at its looks while it has a viewer.
    """
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "run"
        writer = RunWriter.create(folder, {"id": "run", "rig": {"name": "virtual"}}, {})
        listed: list[Json] = [{"number": number, "name": f"scenario {number}"} for number in range(1, SCENARIOS + 1)]
        begin_live(folder, {"scenarios": listed})
        state: dict[str, Json] = {"bench": 1, "scenario": SCENARIOS, "step": "And the session has ended", "now": 1.0}
        write = _median(lambda: write_live(folder, bench_file(1), state))
        for number in range(1, SCENARIOS + 1):
            _record(writer, number)
        model, first = RunModel(folder), stopwatch()
        model.look()
        first_look = first()
        look = _median(model.look)
    return {
        "live_page": {
            "write_s": round(write, 6),
            "share_of_run": round(write / EVERY_S, 5),
            "first_look_s": round(first_look, 3),
            "look_s": round(look, 5),
            "share_of_page": round(look / LOOK_EVERY_S, 4),
        }
    }


def _record(run: RunWriter, number: int) -> None:
    """Write a scenario that has ended; the last one goes on."""
    writer = run.scenario(number, f"scenario {number}")
    writer.write(Event(Kind.START, 0.0, "bench", {"name": f"scenario {number}"}))
    for reading in range(READINGS):
        figures: dict[str, Json] = {"power_W": 1300.0 + reading % 7, "voltage_V": 230.0, "energy_Wh": reading / 30}
        writer.write(Event(Kind.READING, reading / 10, "meter", figures))
    if number < SCENARIOS:
        writer.write(Event(Kind.STOP, READINGS / 10, "bench", {"verdict": Verdict.PASS.value}))
        run.scenario_done(writer)
    else:
        writer.close()


def _median(act: Callable[[], object]) -> float:
    walls = []
    for _ in range(TRIES):
        wall = stopwatch()
        act()
        walls.append(wall())
    return statistics.median(walls)

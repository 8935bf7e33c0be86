"""Studies with known values: no bench is needed for what is made of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from hil.evidence.limits import Limit
from hil.history.studies.sessions import Measured, StudySession
from hil.rig.config.rig_file import RigFile
from hil.study.limits import DeclaredLimit
from hil.study.result import StudyResult
from hil.study.together import result_of

ROOT = Path(__file__).parents[3]
LEVELS = {"power": (100.0, 500.0, 900.0), "voltage": (207.0, 230.0, 253.0), "time": (0.2, 1.0, 5.0)}
STATED = {"power": 1.6, "voltage": 0.25, "energy": 0.005, "time": 0.16}
SECONDS = 10.0


def rig(name: str = "virtual.yaml") -> RigFile:
    return RigFile.load(ROOT / "rigs" / name)


def session(
    number: int = 1,
    *,
    error: float = 0.0,
    bench: str | None = None,
    known: float | None = 0.0,
    levels: Sequence[float] = LEVELS["power"],
    rig_name: str = "virtual",
    scatter: float = 0.02,
) -> StudySession:
    """Return a session whose power and energy are wrong by ``error`` W, with a little noise.

    :param scatter: the largest noise, in stated U.
    """
    chance = random.Random(number)  # noqa: S311 - the same noise each time
    found = []
    by_quantity = {**LEVELS, "power": levels, "energy": [each * SECONDS / 3600 for each in levels]}
    factor = {"power": 1.0, "energy": SECONDS / 3600, "voltage": 0.0, "time": 0.0}
    for quantity, values in by_quantity.items():
        for level in values:
            for trial in (1, 2):
                noise = chance.uniform(-scatter, scatter) * STATED[quantity]
                value = level + error * factor[quantity] + noise
                found.append(Measured(quantity, level, trial, value, STATED[quantity], level, known))
    return StudySession(
        run_id=f"run-{number}",
        number=1,
        digest="abc",
        began=f"2031-05-{number:02}T09:30:00+00:00",
        rig=rig_name,
        virtual=rig_name == "virtual",
        bench=bench or f"bench {number}",
        operator="Ada",
        seed="7",
        measured=tuple(found),
    )


def limit(
    quantity: str, low: float | None, high: float | None, *, amount: float = 0.0, bounded: bool = True, unit: str = ""
) -> DeclaredLimit:
    """Return a declared limit with the room that its bounds leave."""
    room = (high - low) / 2 if low is not None and high is not None else float(high or 0.0)
    units = {"power": "W", "energy": "Wh", "time": "s", "interruption": "s"}
    return DeclaredLimit(
        f"a {quantity}",
        Limit(unit or units[quantity], low, high),
        quantity,
        room,
        amount,
        36.0 if quantity == "energy" else 0.0,
        bounded,
        ("REQ-A-1", "REQ-B-2", "REQ-C-3", "REQ-D-4"),
        "features/x.feature:7",
    )


def study(
    *sessions: StudySession, limits: Sequence[DeclaredLimit] = (), name: str = "virtual.yaml", together: bool = False
) -> StudyResult:
    """Return what these sessions come to."""
    return result_of(rig(name), sessions, [], limits, 0, all_together=together)

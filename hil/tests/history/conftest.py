"""Run folders with known measurements, and a history on each database that is installed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hil.evidence.documents import Event, Json, Kind, Verdict
from hil.evidence.limits import Limit, Measurement
from hil.evidence.observations import Sampled, Source
from hil.evidence.store import RunWriter
from hil.history.facts import RunFacts, read_facts
from hil.history.store import History
from hil.tests.history.postgres import PROGRAMS, server

BEGAN = datetime(2031, 5, 17, 9, 30, tzinfo=UTC)
ENERGY = "energy delivered"
LIMIT = Limit("Wh", low=39.0, high=41.0)


@dataclass
class Lab:
    """Writes run folders, each an hour after the one before."""

    folder: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def run(
        self,
        *values: float,
        names: tuple[str, ...] = ("One slice",),
        firmware: str = "1.0",
        commit: str = "83b3b3a2f0c4",
        seed: str | None = None,
        uncertainty: float = 0.1,
        limit: Limit = LIMIT,
        virtual: bool = False,
        finished: bool = True,
        verdict: Verdict | None = None,
        name: str = ENERGY,
    ) -> Path:
        """Write a run in which each scenario of ``names`` takes one of the values; the limit decides its verdict."""
        number = next(self.numbers)
        began = BEGAN + timedelta(hours=number)
        identity = f"{began:%Y%m%dT%H%M%SZ}-{number:06x}"
        device: Json = {"role": "socket", "firmware": firmware, "serial": "S1"}
        document: dict[str, Json] = {
            "id": identity,
            "started": began.isoformat(),
            "commit": commit,
            "seed": seed or str(number),
            "rig": {"name": "bench-1", "virtual": virtual, "devices": [device]},
        }
        clock = "virtual" if virtual else "wall"
        run = RunWriter.create(self.folder / "reports/runs" / identity, document, {})
        measurement = Measurement(name, limit, Sampled, (Source.LAB_METER,))
        verdicts = []
        for index, (scenario, value) in enumerate(zip(names, values, strict=True), 1):
            writer = run.scenario(index, scenario)
            data: dict[str, Json] = {"name": scenario, "feature": "features/toast.feature", "line": 7}
            data |= {"setup": "socket under test", "seed": seed or str(number)}
            writer.write(Event(Kind.START, 0.0, "bench", data, clock=clock))
            finding = measurement.find(Sampled.of(value, uncertainty))
            writer.write(Event(Kind.VERDICT, 9.0, "bench", finding.document(), clock=clock))
            verdicts.append(verdict or finding.verdict)
            writer.write(Event(Kind.STOP, 10.0, "bench", {"verdict": verdicts[-1].value}, clock=clock))
            run.scenario_done(writer)
        if finished:
            run.finish(max(verdicts, key=list(Verdict).index))
        return run.folder

    def facts(self, *values: float, **more: object) -> RunFacts:
        """Write a run and read it."""
        return read_facts(self.run(*values, **more))  # type: ignore[arg-type]  # handed on as they are


def alter(folder: Path) -> None:
    """Forge a run: another rig."""
    path = folder / "run.json"
    path.write_text(path.read_text(encoding="utf-8").replace("bench-1", "bench-2"), encoding="utf-8")


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "lab")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a server that this session has started."""
    with server() as url:
        yield url


OpenHistory = Callable[[], History]


@pytest.fixture(params=["sqlite", *(["postgresql"] if PROGRAMS is not None else [])])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty history is; also on a real PostgreSQL server where one is installed."""
    if request.param == "sqlite":
        return str(tmp_path / "history.sqlite")
    from sqlalchemy import create_engine

    from hil.history.database import METADATA

    url: str = request.getfixturevalue("postgresql")
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    METADATA.drop_all(engine)
    engine.dispose()
    return url


@pytest.fixture
def history(location: str, tmp_path: Path) -> Iterator[History]:
    with ExitStack() as closing:
        yield closing.enter_context(History.open(location, tmp_path))

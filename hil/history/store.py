"""Runs go into the history once, and values come out of it in the order of time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from hil.errors import ConfigurationError, RigFault
from hil.evidence.documents import Verdict
from hil.history.database import MEASUREMENT, RUN, SCENARIO, open_database
from hil.history.facts import RunFacts
from hil.history.statistics.yields import Attempt
from hil.history.studies.store import Studies


@dataclass(frozen=True)
class Point:
    """A value of a measurement in the history."""

    run_id: str
    began: str
    virtual: bool
    commit: str
    scenario: str
    seed: str
    firmware: str
    serial: str
    unit: str
    number: float | None
    uncertainty: float | None
    limit_low: float | None
    limit_high: float | None
    verdict: Verdict


class History:
    """The history of a laboratory's runs. Use it in a ``with`` statement, which closes it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.studies = Studies(engine)

    @classmethod
    def open(cls, location: str, root: Path) -> History:
        """See :func:`hil.history.database.open_database`."""
        return cls(open_database(location, root))

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Connection]:
        """Give a connection; what is done with it counts as a whole, or not at all."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            shown = self._engine.url.render_as_string(hide_password=True)
            words = " ".join(str(error.__cause__ or error).split())
            raise RigFault(f"the history does not answer ({words})", place=shown) from error

    def add(self, run: RunFacts) -> bool:
        """Add a run; return whether it was not there yet. A run that was not finished is replaced once it is.

        Raises ConfigurationError for altered evidence, or for a run that is there with another digest.
        """
        if run.faults:
            raise ConfigurationError(f"the evidence was altered: {' '.join(run.faults)}", place=run.run_id)
        try:
            with self._connected() as connection:
                return _add(connection, run)
        except IntegrityError:  # another process has added it meanwhile
            return False

    def known(self) -> set[str]:
        """Return the ids of the runs that are there, and were finished."""
        with self._connected() as connection:
            return set(connection.execute(select(RUN.c.run_id).where(RUN.c.digest != "")).scalars())

    def measurements(self) -> list[tuple[str, int]]:
        """Return the names of all measurements, each with how many values it has."""
        query = select(MEASUREMENT.c.name, func.count(MEASUREMENT.c.number)).group_by(MEASUREMENT.c.name)
        with self._connected() as connection:
            return sorted((str(name), int(count)) for name, count in connection.execute(query))

    def points(self, measurement: str) -> list[Point]:
        """Return the values of a measurement, oldest first."""
        query = (
            select(RUN, SCENARIO, MEASUREMENT)
            .join(SCENARIO, SCENARIO.c.run == RUN.c.id)
            .join(MEASUREMENT, MEASUREMENT.c.scenario == SCENARIO.c.id)
            .where(MEASUREMENT.c.name == measurement)
            .order_by(RUN.c.began, RUN.c.run_id, SCENARIO.c.number, MEASUREMENT.c.id)
        )
        with self._connected() as connection:
            return [_point(row._mapping) for row in connection.execute(query)]

    def attempts(self) -> list[Attempt]:
        """Return each scenario of each run, oldest first."""
        query = (
            select(RUN, SCENARIO)
            .join(SCENARIO, SCENARIO.c.run == RUN.c.id)
            .order_by(RUN.c.began, RUN.c.run_id, SCENARIO.c.number)
        )
        with self._connected() as connection:
            return [_attempt(row._mapping) for row in connection.execute(query)]


def _add(connection: Connection, run: RunFacts) -> bool:
    for key, digest in connection.execute(select(RUN.c.id, RUN.c.digest).where(RUN.c.run_id == run.run_id)):
        if digest == run.digest and digest:
            return False
        if digest:
            what = (
                f"the run is in the history with another evidence digest ({digest}); here it is {run.digest or 'none'}"
            )
            raise ConfigurationError(what, place=run.run_id, remedy="One of the two was altered: hil report tells.")
        connection.execute(delete(RUN).where(RUN.c.id == key))  # it was not finished then
    row = {
        "run_id": run.run_id,
        "digest": run.digest,
        "began": run.began,
        "verdict": run.verdict.value if run.verdict is not None else None,
        "rig": run.rig,
        "virtual": run.virtual,
        "commit_id": run.commit,
        "version": run.version,
    }
    (run_key,) = connection.execute(insert(RUN).values(row)).inserted_primary_key or (None,)
    for scenario in run.scenarios:
        told = {
            "run": run_key,
            "number": scenario.number,
            "title": scenario.title,
            "verdict": scenario.verdict.value,
            "setup": scenario.setup,
            "seed": scenario.seed,
            "firmware": scenario.firmware,
            "serial": scenario.serial,
        }
        (key,) = connection.execute(insert(SCENARIO).values(_clean(told))).inserted_primary_key or (None,)
        if values := [
            _clean({**vars(each), "scenario": key, "verdict": each.verdict.value}) for each in scenario.values
        ]:
            connection.execute(insert(MEASUREMENT), values)
    return True


def _clean(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as each database takes it: PostgreSQL refuses NUL and half a surrogate pair."""
    return {
        name: value.replace("\0", "\ufffd").encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in row.items()
    }


def _point(row: Any) -> Point:
    return Point(
        run_id=row[RUN.c.run_id],
        began=row[RUN.c.began],
        virtual=row[RUN.c.virtual],
        commit=row[RUN.c.commit_id],
        scenario=row[SCENARIO.c.title],
        seed=row[SCENARIO.c.seed],
        firmware=row[SCENARIO.c.firmware],
        serial=row[SCENARIO.c.serial],
        unit=row[MEASUREMENT.c.unit],
        number=row[MEASUREMENT.c.number],
        uncertainty=row[MEASUREMENT.c.uncertainty],
        limit_low=row[MEASUREMENT.c.limit_low],
        limit_high=row[MEASUREMENT.c.limit_high],
        verdict=Verdict(row[MEASUREMENT.c.verdict]),
    )


def _attempt(row: Any) -> Attempt:
    unit = (row[SCENARIO.c.firmware], row[SCENARIO.c.serial], row[RUN.c.commit_id])
    return Attempt(row[SCENARIO.c.title], unit, Verdict(row[SCENARIO.c.verdict]), row[RUN.c.run_id])

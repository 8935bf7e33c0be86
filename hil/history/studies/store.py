"""Sessions of studies go into the history once, and come out of it in the order of time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from hil.errors import RigFault
from hil.history.database import STUDY_SESSION, STUDY_VALUE
from hil.history.studies.sessions import Measured, StudySession

_SESSION = ("run_id", "number", "digest", "began", "rig", "virtual", "bench", "operator", "seed")
_VALUE = ("quantity", "level", "trial", "value", "uncertainty", "reference", "reference_uncertainty")


class Studies:
    """The studies of a laboratory, in the database of its history.

    :param engine: of :func:`hil.history.database.open_database`; who opened it closes it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, sessions: Sequence[StudySession]) -> None:
        """Add sessions; one that is there already is left as it is."""
        for session in sessions:
            with contextlib.suppress(IntegrityError), self._connected() as connection:
                row = {name: getattr(session, name) for name in _SESSION}
                (key,) = connection.execute(insert(STUDY_SESSION).values(row)).inserted_primary_key or (None,)
                values = [
                    {"session": key, **{name: getattr(each, name) for name in _VALUE}} for each in session.measured
                ]
                if values:
                    connection.execute(insert(STUDY_VALUE), values)

    def sessions(self, rig: str) -> list[StudySession]:
        """Return the sessions of the rig with this name, oldest first."""
        query = (
            select(STUDY_SESSION, STUDY_VALUE)
            .join(STUDY_VALUE, STUDY_VALUE.c.session == STUDY_SESSION.c.id)
            .where(STUDY_SESSION.c.rig == rig)
            .order_by(STUDY_SESSION.c.began, STUDY_SESSION.c.run_id, STUDY_SESSION.c.number, STUDY_VALUE.c.id)
        )
        measured: dict[int, list[Measured]] = {}
        rows: dict[int, dict[str, Any]] = {}
        with self._connected() as connection:
            for row in connection.execute(query):
                key = row._mapping[STUDY_SESSION.c.id]
                rows.setdefault(key, {name: row._mapping[STUDY_SESSION.c[name]] for name in _SESSION})
                values = {name: row._mapping[STUDY_VALUE.c[name]] for name in _VALUE}
                measured.setdefault(key, []).append(Measured(**values))
        return [StudySession(**row, measured=tuple(measured[key])) for key, row in rows.items()]

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            shown = self._engine.url.render_as_string(hide_password=True)
            words = " ".join(str(error.__cause__ or error).split())
            raise RigFault(f"the history does not answer ({words})", place=shown) from error

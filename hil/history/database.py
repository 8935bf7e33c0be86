"""The database of the history: SQLite in the laboratory, or PostgreSQL by URL."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import (
    Boolean,
    Column,
    Engine,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    insert,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from hil.errors import ConfigurationError, RigFault
from hil.owner_only import make_file

DEFAULT = "reports/history.sqlite"
"""The file of a laboratory that names no other history."""

VERSION = 1
"""Of the tables. A history of another version is refused: it is filled anew from the run folders."""

_BUSY_S = 30.0
"""For so long a run waits for another that writes."""

METADATA = MetaData()

SCHEMA = Table("history_schema", METADATA, Column("version", Integer, primary_key=True, autoincrement=False))

RUN = Table(
    "run",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run_id", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("began", Text, nullable=False, index=True),
    Column("verdict", Text),
    Column("rig", Text, nullable=False),
    Column("virtual", Boolean, nullable=False),
    Column("commit_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    UniqueConstraint("run_id", "digest"),
)

SCENARIO = Table(
    "scenario",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey("run.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("title", Text, nullable=False, index=True),
    Column("verdict", Text, nullable=False),
    Column("setup", Text, nullable=False),
    Column("seed", Text, nullable=False),
    Column("firmware", Text, nullable=False),
    Column("serial", Text, nullable=False),
)

MEASUREMENT = Table(
    "measurement",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("scenario", ForeignKey("scenario.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False, index=True),
    Column("unit", Text, nullable=False),
    Column("number", Float),
    Column("uncertainty", Float),
    Column("limit_low", Float),
    Column("limit_high", Float),
    Column("verdict", Text, nullable=False),
)

STUDY_SESSION = Table(
    "study_session",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("began", Text, nullable=False, index=True),
    Column("rig", Text, nullable=False, index=True),
    Column("virtual", Boolean, nullable=False),
    Column("bench", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("seed", Text, nullable=False),
    UniqueConstraint("run_id", "number"),
)

STUDY_VALUE = Table(
    "study_value",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("session", ForeignKey("study_session.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("quantity", Text, nullable=False),
    Column("level", Float, nullable=False),
    Column("trial", Integer, nullable=False),
    Column("value", Float, nullable=False),
    Column("uncertainty", Float, nullable=False),
    Column("reference", Float, nullable=False),
    Column("reference_uncertainty", Float),
)


def open_database(location: str, root: Path) -> Engine:
    """Open the history at a URL, or in a file of SQLite with this path; make its tables if it has none.

    :param root: of the laboratory: what a path is relative to.
    Raises ConfigurationError for a URL that names no database, RigFault if it cannot be reached.
    """
    url = location if "://" in location else f"sqlite:///{root / location}"
    shown = _shown(url)
    try:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            make_file(Path(parsed.database))
        timeout = {"timeout": _BUSY_S} if parsed.get_backend_name() == "sqlite" else {"connect_timeout": 10}
        engine = create_engine(parsed, connect_args=timeout)
    except (ArgumentError, NoSuchModuleError) as error:
        what = f"this names no database ({error}); a path of SQLite, or postgresql://user@host/name"
        raise ConfigurationError(what, place=shown) from None
    except ModuleNotFoundError as error:
        what = f"the library {error.name} is missing. Install it: pip install 'micropay-hil[postgresql]'"
        raise ConfigurationError(what, place=shown) from None
    except OSError as error:
        raise _unreachable(shown, error) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = ON"))
    try:
        _prepare(engine, shown)
    except SQLAlchemyError as error:
        engine.dispose()
        raise _unreachable(shown, error.__cause__ or error) from error
    except ConfigurationError:
        engine.dispose()
        raise
    return engine


def _prepare(engine: Engine, shown: str) -> None:
    """Make the tables, or see that those that are there are ours."""
    with engine.begin() as connection:
        METADATA.create_all(connection)
        version = connection.execute(select(SCHEMA.c.version)).scalar()
        if version is None:
            connection.execute(insert(SCHEMA).values(version=VERSION))
        elif version != VERSION:
            raise ConfigurationError(
                f"the tables have version {version}; this release reads version {VERSION}",
                place=shown,
                remedy="Name another history in [tool.hil], and fill it from the run folders: hil history add.",
            )


def _shown(url: str) -> str:
    """Return the URL without its password."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "history"


def _unreachable(shown: str, error: BaseException) -> RigFault:
    what = f"the history cannot be opened ({' '.join(str(error).split())})"
    return RigFault(what, place=shown, remedy="See that it is there, and that this user may write to it.")

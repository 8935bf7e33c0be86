"""Writes scenarios as MCAP, Parquet or CSV files."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any, Final, get_type_hints

from hil.errors import ConfigurationError
from hil.evidence.export.tables import EventRow, ReadingRow, event_rows, reading_rows
from hil.evidence.record import read_scenario
from hil.evidence.run_folder.files import on_disk

TABLES: Final[Mapping[str, tuple[type[tuple[Any, ...]], Callable[..., Iterable[tuple[Any, ...]]]]]] = {
    "events": (EventRow, event_rows),
    "readings": (ReadingRow, reading_rows),
}


def export(files: Sequence[Path], form: str, folder: Path) -> list[Path]:
    """Write the scenarios of these files into ``folder`` and return what was written.

    Raises ConfigurationError if a library is missing, RigFault if the disk does not take it.
    """
    with on_disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
        return {"mcap": _mcap, "parquet": _parquet, "csv": _csv}[form](files, folder)


def _mcap(files: Sequence[Path], folder: Path) -> list[Path]:
    _library("mcap")
    from hil.evidence.export.mcap_file import write_mcap

    return [write_mcap(read_scenario(path), folder) for path in files]


def _csv(files: Sequence[Path], folder: Path) -> list[Path]:
    written = []
    for name, (row, rows) in TABLES.items():
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(get_type_hints(row))
            for each in files:
                writer.writerows(rows(read_scenario(each)))
        written.append(path)
    return written


def _parquet(files: Sequence[Path], folder: Path) -> list[Path]:
    arrow = _library("pyarrow")
    parquet = _library("pyarrow.parquet")
    types = {str: arrow.string(), int: arrow.int64(), float: arrow.float64()}
    schemas = {
        name: arrow.schema([(column, types[kind]) for column, kind in get_type_hints(row).items()])
        for name, (row, _) in TABLES.items()
    }
    paths = {name: folder / f"{name}.parquet" for name in TABLES}
    with ExitStack() as closing:
        writers = {
            name: closing.enter_context(parquet.ParquetWriter(paths[name], schemas[name], compression="zstd"))
            for name in TABLES
        }
        for each in files:
            scenario = read_scenario(each)
            for name, (_, rows) in TABLES.items():
                columns = list(zip(*rows(scenario), strict=True)) or [()] * len(schemas[name])
                arrays = [arrow.array(column, field.type) for column, field in zip(columns, schemas[name], strict=True)]
                writers[name].write_table(arrow.Table.from_arrays(arrays, schema=schemas[name]))
    return list(paths.values())


def _library(name: str) -> ModuleType:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        raise ConfigurationError(
            f"the library '{name.partition('.')[0]}' is not installed", remedy="pip install 'micropay-hil[export]'"
        ) from None

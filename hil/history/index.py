"""``reports/index.html``: all runs of a laboratory, newest first.

What was read of a run is kept in ``reports/.index.json`` with time and size of its ``run.json``, and read anew only if
they have changed. The verdicts of a run's scenarios are counted once, when the run ends; of runs that are not counted
yet, the newest few are counted each time.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hil.errors import RigFault
from hil.evidence.documents import Verdict
from hil.evidence.record import RunRecord
from hil.evidence.repeated import repeated
from hil.evidence.run_folder.files import RUN_FILE, replace_file
from hil.evidence.verdicts import verdict_of_run
from hil.history.page import render
from hil.report.html.page import REPORT_FILE
from hil.report.run_view import RunView
from hil.report.text_format import section_of, text_of, verdict_of

INDEX_FILE = "index.html"
CACHE_FILE = ".index.json"
CACHE_VERSION = 1

COUNTED_AT_ONCE = 10
"""Runs whose scenarios are read to count them when the index is written at the end of another run."""

MOST_ROWS = 2_000
"""Of the page; it says how many older runs there are."""

_SHORT_COMMIT = 12


@dataclass(frozen=True)
class Row:
    """A run in the index.

    :ivar counts: scenarios by verdict; None if they are not counted yet.
    :ivar stamp: time and size of ``run.json`` when it was read.
    """

    folder: str
    stamp: tuple[int, int]
    run_id: str
    readable: bool
    began: str | None
    verdict: Verdict | None
    counts: list[tuple[Verdict, int]] | None
    seed: str | None
    rig: str | None
    virtual: bool
    commit: str | None
    report: str = ""
    """Path of the report from the index; empty if there is none."""


def write_index(reports: Path, ended: RunView | None = None, *, at_once: int | None = COUNTED_AT_ONCE) -> Path:
    """Write the index of the runs in ``reports/runs`` and return its path; raises RigFault if the disk takes it not.

    :param ended: the run that has just ended, whose scenarios need not be counted again.
    :param at_once: how many runs that are not counted yet may be read in full; None: all.
    """
    known = _cached(reports / CACHE_FILE)
    rows = []
    for folder in _run_folders(reports / "runs"):
        row = _row(folder, known.get(folder.name))
        if ended is not None and ended.folder.resolve() == folder.resolve():
            row = replace(row, counts=list(ended.counts), verdict=ended.verdict)
        elif row.counts is None and (at_once is None or at_once > 0):
            at_once = None if at_once is None else at_once - 1
            row = _counted(folder, row)
        rows.append(row)
    _keep(reports / CACHE_FILE, rows)
    path = reports / INDEX_FILE
    shown = [_linked(reports, row) for row in rows[:MOST_ROWS]]
    replace_file(path, render("index.html.j2", rows=shown, older=len(rows) - len(shown)), private=True)
    return path


def _run_folders(runs: Path) -> list[Path]:
    """Return the run folders, newest first: their names begin with the time at which they began."""
    if not runs.is_dir():
        return []
    folders = [each for each in runs.iterdir() if not each.is_symlink() and (each / RUN_FILE).is_file()]
    return sorted(folders, key=lambda each: each.name, reverse=True)


def _row(folder: Path, known: Row | None) -> Row:
    found = (folder / RUN_FILE).stat()
    stamp = (found.st_mtime_ns, found.st_size)
    if known is not None and known.stamp == stamp:
        return known
    try:
        record = RunRecord.load(folder)
    except (OSError, ValueError):
        return Row(folder.name, stamp, folder.name, False, None, None, [], None, None, False, None)
    document, rig = record.document, section_of(record.document, "rig")
    finished = document.get("finished") is True and record.damage is None
    return Row(
        folder=folder.name,
        stamp=stamp,
        run_id=text_of(document, "id") or folder.name,
        readable=record.damage is None,
        began=text_of(document, "started") or text_of(section_of(document, "host"), "started"),
        verdict=verdict_of(document) if finished else None,
        counts=None,
        seed=text_of(document, "seed"),
        rig=text_of(rig, "name") or text_of(rig, "file"),
        virtual=rig.get("virtual") is True,
        commit=_short(text_of(document, "commit")),
    )


def _short(commit: str | None) -> str | None:
    if commit is None or len(commit) < _SHORT_COMMIT:
        return commit
    return commit[:_SHORT_COMMIT] + ("+" if commit.endswith("+") else "")


def _counted(folder: Path, row: Row) -> Row:
    """Return the row with its scenarios counted; no verdict is milder than theirs."""
    found: Counter[Verdict] = Counter()
    damaged = False
    try:
        record = RunRecord.load(folder)
        again = repeated(record.document)
        for number, scenario in enumerate(record.scenarios, 1):
            if number in again:  # it counts by its second attempt
                continue
            found[scenario.verdict] += 1
            damaged = damaged or scenario.damage is not None
    except (OSError, ValueError):
        return row
    verdict = row.verdict
    if verdict is not None:
        verdict = verdict_of_run([*found.elements(), *([None] * damaged)], also=[verdict])
    return replace(row, counts=[(each, found[each]) for each in Verdict if found[each]], verdict=verdict)


def _linked(reports: Path, row: Row) -> Row:
    there = (reports / "runs" / row.folder / REPORT_FILE).is_file()
    return replace(row, report=f"runs/{quote(row.folder)}/{REPORT_FILE}" if there else "")


def _cached(path: Path) -> Mapping[str, Row]:
    """Return what was read of the runs before; nothing if the file is missing, of another version or not ours."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["version"] != CACHE_VERSION:
            return {}
        rows = [_from_json(each) for each in document["runs"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return {row.folder: row for row in rows}


def _from_json(document: dict[str, Any]) -> Row:
    counts = document["counts"]
    told = None if counts is None else [(Verdict(each), int(number)) for each, number in counts]
    verdict = document["verdict"]
    stamp = int(document["stamp"][0]), int(document["stamp"][1])
    return Row(**{**document, "stamp": stamp, "counts": told, "verdict": None if verdict is None else Verdict(verdict)})


def _keep(path: Path, rows: Iterable[Row]) -> None:
    """Keep what was read; without it the next index only takes longer."""
    document = {"version": CACHE_VERSION, "runs": [vars(row) for row in rows]}
    try:
        replace_file(path, json.dumps(document), private=True)
    except RigFault:
        path.unlink(missing_ok=True)

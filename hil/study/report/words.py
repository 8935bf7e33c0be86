"""A study on the terminal, and as JSON for other programs."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from hil.report.text_format import on_a_line, printed
from hil.study.limits import Decidable
from hil.study.report.tables import Table, tables
from hil.study.result import StudyResult


def lines(result: StudyResult) -> Iterator[str]:
    """Yield the lines of a study for the terminal."""
    for table in tables(result, brief=True):
        yield from _table_lines(table)
        yield ""
    for remark in result.remarks:
        yield on_a_line(remark)
    yield summary(result)


def summary(result: StudyResult) -> str:
    """Return what the study comes to, in a line."""
    counts = Counter(each.decidable for each in result.decisions)
    told = ", ".join(f"{counts[kind]} {kind}" for kind in Decidable if counts[kind]) or "none declared"
    outside = sum(len(each.outside) for each in result.quantities)
    count = sum(len(each.values) for each in result.quantities if each.reference_known)
    holds = (
        "no reference is known, so the stated uncertainties were not held against it"
        if not count
        else f"{outside} of {count} measurements deviate by more than the stated U"
    )
    return f"limits: {told}; {holds}"


def as_json(result: StudyResult) -> str:
    """Return a study for other programs."""
    quantities = []
    for each in result.quantities:
        document = _plain(each)
        document["variation"] |= {
            "grr": each.variation.grr,
            "tv": each.variation.tv,
            "grr_percent_of_total": each.variation.share(each.variation.grr),
            "ndc": each.variation.ndc,
        }
        quantities.append({**document, "uncertainty": each.uncertainty, "outside": len(each.outside)})
    document = {
        "rig": result.rig,
        "virtual": result.virtual,
        "folder": result.folder,
        "quantities": quantities,
        "limits": [_plain(each) for each in result.decisions],
        "unknown_limits": result.unknown_limits,
        "sessions": [_plain(dataclasses.replace(each, measured=())) for each in result.sessions],
        "remarks": list(result.remarks),
        "exit_code": int(result.exit_code),
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, enum.Enum):
        return value.value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _table_lines(table: Table) -> Iterator[str]:
    yield table.title
    if table.rows:
        rows = [table.head, *table.rows]
        widths = [max(len(row[column]) for row in rows) for column in range(len(table.head))]
        for row in rows:
            cells = (
                text.rjust(width) if column in table.numbers else text.ljust(width)
                for column, (text, width) in enumerate(zip(row, widths, strict=True))
            )
            yield "  " + printed(on_a_line("  ".join(cells).rstrip()))
    for note in table.notes:
        yield f"  {note}"

"""Outlines tagged ``@pairwise``: each value of a column stands in a row with each value of every other column.

``hil pairs`` writes the rows that are missing. Only tables of one outline with the same columns are seen together.
Where no pair asks for another value, a new row has the first one of its column: the first row is the place for the
values that take least time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.bdd.language.document import Problem
from hil.errors import AuthorError
from hil.evidence.value_pairs import PAIRWISE, Row, missing_pairs, pairs_in, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hil.bdd.language.document import Document, Examples, Scenario

SHOWN = 3
"""Of the missing pairs a problem names so many."""


def is_pairwise(scenario: Scenario) -> bool:
    """Tell whether the outline is tagged so."""
    return any(tag.text == PAIRWISE for tag in scenario.tags)


def uncovered_pairs(file: str, scenario: Scenario) -> Iterator[Problem]:
    """Yield a problem if an outline tagged ``@pairwise`` leaves out a pair of values."""
    if not is_pairwise(scenario):
        return
    missing = missing_pairs(_rows(scenario))
    if missing:
        named = "; ".join(map(str, missing[:SHOWN])) + ("; …" if len(missing) > SHOWN else "")
        what = f"{len(missing)} pair{'s' * (len(missing) > 1)} of values stand in no row: {named}"
        yield Problem(file, scenario.line, scenario.column, what, f"'hil pairs {file}' writes them", "uncovered-pair")


def complete(document: Document, *, anew: bool = False) -> tuple[str, int]:
    """Return the text of the feature file with the rows that its outlines lack, and how many of them were added.

    They stand below the last row of the last table of their outline, whose columns are aligned anew.

    :param anew: replace all rows by as few as it takes, for the values that the rows have.
    :raises AuthorError: an outline has several tables and ``anew``, or its tables have different columns.
    """
    lines = document.path.read_text(encoding="utf-8").split("\n")
    added = 0
    for scenario in sorted(document.scenarios, key=lambda each: each.line, reverse=True):
        if not is_pairwise(scenario) or not scenario.examples:
            continue
        place = f"{document.file}:{scenario.line}"
        if len({tuple(column.text for column in each.header) for each in scenario.examples}) > 1:
            raise AuthorError(
                "the tables of this outline have different columns", place=place, remedy="Give them the same columns."
            )
        if anew and len(scenario.examples) > 1:
            raise AuthorError(
                "this outline has several tables, so its rows cannot be replaced",
                place=place,
                remedy="Make one table of them, or leave out --anew.",
            )
        table = scenario.examples[-1]
        kept = [] if anew else [dict(row.values) for row in table.rows]
        new = _covering(_rows(scenario), [] if anew else _rows(scenario))
        if new or anew:
            added += len(new)
            lines[table.header[0].line - 1 : table.rows[-1].line] = _written(table, [*kept, *new])
    return "\n".join(lines), added


def write_missing(document: Document, *, anew: bool = False) -> int:
    """Write the rows that are missing into the file; return how many."""
    text, added = complete(document, anew=anew)
    if text != document.path.read_text(encoding="utf-8"):
        document.path.write_text(text, encoding="utf-8")
    return added


def _rows(scenario: Scenario) -> list[Row]:
    return [row.values for examples in scenario.examples for row in examples.rows]


def _covering(rows: Sequence[Row], tried: Sequence[Row]) -> list[dict[str, str]]:
    """Return few rows that stand for each pair of the values of ``rows`` that does not stand in ``tried``."""
    from allpairspy import AllPairs

    values = values_of(rows)
    if len(values) < 2 or (tried and not missing_pairs(tried)):
        return []
    before = [[row[column] for column in values] for row in tried]
    found = AllPairs(list(values.values()), previously_tested=before)
    new = [dict(zip(values, row, strict=True)) for row in found]
    _take_first_values(new, tried, {column: among[0] for column, among in values.items()})
    return new


def _take_first_values(new: list[dict[str, str]], tried: Sequence[Row], first: Row) -> None:
    """Put the first value of a column into each of the new rows that needs no other one for its pairs."""
    changes = True
    while changes:  # one change may make another one possible
        changes = False
        for index, row in enumerate(new):
            others = [*tried, *new[:index], *new[index + 1 :]]
            elsewhere = pairs_in(others)
            for column, value in first.items():
                changed = {**row, column: value}
                if changed != row and pairs_in([row]) - pairs_in([changed]) <= elsewhere and changed not in others:
                    row[column] = value
                    changes = True


def _written(table: Examples, rows: Sequence[Row]) -> list[str]:
    columns = [column.text for column in table.header]
    cells = [columns, *([row[column] for column in columns] for row in rows)]
    cells = [[cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", "\\n") for cell in row] for row in cells]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    indent = " " * (table.header[0].column - 3)
    return [
        indent + "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]

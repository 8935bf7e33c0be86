"""Pairs of values that stand together in rows of a table: what an outline tagged ``@pairwise`` covers.

Of many dimensions, all combinations are too many to try. Most mistakes show when two of them meet, so each value of a
column is tried with each value of every other one (a covering array of strength 2).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

Row: TypeAlias = Mapping[str, str]
"""Column to value."""

PAIRWISE = "pairwise"
"""The tag."""


class Pair(NamedTuple):
    """Two values of different columns, by the names of these in their order."""

    column: str
    value: str
    other: str
    other_value: str

    def __str__(self) -> str:
        return f"{self.column} '{self.value}' with {self.other} '{self.other_value}'"


def values_of(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Return the values of each column, in the order of their first rows."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return {column: list(dict.fromkeys(row[column] for row in rows if column in row)) for column in columns}


def pairs_in(rows: Iterable[Row]) -> set[Pair]:
    """Return the pairs that stand together in a row."""
    return {Pair(a, row[a], b, row[b]) for row in rows for a, b in itertools.combinations(sorted(row), 2)}


def all_pairs(rows: Sequence[Row]) -> list[Pair]:
    """Return the pairs that the values of ``rows`` can make, whether they stand in a row or not."""
    values = values_of(rows)
    return [
        Pair(a, value, b, other)
        for a, b in itertools.combinations(sorted(values), 2)
        for value in values[a]
        for other in values[b]
    ]


def missing_pairs(rows: Sequence[Row]) -> list[Pair]:
    """Return the pairs of the values of ``rows`` that stand in no row."""
    found = pairs_in(rows)
    return [pair for pair in all_pairs(rows) if pair not in found]

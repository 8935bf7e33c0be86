"""A feature file as its author sees it: scenarios, steps and tables, each with its line and column.

Read once by hil/bdd/language/reader.py; preflight, collection and the execution by pytest-bdd all work from this one
result. Lines and columns count from 1.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hil.bdd.language.rules import RULES, Level
from hil.errors import sentences

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_COLUMN = re.compile("<(.+?)>")
"""What pytest-bdd replaces; a test holds :func:`render` against it."""

PLACEHOLDER = re.compile(r"<([^<>\s](?:[^<>]*[^<>\s])?)>")
"""A column of Examples in a step; ``a < b`` is none."""


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong in a feature file: where, what, and what its author does next."""

    file: str
    line: int
    column: int
    what: str
    remedy: str = ""
    rule: str = "syntax"
    """One of hil/bdd/language/rules.py."""

    @property
    def level(self) -> Level:
        """Whether it is an error or a warning, as its rule says."""
        return RULES[self.rule][0]

    @property
    def message(self) -> str:
        """What is wrong and what to do, without the place."""
        if not self.remedy:
            return self.what
        return sentences(self.what, self.remedy)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


@dataclass(frozen=True)
class Text:
    """A piece of text and where it begins: a table cell, a tag (without ``@``), a line of a description."""

    text: str
    line: int
    column: int


@dataclass(frozen=True)
class Step:
    """A step as written, with placeholders."""

    keyword: str
    kind: str | None
    """``given``, ``when`` or ``then``; And and But inherit it. None if there is nothing to inherit from."""
    text: Text
    line: int
    column: int
    table: tuple[tuple[Text, ...], ...] | None
    doc_string: str | None

    def all_texts(self) -> tuple[Text, ...]:
        """Return the step's text and the cells of its table."""
        return (self.text, *(cell for row in self.table or () for cell in row))


@dataclass(frozen=True)
class Row:
    """One row of Examples."""

    cells: dict[str, Text]
    """Column name to cell."""
    line: int
    column: int

    @property
    def values(self) -> dict[str, str]:
        """Column name to value."""
        return {name: cell.text for name, cell in self.cells.items()}


@dataclass(frozen=True)
class Examples:
    """A table of an outline; lines and columns count from 1."""

    line: int
    column: int
    tags: tuple[Text, ...]
    header: tuple[Text, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Background:
    """The steps before each scenario; lines and columns count from 1."""

    line: int
    column: int
    description: tuple[Text, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Scenario:
    """A scenario or an outline; lines and columns count from 1."""

    name: str
    outline: bool
    """Written with the keyword of an outline, or with Examples."""
    line: int
    column: int
    first_line: int
    """The line of its first tag, or its own."""
    last_line: int
    tags: tuple[Text, ...]
    """Its own, its rule's and its feature's."""
    description: tuple[Text, ...]
    steps: tuple[Step, ...]
    examples: tuple[Examples, ...]
    rule: str | None
    backgrounds: tuple[Background, ...] = ()
    """Its feature's and its rule's."""

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """What runs: the steps of the backgrounds, then its own."""
        return (*(step for background in self.backgrounds for step in background.steps), *self.steps)


@dataclass(frozen=True)
class Document:
    """A feature file; if it cannot be parsed, only ``path``, ``file`` and ``problems`` are filled."""

    path: Path
    file: str
    """The path as messages show it."""
    problems: tuple[Problem, ...] = ()
    raw: dict[str, Any] = field(default_factory=dict, repr=False)
    """The tree of the Gherkin parser."""
    language: str = "en"
    name: str = ""
    tags: tuple[Text, ...] = ()
    backgrounds: tuple[Background, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    rules: tuple[tuple[int, int], ...] = ()
    """First and last line of each rule."""
    last_line: int = 0


def shown(path: Path) -> str:
    """Return ``path`` as messages show it: relative to the working directory if it lies below."""
    absolute, here = os.path.abspath(path), os.getcwd()
    return os.path.relpath(absolute, here) if absolute.startswith(here + os.sep) else absolute


def render(text: str, values: Mapping[str, str]) -> str:
    """Return ``text`` with ``<column>`` replaced as pytest-bdd will replace it; unknown columns stay."""
    return _COLUMN.sub(lambda found: values.get(found[1], found[0]), text) if "<" in text else text

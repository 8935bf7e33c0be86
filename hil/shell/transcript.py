"""What was typed, as a feature file: each step where it would stand, so that it is checked and run like any other.

The whole session stands in the run folder, since the evidence names its lines; what was taken back stands there too,
but is left out of what ``:save`` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hil.bdd.language import reader
from hil.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from hil.bdd.language.document import Document

SUFFIX = ".feature"


@dataclass
class Entry:
    """A step as typed, with the table or doc string below it."""

    lines: tuple[str, ...]
    kept: bool = True
    """Whether ``:save`` writes it."""

    def written(self) -> list[str]:
        """Return its lines as they stand in the file; a doc string keeps its own indentation."""
        first, *below = self.lines
        return [f"    {first.strip()}", *(f"      {line}".rstrip() for line in below)]


@dataclass
class Part:
    """A scenario of the session: from the first step to the bench's safe state."""

    name: str
    tags: tuple[str, ...]
    entries: list[Entry] = field(default_factory=list)

    def written(self, entries: Sequence[Entry]) -> list[str]:
        """Return the lines of this part as a feature file has them."""
        tags = [f"  {' '.join(f'@{tag}' for tag in self.tags)}"] if self.tags else []
        return ["", *tags, f"  Scenario: {self.name}", *(line for entry in entries for line in entry.written())]


class Transcript:
    """The session so far.

    :param path: of the file that holds all of it, in the run folder.
    :param title: of the feature.
    """

    def __init__(self, path: Path, title: str) -> None:
        self.path = path
        self._title = title
        self.parts: list[Part] = []
        self._saved: Path | None = None

    def begin(self, tags: Sequence[str] = ()) -> Part:
        """Begin another scenario."""
        self.parts.append(Part(f"Session {len(self.parts) + 1}", tuple(tags)))
        return self.parts[-1]

    def with_step(self, entry: Entry) -> Document:
        """Return the feature as it would be with ``entry`` as its last step."""
        part = self.parts[-1]
        lines = [f"Feature: {self._title}"]
        lines += [line for each in self.parts[:-1] for line in each.written(each.entries)]
        lines += part.written([*part.entries, entry])
        return reader.parse(self.path, "\n".join(lines) + "\n")

    def accept(self, entry: Entry) -> None:
        """Keep ``entry``: it was a step that the bench took."""
        self.parts[-1].entries.append(entry)
        self.path.write_text(self._text(lambda part: part.entries), encoding="utf-8")

    def undo(self) -> str:
        """Leave the newest step of this scenario out of what is saved; return it, empty if there is none."""
        for entry in reversed(self.parts[-1].entries if self.parts else []):
            if entry.kept:
                entry.kept = False
                return entry.lines[0].strip()
        return ""

    @property
    def kept(self) -> list[str]:
        """The steps that would be saved, with what stands below them."""
        return [line for part in self.parts for entry in _kept(part) for line in entry.written()]

    def save(self, path: Path) -> Path:
        """Write what was kept as a feature file and return its path, which ends in ``.feature``.

        Raises ConfigurationError if there is no step, or if the file is there already and is not of this session.
        """
        path = path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)
        if not self.kept:
            raise ConfigurationError("there is no step to save yet", place=str(path))
        if path.exists() and path.resolve() != self._saved:
            raise ConfigurationError("the file is there already", place=str(path), remedy="Choose another name.")
        try:
            path.write_text(self._text(_kept), encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(f"cannot be written: {error.strerror}", place=str(path)) from error
        self._saved = path.resolve()
        return path

    def _text(self, entries_of: Callable[[Part], list[Entry]]) -> str:
        parts = [(part, entries_of(part)) for part in self.parts]
        lines = [f"Feature: {self._title}"]
        lines += [line for part, entries in parts if entries for line in part.written(entries)]
        return "\n".join(lines) + "\n"


def _kept(part: Part) -> list[Entry]:
    return [entry for entry in part.entries if entry.kept]

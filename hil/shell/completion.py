"""What can be typed next: keywords, the words of steps up to their next parameter, and what a parameter may be."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from hil.bdd.language.parameters import PARAMETERS

if TYPE_CHECKING:
    from hil.bdd.language.catalogue import Catalogue

KEYWORDS: Mapping[str, str | None] = {"Given": "given", "When": "when", "Then": "then", "And": None, "But": None}
"""The kind of step that each begins; And and But go on with the kind before."""

_TOKEN = re.compile(
    r"\{(?P<parameter>\w+)\}|\((?P<optional>[^)]*)\)|\\(?P<escaped>.)|(?P<choice>[^\s{}()\\]*/[^\s{}()\\]*)"
)

_NUMBER = re.compile(r"\d+(?:[.,]\d+)? ?")


@dataclass(frozen=True)
class Candidate:
    """A way to go on.

    :param text: what stands in the line afterwards, in the place of the last ``replaces`` characters.
    :param shown: what a person is shown of it, with placeholders such as ``{power}``.
    :param help: what it means.
    """

    text: str
    replaces: int
    shown: str
    help: str = ""


@dataclass(frozen=True)
class _Piece:
    """Text as it must be typed, or the name of a parameter."""

    text: str
    parameter: bool = False

    @property
    def pattern(self) -> str:
        return f"(?:{PARAMETERS[self.text].regexp})" if self.parameter else re.escape(self.text)

    @property
    def shown(self) -> str:
        return f"{{{self.text}}}" if self.parameter else self.text


def candidates(catalogue: Catalogue, line: str, kind: str, commands: Mapping[str, str]) -> list[Candidate]:
    """Return the ways to go on with ``line``, as far as it stands.

    :param kind: of the step before: what And and But mean.
    :param commands: of the shell, with their help; they begin with a colon.
    """
    if line.startswith(":"):
        return [Candidate(name, len(line), name, words) for name, words in commands.items() if name.startswith(line)]
    keyword, space, text = line.partition(" ")
    if not space:
        return [Candidate(f"{word} ", len(line), word) for word in KEYWORDS if word.lower().startswith(line.lower())]
    if keyword not in KEYWORDS:
        return []
    found: dict[tuple[str, str], Candidate] = {}
    for definition in catalogue.definitions:
        if definition.keyword == (KEYWORDS[keyword] or kind):
            for each in _of_expression(definition.expression.source, text, definition.doc.partition("\n")[0]):
                found.setdefault((each.text, each.shown), each)
    return sorted(found.values(), key=lambda each: each.shown)


def _of_expression(source: str, text: str, doc: str) -> Iterator[Candidate]:
    for pieces in _spellings(source):
        for number, piece in enumerate(pieces):
            before = re.match("".join(each.pattern for each in pieces[:number]), text)
            if before is None:
                break
            typed = text[before.end() :]
            rest = "".join(each.shown for each in pieces[number:])
            if piece.parameter:
                yield from _values(piece.text, typed, rest)
            elif piece.text.startswith(typed) and piece.text != typed:
                yield Candidate(piece.text, len(typed), rest, doc)


def _values(name: str, typed: str, rest: str) -> Iterator[Candidate]:
    """Return what may stand for a parameter of which ``typed`` stands there already."""
    parameter = PARAMETERS[name]
    choices = parameter.choices()
    if choices:
        for choice in choices:
            if choice.startswith(typed) and choice != typed:
                yield Candidate(choice, len(typed), choice, f"{{{name}}}")
    elif not typed:
        yield Candidate(parameter.example, 0, rest, f"for example {parameter.example}")
    elif _NUMBER.fullmatch(typed) and " " in parameter.example:
        unit = parameter.example.partition(" ")[2]
        yield Candidate(f"{typed.rstrip()} {unit}", len(typed), f"{typed.rstrip()} {unit}", f"{{{name}}}")


@cache
def _spellings(source: str) -> tuple[tuple[_Piece, ...], ...]:
    """Return the expression once with and once without each optional text, and once for each alternative."""
    parts: list[Iterable[_Piece]] = []
    end = 0
    for match in _TOKEN.finditer(source):
        parts += [[_Piece(source[end : match.start()])]]
        end = match.end()
        if match["parameter"]:
            parts.append([_Piece(match["parameter"], parameter=True)])
        elif match["optional"] is not None:
            parts.append([_Piece(match["optional"]), _Piece("")])
        elif match["escaped"]:
            parts.append([_Piece(match["escaped"])])
        else:
            parts.append([_Piece(word) for word in match["choice"].split("/")])
    parts.append([_Piece(source[end:])])
    return tuple(_joined(pieces) for pieces in itertools.product(*parts))


def _joined(pieces: Iterable[_Piece]) -> tuple[_Piece, ...]:
    """Put text beside text together, so that it is completed in one go."""
    joined: list[_Piece] = []
    for piece in pieces:
        if joined and not piece.parameter and not joined[-1].parameter:
            joined[-1] = _Piece(joined[-1].text + piece.text)
        elif piece.text:
            joined.append(piece)
    return tuple(joined)

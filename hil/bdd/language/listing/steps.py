"""The documentation of the steps, all of them or those searched for: as text, Markdown or JSON."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from hil.bdd.language.applicability import demands
from hil.bdd.language.parameters import PARAMETERS

if TYPE_CHECKING:
    from hil.bdd.language.catalogue import Catalogue, StepDefinition

_SENTENCE_END = re.compile(r"(?<=\.)\s|\n")


def first_sentence(doc: str) -> str:
    """Return what a docstring says first, on one line, however it was wrapped."""
    return _SENTENCE_END.split(_unwrapped(doc.strip()), maxsplit=1)[0]


def search(catalogue: Catalogue, words: Iterable[str]) -> list[StepDefinition]:
    """Return the definitions that have each of the words somewhere in their text, documentation or theme."""
    wanted = [word.casefold() for word in words]
    return [each for each in catalogue.definitions if all(word in _searched(each) for word in wanted)]


def _searched(definition: StepDefinition) -> str:
    return f"{definition} {definition.doc} {definition.file}".casefold()


def as_text(definitions: Sequence[StepDefinition]) -> str:
    """Return a block for each theme: the steps, each with the first sentence of its documentation and its place."""
    blocks = []
    for theme, steps in _by_theme(definitions):
        lines = [theme]
        for step in steps:
            lines += [f"  {step}", f"      {first_sentence(step.doc)} ({step.source})"]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def as_markdown(definitions: Sequence[StepDefinition]) -> str:
    """Return a page with a section for each theme, and a table of the parameter types that the steps use."""
    parts = ["# Steps", ""]
    for theme, steps in _by_theme(definitions):
        parts += [f"## {theme}", ""]
        for step in steps:
            parts += [f"### {step.keyword.capitalize()} `{step.expression.source}`", "", _paragraphs(step), ""]
    used = sorted({parameter.name for step in definitions for parameter in step.expression.parameters})
    parts += ["## Parameter types", "", "| type | example | one of |", "|---|---|---|"]
    for name in used:
        parameter = PARAMETERS[name]
        choices = ", ".join(f"`{choice}`" for choice in parameter.choices())
        parts.append(f"| `{{{name}}}` | `{parameter.example}` | {choices} |")
    return "\n".join(parts)


def as_json(definitions: Sequence[StepDefinition]) -> str:
    """Return a list of objects: ``keyword, text, parameters, documentation, theme, file, line, below, of_rig``."""
    return json.dumps(
        [
            {
                "keyword": step.keyword,
                "text": step.expression.source,
                "parameters": [parameter.name for parameter in step.expression.parameters],
                "documentation": _unwrapped(step.doc),
                "theme": _theme(step),
                "file": step.file,
                "line": step.line,
                "below": sorted(step.below),
                "needs_of_rig": bool(demands(step.function, "not-offered")),
            }
            for step in definitions
        ],
        indent=2,
        ensure_ascii=False,
    )


FORMATS: Mapping[str, Callable[[Sequence[StepDefinition]], str]] = {
    "text": as_text,
    "markdown": as_markdown,
    "json": as_json,
}


def _paragraphs(step: StepDefinition) -> str:
    text = _unwrapped(step.doc).replace("``", "`")
    return f"{text}\n\n`{step.source}`"


def _unwrapped(doc: str) -> str:
    """Return the docstring with each paragraph on one line."""
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", doc))


def _by_theme(definitions: Sequence[StepDefinition]) -> list[tuple[str, list[StepDefinition]]]:
    return [(theme, list(steps)) for theme, steps in groupby(definitions, key=_theme)]


def _theme(definition: StepDefinition) -> str:
    """Return what the module that defines the step says of itself first."""
    module = sys.modules.get(definition.function.__module__)
    return first_sentence((module.__doc__ if module else "") or definition.file).rstrip(".")

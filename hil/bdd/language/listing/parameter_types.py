"""The documentation of the parameter types, all of them or those searched for: as text, Markdown or JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from textwrap import wrap

from hil.bdd.language.own_parameters import place_of
from hil.bdd.language.parameters import PARAMETERS, Parameter

NUMBER = "[+-]?[0-9]+(?:[.][0-9]+)? ?(?:"
"""Begins the expression of a quantity; its units follow."""

OWN = "micropay-hil"
"""Who makes the types that are no laboratory's."""

WIDTH, INDENT = 120, "    "

_IN_WORDS = {
    "int": "a whole number",
    "number": "a number without a unit",
    "word": "anything without a space",
    "string": "text in quotation marks",
    "ordinal": "first to tenth, or 11th, 12th and so on",
}


def accepted(parameter: Parameter) -> str:
    """Return in words what a parameter type accepts."""
    if parameter.name in _IN_WORDS:
        return _IN_WORDS[parameter.name]
    if choices := parameter.choices():
        return ", ".join(choices)
    if parameter.regexp.startswith(NUMBER) and parameter.regexp.endswith(")"):
        return f"a number and one of {', '.join(parameter.regexp[len(NUMBER) : -1].split('|'))}"
    return f"what matches {parameter.regexp}"


def search(words: Iterable[str]) -> list[Parameter]:
    """Return the types that have each of the words in name or values, in the order of names; ``{power}`` is one."""
    wanted = [word.casefold() for word in words]
    found = [each for each in PARAMETERS.values() if all(word in _searched(each) for word in wanted)]
    return sorted(found, key=lambda each: each.name)


def _searched(parameter: Parameter) -> str:
    return f"{{{parameter.name}}} {accepted(parameter)} {place_of(parameter.name)}".casefold()


def as_text(types: Sequence[Parameter]) -> str:
    """Return a block for each type: name and example, what it accepts, and where a laboratory makes it."""
    blocks = []
    for each in types:
        place = place_of(each.name)
        what = f"{accepted(each)} ({place})" if place else accepted(each)
        lines = wrap(what, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT, break_on_hyphens=False)
        blocks.append("\n".join([f"{{{each.name}}}, e.g. {each.example}", *lines]))
    return "\n".join(blocks)


def as_markdown(types: Sequence[Parameter]) -> str:
    """Return a table of the types."""
    rows = [
        f"| `{{{each.name}}}` | `{each.example}` | {accepted(each).replace('|', chr(92) + '|')} |"
        f" {place_of(each.name) or OWN} |"
        for each in types
    ]
    return "\n".join(["| type | example | accepts | made by |", "|---|---|---|---|", *rows])


def as_json(types: Sequence[Parameter]) -> str:
    """Return a list of objects: ``name, example, accepts, choices, regexp, place``."""
    return json.dumps(
        [
            {
                "name": each.name,
                "example": each.example,
                "accepts": accepted(each),
                "choices": list(each.choices()),
                "regexp": each.regexp,
                "place": place_of(each.name),
            }
            for each in types
        ],
        indent=2,
        ensure_ascii=False,
    )


FORMATS: Mapping[str, Callable[[Sequence[Parameter]], str]] = {
    "text": as_text,
    "markdown": as_markdown,
    "json": as_json,
}

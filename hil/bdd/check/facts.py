"""Steps that say what was said already, and steps about something that no step brings about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.bdd.language.document import Problem
from hil.bdd.language.facts import Bond, facts_of, said_once

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hil.bdd.check.order import Known
    from hil.bdd.language.document import Row
    from hil.bdd.language.facts import Fact


def said_twice(file: str, steps: Sequence[Known], row: Row | None) -> Iterator[Problem]:
    """Yield a problem for each step that would silently replace what a step before has said."""
    first: dict[str, Known] = {}
    for known in steps:
        if known.definition is None:
            continue
        fact = said_once(known.definition.function, _values(known))
        if not fact:
            continue
        before = first.setdefault(fact, known)
        if before is not known:
            at = known.place(row)
            what = f"{fact} is said once in a scenario, and '{before}' at line {before.step.line} says it already"
            yield Problem(file, at.line, at.column, what, "Remove one of the two steps", "said-twice")


def without_cause(file: str, steps: Sequence[Known], row: Row | None) -> Iterator[Problem]:
    """Yield a problem for each step about what no step before it brings about, or that waits for what cannot come.

    A step without a definition, and a laboratory's own, may do anything: what follows it is not held against them.
    """
    happened: set[str] = set()
    for known in steps:
        definition = known.definition
        if definition is None or (definition.keyword != "then" and not definition.of_framework):
            return
        values = _values(known)
        for fact in facts_of(definition.function):
            if wrong := _broken(fact, values, happened):
                at = known.place(row)
                yield Problem(file, at.line, at.column, *wrong)
            words = {each for each, _ in fact.keys(values)}
            if fact.bond is Bond.BRINGS:
                happened |= words
            elif fact.bond is Bond.ENDS:
                happened -= words


def _broken(fact: Fact, values: Sequence[str], happened: set[str]) -> tuple[str, str, str] | None:
    """Return what is wrong, the remedy and the rule; None if nothing is."""
    keys = fact.keys(values)
    words, example = keys[0]
    if fact.bond is Bond.NOT_WHILE:
        if words not in happened:
            return None
        return f"this cannot happen while {words}, as a step before says", "Let a step end that first", "contradiction"
    if fact.bond is Bond.BRINGS or happened & {each for each, _ in keys}:
        return None
    return f"no step before says that {words}, as '{example}'", "Write such a step, or remove this one", "no-cause"


def _values(known: Known) -> list[str]:
    """Return the values of a step as they are written."""
    arguments = known.definition.expression.arguments(known.text) if known.definition is not None else None
    return [argument.text for argument in arguments or ()]

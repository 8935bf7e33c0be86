"""Values of steps that make no sense on any rig, by the kind of the step: a limit below zero, a wait of no time.

They hold for the framework's own steps; of a laboratory's own it is not known what a value means, but for times and
amounts of money, which are never below zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from hil.bdd.language.catalogue import StepDefinition
    from hil.bdd.language.expressions import Argument

F = TypeVar("F", bound=Callable[..., object])

MOST_SAT = 21_000_000 * 100_000_000
"""All the money there will ever be."""

_ZERO = "zero_too"

NEVER_BELOW_ZERO = frozenset(
    {"int", "duration", "energy", "amount", "tariff", "power", "voltage", "current", "resistance"}
)
"""Parameter types of the framework's steps that have no sense below zero; a percentage may be a drift."""

ABOVE_ZERO = frozenset({"int", "duration", "amount", "tariff", "power"})
"""Those of Given and When steps that do nothing at zero, unless the step is marked with :func:`zero_too`."""

LIMITS_ABOVE_ZERO = frozenset({"duration", "percent"})
"""Those of Then steps that nothing can keep at zero, and nothing could decide."""

LIMITS_BELOW = {"percent": 100.0}
"""Those of Then steps that anything at all keeps from there on: a tolerance of 100 % lets nothing at all pass."""

OF_ANY_STEP = frozenset({"duration", "amount", "tariff"})
"""Those that a laboratory's own steps cannot have below zero either."""


class Senseless(NamedTuple):
    """What is wrong with a value, and where it stands in the step's text."""

    what: str
    offset: int


def zero_too(function: F) -> F:
    """Say that a value of zero makes sense in a Given or When step."""
    function.__dict__[_ZERO] = True
    return function


def senseless(definition: StepDefinition, argument: Argument, value: object) -> Senseless | None:
    """Return what is wrong with a value that was read; None if nothing is."""
    name = argument.parameter.name
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if name == "amount" and value > MOST_SAT:
        return Senseless(f"'{argument.text}' is more than all money there is, {MOST_SAT} sat", argument.offset)
    below = LIMITS_BELOW.get(name) if definition.of_framework and definition.keyword == "then" else None
    if below is not None and value >= below:
        what = f"'{argument.text}' demands nothing: {_article(name)} below {below:g} % is needed"
        return Senseless(what, argument.offset)
    least = _least(definition, name)
    if least is None or value > 0 or (value == 0 and least == "from 0 on"):
        return None
    return Senseless(f"'{argument.text}' makes no sense here: {_article(name)} {least} is needed", argument.offset)


def _least(definition: StepDefinition, name: str) -> str | None:
    """Return how small a value may be, in words; None if there is no least one."""
    if not definition.of_framework:
        return "from 0 on" if name in OF_ANY_STEP else None
    if definition.keyword == "then":
        if name in LIMITS_ABOVE_ZERO:
            return "above 0"
    elif name in ABOVE_ZERO and _ZERO not in definition.function.__dict__:
        return "above 0"
    return "from 0 on" if name in NEVER_BELOW_ZERO else None


def _article(name: str) -> str:
    words = {"int": "a number", "percent": "a percentage"}
    return words.get(name) or (f"an {name}" if name[0] in "aeiou" else f"a {name}")


def in_order(low: float, high: float) -> str:
    """Return why no value lies between ``low`` and ``high``, ``""`` if one may; for ``sensible``."""
    return "" if low <= high else f"nothing lies between {low:g} and {high:g}; the smaller one comes first"

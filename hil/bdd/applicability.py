"""Which scenarios a bench cannot offer: *not applicable*, told before the run (DESIGN §2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from hil.bdd.bridge import render

if TYPE_CHECKING:
    from hil.bdd.catalogue import Catalogue
    from hil.bdd.naming import Case
    from hil.rig.file import RigFile

F = TypeVar("F", bound=Callable[..., object])

_NEEDS = "needs_of_the_rig"


def needs(check: Callable[..., str]) -> Callable[[F], F]:
    """Say what a step needs of the rig; stands below ``@given``.

    :param check: gets the rig file and the step's arguments; returns why this rig cannot offer it, or ``""``.
    """

    def mark(function: F) -> F:
        setattr(function, _NEEDS, check)
        return function

    return mark


def feature(name: str) -> Callable[..., str]:
    """Return a check for :func:`needs`: that the rig file has this labgrid feature flag."""

    def check(rig: RigFile, *_: object) -> str:
        return "" if name in rig.features else f"rig '{rig.options.name}' has no feature '{name}'"

    return check


def why_not(case: Case, catalogue: Catalogue, rig: RigFile) -> str:
    """Return why ``rig`` cannot offer the scenario, ``""`` if it can."""
    for step in case.scenario.steps:
        text = render(step.text.text, case.values)
        for definition in catalogue.find(step.kind or "given", text):
            check: Any = getattr(definition.function, _NEEDS, None)
            reason: str = check(rig, *definition.expression.values(text)) if check is not None else ""
            if reason:
                return reason
    return ""

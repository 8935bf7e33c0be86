"""What a step demands of the rig and of its own values, said next to it and looked at before anything is switched.

Below ``@given``, ``@when`` or ``@then`` stands, as far as it applies::

    @needs(_load_there)       without it the scenario is *not applicable* on this rig (docs/system.md)
    @within(beyond_load)      a value that this rig cannot do is its author's mistake
    @decides(undecidable_edge)      a limit that this rig cannot decide makes the scenario inconclusive, without a run
    @unsure(doubtful_edge)    a limit that this rig might not decide, by chance, is announced
    @sensible(_no_share)      a value that makes no sense on any rig is its author's mistake
    @tells(Course.budget)     what may contradict other steps, or take the scenario beyond the rig

Each check gets the rig file (``sensible``: not; ``tells``: the course of the scenario) and the step's arguments, and
returns what is wrong, or ``""``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hil.bdd.language.catalogue import StepDefinition
    from hil.rig.config.rig_file import RigFile

FEATURE_TAG = "rig_feature"
"""``@rig_feature(NAME)``: what bears it needs that feature of the rig file's target."""

_TELLS = "tells"

_FEATURE = "feature"
"""Where a check keeps the feature flag that it asks for."""

F = TypeVar("F", bound=Callable[..., object])


class Demand(NamedTuple):
    """What a step wants to be true, and the rule of hil/bdd/language/rules.py that is broken if it is not."""

    rule: str
    check: Callable[..., str]


def _demand(rule: str, check: Callable[..., str]) -> Callable[[F], F]:
    def mark(function: F) -> F:
        function.__dict__.setdefault("demands", []).append(Demand(rule, check))
        return function

    return mark


def needs(check: Callable[..., str]) -> Callable[[F], F]:
    """Say what a step needs of the rig; ``check`` returns why a rig cannot offer it."""
    return _demand("not-offered", check)


def within(check: Callable[..., str]) -> Callable[[F], F]:
    """Say which values of a step a rig can do; ``check`` returns why it cannot."""
    return _demand("beyond-rig", check)


def decides(check: Callable[..., str]) -> Callable[[F], F]:
    """Say what a rig must resolve to decide the limit of a step; ``check`` returns why it cannot decide it."""
    return _demand("undecidable", check)


def unsure(check: Callable[..., str]) -> Callable[[F], F]:
    """Say what a rig must resolve to be sure to decide the limit of a step; ``check`` returns why it may not."""
    return _demand("doubtful", check)


def sensible(check: Callable[..., str]) -> Callable[[F], F]:
    """Say which values of a step make sense on any rig; ``check`` gets the arguments only."""
    return _demand("misfit", check)


def tells(tell: Callable[..., str | None]) -> Callable[[F], F]:
    """Say what a step tells the course: a method that gets the values of the step, and returns what is wrong."""

    def mark(function: F) -> F:
        function.__dict__[_TELLS] = tell
        return function

    return mark


def telling(function: Callable[..., object]) -> Callable[..., str | None] | None:
    """Return what a step tells the course; None if it tells nothing."""
    tell: Callable[..., str | None] | None = function.__dict__.get(_TELLS)
    return tell


def demands(function: Callable[..., object], *rules: str) -> list[Demand]:
    """Return the demands of a step's function that these rules are about."""
    return [demand for demand in function.__dict__.get("demands", ()) if demand.rule in rules]


def feature(name: str) -> Callable[..., str]:
    """Return a check for :func:`needs`: that the rig file has this labgrid feature flag."""

    def check(rig: RigFile, *_: object) -> str:
        return "" if name in rig.features else f"rig '{rig.options.name}' has no feature '{name}'"

    check.__dict__[_FEATURE] = name
    return check


def asked_features(definitions: Iterable[StepDefinition]) -> set[str]:
    """Return the feature flags that these steps ask for."""
    wanted = (demand.check for each in definitions for demand in demands(each.function, "not-offered"))
    return {check.__dict__[_FEATURE] for check in wanted if _FEATURE in check.__dict__}

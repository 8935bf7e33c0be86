"""When a step of a scenario can take effect: the devices are set up, switched on, and measured, in this order.

The framework's own steps have the phase of their keyword; what is both a Given and a When is free. Nothing is known of
a laboratory's own Given and When steps: they may stand anywhere, and may themselves switch the devices on. It may say
more with a decorator::

    @when("the climate chamber has reached {int} degrees")
    @under_way
    def chamber(degrees: int, /, scenario: ScenarioRun) -> None: ...
"""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])

_MARK = "phase"
_KEYWORDS = "keywords"
_FAULT = "proves_the_bench"

_CHECKS = re.compile(r"(?:(?:[a-z_]+[.])*[Ll]ist\[(?:[a-z_]+[.])*Check\]|(?:[a-z_]+[.])*Check)")
"""The return annotations ``Check`` and ``list[Check]``, with or without their modules."""


class Phase(enum.Enum):
    """When a step can take effect."""

    SET_UP = "set-up"
    """Before the devices are switched on, and not afterwards."""
    SWITCH_ON = "switch-on"
    """It switches the devices on."""
    UNDER_WAY = "under way"
    """While the devices are on."""
    MEASURED = "measured"
    """A Then step: after what it judges has happened, so while the devices are on."""
    FREE = "free"
    """At any time."""
    UNKNOWN = "unknown"
    """At any time, and it may switch the devices on: nothing is known of it."""


def sets_up(function: F) -> F:
    """Say that a step takes effect before the devices are switched on only."""
    return _mark(function, Phase.SET_UP)


def switches_on(function: F) -> F:
    """Say that a step switches the devices on."""
    return _mark(function, Phase.SWITCH_ON)


def under_way(function: F) -> F:
    """Say that a step needs devices that are switched on."""
    return _mark(function, Phase.UNDER_WAY)


def at_any_time(function: F) -> F:
    """Say that a step takes effect before and after the devices are switched on."""
    return _mark(function, Phase.FREE)


def proves_the_bench(function: F) -> F:
    """Say that a step lets a part of the bench fail, of which a rig fault must come."""
    function.__dict__[_FAULT] = True
    return function


def seeds_bench_fault(function: Callable[..., object]) -> bool:
    """Tell whether a step is one that :func:`proves_the_bench`."""
    return _FAULT in function.__dict__


def note_keyword(function: Callable[..., object], keyword: str) -> None:
    """Remember that a function is the definition of a step with this keyword; it may have several."""
    function.__dict__.setdefault(_KEYWORDS, set()).add(keyword)


def _mark(function: F, phase: Phase) -> F:
    function.__dict__[_MARK] = phase
    return function


def phase_of(function: Callable[..., object], keyword: str, *, by_keyword: bool) -> Phase:
    """Return the phase of a step with this keyword: the declared one, else what the keyword says.

    :param by_keyword: whether Given and When say it too, as with the framework's own steps; else nothing is known.
    """
    declared = function.__dict__.get(_MARK)
    if isinstance(declared, Phase):
        return declared
    if keyword == "then":
        return Phase.MEASURED
    if not by_keyword:
        return Phase.UNKNOWN
    if {"given", "when"} <= function.__dict__.get(_KEYWORDS, set()):
        return Phase.FREE
    return Phase.SET_UP if keyword == "given" else Phase.UNDER_WAY


def returns_checks(function: Callable[..., object]) -> bool:
    """Tell whether a step's function says by its annotation that it returns a ``Check`` or a list of them."""
    annotation = inspect.signature(function).return_annotation
    words = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return _CHECKS.fullmatch(re.sub(r"[\s'\"]", "", words)) is not None

"""Tells the steps of a case to a :class:`Course`, and hands back what cannot be: by itself, or on a rig."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING

from hil.bdd.check.feasibility.course import Course
from hil.bdd.check.feasibility.demanded import limit_of_time
from hil.bdd.language.applicability import telling
from hil.bdd.language.document import Problem
from hil.errors import AuthorError, ConfigurationError
from hil.units import Second

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hil.bdd.check.order import Known
    from hil.bdd.language.catalogue import StepDefinition
    from hil.bdd.language.document import Row
    from hil.rig.config.rig_file import RigFile


def contradictions(file: str, steps: Sequence[Known], row: Row | None) -> Iterator[Problem]:
    """Yield a problem for each step that cannot be true with those before it, on any rig."""
    for known, wrong in _contradictions(Course(), steps):
        at = known.place(row)
        yield Problem(file, at.line, at.column, wrong, rule="contradiction")


def _contradictions(course: Course, steps: Sequence[Known]) -> Iterator[tuple[Known, str]]:
    """Yield what is wrong with each step by those before it, then by those after it."""
    asked: list[tuple[Known, Callable[[], str]]] = []
    for known, wrong, _ in _told(course, steps):
        if wrong:
            yield known, wrong
        elif course.later is not None:
            asked.append((known, course.later))
    yield from ((known, wrong) for known, later in asked if (wrong := later()))


def against_rig(file: str, steps: Sequence[Known], row: Row | None, rig: RigFile) -> Iterator[Problem]:
    """Yield a problem for each step that takes the scenario beyond what ``rig`` can do, or that it might not decide."""
    course = Course(rig)
    doubts: list[tuple[Known, Callable[[], str]]] = []
    for known, _, beyond in _told(course, steps):
        at = known.place(row)
        if beyond:
            yield Problem(file, at.line, at.column, beyond, rule="beyond-rig")
        elif course.doubt is not None:
            doubts.append((known, course.doubt))
    on_any = {known.step.line for known, _ in _contradictions(Course(), steps)}
    for known, wrong in _contradictions(Course(rig), steps):
        if known.step.line not in on_any:
            at = known.place(row)
            yield Problem(file, at.line, at.column, f"{wrong} (on rig '{rig.options.name}')", rule="contradiction")
    for known, doubt in doubts:
        if doubtful := _of_rig(doubt):
            at = known.place(row)
            yield Problem(file, at.line, at.column, doubtful, rule="doubtful")


def own_waits(steps: Sequence[Known]) -> tuple[float, int]:
    """Return the seconds that steps let pass, and how many steps wait for something to happen."""
    course = Course()
    for _ in _told(course, steps):
        pass
    return course.waited_s, course.awaited


def course_of(steps: Sequence[Known], rig: RigFile) -> Course:
    """Return the course of a scenario on ``rig`` when all of its steps have been told."""
    course = Course(rig)
    for _ in _told(course, steps):
        pass
    return course


def _of_rig(doubt: Callable[[], str]) -> str:
    """Return the answer of a question about the rig; what is wrong with its file is told where it stands."""
    try:
        return doubt()
    except ConfigurationError:
        return ""


def _told(course: Course, steps: Sequence[Known]) -> Iterator[tuple[Known, str, str]]:
    """Yield each step, what is wrong with it by itself, and on the rig; steps with other mistakes are passed over."""
    for known in steps:
        if known.definition is None or not known.fits:
            course.foreign = True
            course.unknown()
            continue
        values = known.definition.expression.values(known.text)
        try:
            yield known, *_tell(course, known.definition, values)
        except ConfigurationError:  # a mistake of the rig file, which is told where it stands
            course.unknown()


def _tell(course: Course, definition: StepDefinition, values: Sequence[object]) -> tuple[str, str]:
    course.beyond, course.doubt, course.later = "", None, None
    tell = telling(definition.function)
    if tell is not None and (misfit := _misfit(tell, len(values))):
        what = f"@tells of '{definition}': {tell.__qualname__} cannot take its {len(values)} values: {misfit}"
        raise AuthorError(what, place=definition.source, remedy="Course.goes_on takes any.")
    wrong = tell(course, *values) if tell is not None else None
    if definition.keyword == "then":
        for parameter, value in zip(definition.expression.parameters, values, strict=True):
            if parameter.name == "duration":
                limit_of_time(course, Second(float(str(value))))
    elif tell is None:
        course.foreign = course.foreign or not definition.of_framework
        course.unknown()
    return wrong or "", course.beyond


@functools.cache
def _misfit(tell: Callable[..., object], values: int) -> str:
    """Return why a method cannot be called with the course and so many values; ``""`` if it can."""
    try:
        inspect.signature(tell).bind(None, *range(values))
    except TypeError as error:
        return str(error)
    return ""

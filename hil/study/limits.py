"""The limits that features declare and that the lab meter decides, and which of them the rig can decide.

A value is decided by the guarded rule with w = U (JCGM 106:2012, 8.3; ILAC-G8:09/2019, 4.2.3), and the rig may read up
to U wrong. So a device is sure to be found within a limit only if its true value keeps 2 U from it (docs/verdicts.md).
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.bdd.check.feasibility.doubts import energy_wh, live_s
from hil.bdd.check.feasibility.problems import course_of
from hil.bdd.check.requirements import PREFIX
from hil.bdd.check.resolution import Resolution
from hil.bdd.language.catalogue import load_catalogue
from hil.bdd.language.naming import cases
from hil.bdd.language.reader import read_paths
from hil.evidence.observations import Sampled, Source, Timed
from hil.scenario.check import Check

if TYPE_CHECKING:
    from hil.bdd.check.feasibility.course import Course
    from hil.bdd.check.order import Known
    from hil.evidence.limits import Limit
    from hil.rig.config.rig_file import RigFile

BY_UNIT = {"W": "power", "Wh": "energy", "sat": "energy", "s": "time"}
"""The quantity of a study that tells how well a limit in this unit is known."""

INTERRUPTION = "interruption"
"""A time that is read from the voltage of a single update of the meter."""


class Decidable(enum.StrEnum):
    """What a rig can say of a limit."""

    YES = "decidable"
    """For a device that does what it should, whatever the error of the meter."""
    WITH_MARGIN = "with margin"
    """Only for a device that keeps a distance of 2 U from the limit, which leaves less than half of the room."""
    NO = "not decidable"
    """U takes all of the room between the limit and a device that does what it should."""


@dataclass(frozen=True)
class DeclaredLimit:
    """A limit of one or more Then steps.

    :ivar name: of the measurement; ``limit`` as it is declared.
    :ivar quantity: one of :data:`hil.study.design.UNITS`, or ``INTERRUPTION``.
    :ivar room: from the limit to what a device should do, in the unit of the quantity.
    :ivar amount: the energy or power that is measured, 0 for times; ``seconds``: for which power flows.
    :ivar bounded: whether no value can be further from the limit than the room; a difference of two energies can.
    :ivar requirements: ids that scenarios with it show; ``place``: of the first step.
    """

    name: str
    limit: Limit
    quantity: str
    room: float
    amount: float
    seconds: float
    bounded: bool
    requirements: tuple[str, ...]
    place: str
    steps: int = 1


def declared_limits(paths: Sequence[str], steps: Sequence[str], rig: RigFile) -> tuple[list[DeclaredLimit], int]:
    """Return the limits, the hardest of each kind, and how many steps have limits that only a run can tell.

    :param steps: modules with step definitions.
    """
    resolution = Resolution(load_catalogue(steps))
    found: dict[tuple[str, str], DeclaredLimit] = {}
    unknown = 0
    for document in read_paths(paths):
        for case in cases(document):
            course: Course | None = None
            known = resolution.steps(case)
            for step in known:
                if step.definition is None or not step.fits or not step.definition.measures:
                    continue
                if step.definition.fixtures or step.definition.below:
                    unknown += 1
                    continue
                course = course or course_of(known, rig)
                ids = tuple(tag for tag in case.tags if tag.startswith(PREFIX))
                for each in _limits(step, course, ids, f"{document.file}:{step.place(case.row).line}"):
                    key = (each.name, str(each.limit))
                    found[key] = _joint(found[key], each) if key in found else each
    return sorted(found.values(), key=lambda each: (each.quantity, each.name, each.room)), unknown


def _limits(step: Known, course: Course, ids: tuple[str, ...], place: str) -> Iterator[DeclaredLimit]:
    assert step.definition is not None  # noqa: S101 - the caller has looked
    result = step.definition.function(*step.definition.expression.values(step.text))
    for check in _checks(result):
        measurement = check.measurement
        limit, quantity = measurement.limit, BY_UNIT.get(measurement.limit.unit)
        if quantity is None or Source.LAB_METER not in measurement.sources:
            continue
        if measurement.kind is Timed:
            quantity = INTERRUPTION if set(measurement.sources) == {Source.LAB_METER} else quantity
        elif measurement.kind is not Sampled:
            continue
        room = _room(limit)
        amount = seconds = 0.0
        if quantity == "energy":
            amount, seconds = energy_wh(course), live_s(course)
            room /= course.purse.tariff if limit.unit == "sat" else 1
        elif quantity == "power":
            amount = ((limit.low or 0.0) + (limit.high or limit.low or 0.0)) / 2
        only_meter = set(measurement.sources) == {Source.LAB_METER}
        bounded = measurement.kind is Timed or only_meter or None not in (limit.low, limit.high)
        yield DeclaredLimit(measurement.name, limit, quantity, room, amount, seconds, bounded, ids, place)


def _checks(result: object) -> Iterable[Check]:
    return [each for each in (result if isinstance(result, list) else [result]) if isinstance(each, Check)]


def _room(limit: Limit) -> float:
    """Return how far a device that does what it should is from the limit: in its middle, or at zero."""
    if limit.low is not None and limit.high is not None:
        return (limit.high - limit.low) / 2
    return float(limit.high if limit.high is not None else limit.low or 0.0)


def _joint(one: DeclaredLimit, other: DeclaredLimit) -> DeclaredLimit:
    """Return the harder of two declarations of one limit, with the requirements of both."""
    harder = max(one, other, key=lambda each: (each.amount, each.seconds))
    ids = tuple(sorted({*one.requirements, *other.requirements}))
    return dataclasses.replace(harder, requirements=ids, steps=one.steps + other.steps)

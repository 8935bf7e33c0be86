"""The columns of a list in a calibration certificate: numbers in D-SI, with their unit and expanded uncertainty."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeVar

from hil.rig.config.calibration.elements import NAMES, kinds, text, text_if_there
from hil.rig.config.calibration.points import Point

UNITS: Final[Mapping[str, tuple[str, float]]] = {
    rf"{prefix}\{name}": (unit, factor)
    for name, unit in (("watt", "W"), ("volt", "V"), ("ampere", "A"))
    for prefix, factor in (("", 1.0), ("\\kilo", 1e3), ("\\milli", 1e-3), ("\\micro", 1e-6))
}
"""D-SI units that a power meter is calibrated in, with their base unit and factor to it."""

USUAL: Final = "0.95"
"""The probability that an expanded uncertainty covers where nothing is said of it (ISO/IEC 17025, EA-4/02)."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)

Item = TypeVar("Item")

CONDITIONS: Final = ("powerfactor", "frequency")
"""What the ``refType`` of a column of conditions contains, in small letters."""


@dataclass(frozen=True)
class _Form:
    """How D-SI writes numbers.

    :param element: their element, in ``si``; its ``value`` and ``unit``.
    :param factor: the coverage factor; ``probability``: how much U covers.
    :param uncertainties: where U is, and its name: until D-SI 2.1, and since.
    """

    element: str
    value: str
    unit: str
    factor: str
    probability: str
    uncertainties: tuple[tuple[str, str], ...]


FORMS: Final = (
    _Form(
        "si:realListXMLList",
        "si:valueXMLList",
        "si:unitXMLList",
        "si:coverageFactorXMLList",
        "si:coverageProbabilityXMLList",
        (
            ("si:expandedUncXMLList", "si:uncertaintyXMLList"),
            ("si:measurementUncertaintyUnivariateXMLList/si:expandedMUXMLList", "si:valueExpandedMUXMLList"),
        ),
    ),
    _Form(
        "si:real",
        "si:value",
        "si:unit",
        "si:coverageFactor",
        "si:coverageProbability",
        (
            ("si:expandedUnc", "si:uncertainty"),
            ("si:measurementUncertaintyUnivariate/si:expandedMU", "si:valueExpandedMU"),
        ),
    ),
)
"""A list of numbers with one unit, and one number."""


class Uncertain(NamedTuple):
    """U of each value, its k, and the probability that it covers."""

    expanded: list[float]
    factors: list[float]
    probabilities: list[float]


@dataclass(frozen=True)
class Column:
    """Numbers in W, V or A; ``uncertain``: None: not told; ``quantity``: their element."""

    values: list[float]
    uncertain: Uncertain | None
    quantity: Any


@dataclass
class Columns:
    """The columns of one kind in a list.

    :param by_unit: those in W, V, A.
    :param foreign: units of the others.
    :param twice: units that more than one column has; the first one of them is in ``by_unit``.
    """

    by_unit: dict[str, Column] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)

    @property
    def units(self) -> str:
        """All units, in words."""
        return ", ".join([*self.by_unit, *self.foreign])

    def __bool__(self) -> bool:
        return bool(self.by_unit or self.foreign)


def read_columns(container: Any, kind: str) -> Columns:
    """Return the columns of this kind in a list; raises ValueError for what are no numbers."""
    found = Columns()
    for quantity in container.findall("dcc:quantity", NAMES):
        if kind not in kinds(quantity):
            continue
        written = list(_numbers_in(quantity))
        known = next((each for each in written if text(each[1], each[0].unit) in UNITS), None)
        if known is None:
            found.foreign.append(text(written[0][1], written[0][0].unit)[:40] if written else "a form that is not read")
            continue
        form, element = known
        unit, factor = UNITS[text(element, form.unit)]
        if unit in found.by_unit:
            found.twice.append(unit)
            continue
        values = _numbers(text(element, form.value), factor)
        found.by_unit[unit] = Column(values, _uncertain(form, element, factor, len(values)), quantity)
    return found


def condition_values(container: Any, points: list[Point]) -> Iterator[tuple[tuple[str, ...], list[Point]]]:
    """Yield the points that were measured under the same conditions, with what the columns of conditions tell."""
    told: list[list[str]] = []
    for quantity in container.findall("dcc:quantity", NAMES):
        name = " ".join(kinds(quantity)).lower()
        if any(each in name for each in CONDITIONS):
            told += [_each(text(element, form.value).split(), len(points)) for form, element in _numbers_in(quantity)]
    if any(len(each) != len(points) for each in told):
        raise ValueError("a list of its results has not as many conditions as indications")
    groups: dict[tuple[str, ...], list[Point]] = {}
    for number, point in enumerate(points):
        groups.setdefault(tuple(each[number] for each in told), []).append(point)
    yield from groups.items()


def _numbers_in(quantity: Any) -> Iterator[tuple[_Form, Any]]:
    """Yield the numbers of a quantity; a hybrid one tells the same in several units."""
    for form in FORMS:
        for path in (form.element, f"si:hybrid/{form.element}"):
            yield from ((form, each) for each in quantity.findall(path, NAMES))


def _uncertain(form: _Form, element: Any, factor: float, count: int) -> Uncertain | None:
    for where, amount in form.uncertainties:
        found = element.find(where, NAMES)
        if found is not None:
            amounts = _numbers(text(found, amount), factor)
            covered = text_if_there(found, form.probability) or USUAL
            factors, probabilities = (_numbers(each, 1.0) for each in (text(found, form.factor), covered))
            return Uncertain(_each(amounts, count), _each(factors, count), _each(probabilities, count))
    return None


def _each(items: list[Item], count: int) -> list[Item]:
    """Return one for each value: a single one is that of all (D-SI)."""
    return items * count if len(items) == 1 else items


def _numbers(written: str, factor: float) -> list[float]:
    numbers = written.split()
    if not all(map(_NUMBER.fullmatch, numbers)):
        raise ValueError(f"'{written[:40]}' are no numbers")
    return [float(each) * factor for each in numbers]

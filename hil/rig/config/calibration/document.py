"""What a Digital Calibration Certificate says, as far as a rig asks: of which instrument, when, and what was measured.

The format is PTB's DCC, versions 3.0 to 3.3 (https://ptb.de/dcc), with quantities in D-SI. Of the results each list
counts that holds, for power, voltage or current, what the instrument indicated and by how much that was wrong, with its
expanded uncertainty: ``basic_measuredValue`` with ``basic_measurementError``, or with ``basic_referenceValue``, as
PTB's good-practice certificates name them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from hil.rig.config.calibration.points import Curve, Point

DCC, SI = "https://ptb.de/dcc", "https://ptb.de/si"
NAMES: Final = {"dcc": DCC, "si": SI}

MEASURED, ERROR, REFERENCE = "basic_measuredValue", "basic_measurementError", "basic_referenceValue"
DUE = "basic_recalibration"
"""The statement whose date says when it must be calibrated again."""

UNITS: Final[Mapping[str, tuple[str, float]]] = {
    rf"{prefix}\{name}": (unit, factor)
    for name, unit in (("watt", "W"), ("volt", "V"), ("ampere", "A"))
    for prefix, factor in (("", 1.0), ("\\kilo", 1e3), ("\\milli", 1e-3), ("\\micro", 1e-6))
}
"""D-SI units that a power meter is calibrated in, with their base unit and factor to it."""

_UNCERTAINTIES = (
    ("si:expandedUncXMLList", "si:uncertaintyXMLList"),
    ("si:measurementUncertaintyUnivariateXMLList/si:expandedMUXMLList", "si:valueExpandedMUXMLList"),
)
"""Where U is, and its name: until D-SI 2.1, and since."""

_RESULTS = "dcc:measurementResults/dcc:measurementResult/dcc:results/dcc:result/dcc:data/dcc:list"
_SERIALS = "dcc:identifications/dcc:identification/dcc:value"


@dataclass(frozen=True)
class Certificate:
    """A calibration certificate.

    :param number: its unique identifier; ``laboratory``: who issued it.
    :param serials: what identifies the instrument, by whom: serial number of its maker, number of its owner.
    :param performed: last day of the calibration; ``due``: last day on which it holds, None: it does not say.
    :param curves: what was measured, by unit: W, V, A.
    """

    number: str
    laboratory: str
    manufacturer: str
    model: str
    serials: frozenset[str]
    performed: date
    due: date | None
    curves: Mapping[str, Curve]


def read_document(root: Any) -> Certificate:
    """Return what the certificate says; raises ValueError with what is missing, or makes no sense."""
    if root.tag != f"{{{DCC}}}digitalCalibrationCertificate":
        raise ValueError("it is no Digital Calibration Certificate: its root is not digitalCalibrationCertificate")
    version = root.get("schemaVersion", "")
    if not version.startswith("3."):
        raise ValueError(f"its schema version is '{version}'; versions 3.0 to 3.3 can be read")
    administrative = _one(root, "dcc:administrativeData")
    core, items = _one(administrative, "dcc:coreData"), administrative.findall("dcc:items/dcc:item", NAMES)
    if len(items) != 1:
        raise ValueError(f"it is about {len(items)} items; one is allowed")
    return Certificate(
        number=_text(core, "dcc:uniqueIdentifier"),
        laboratory=_text(administrative, "dcc:calibrationLaboratory/dcc:contact/dcc:name/dcc:content"),
        manufacturer=_text(items[0], "dcc:manufacturer/dcc:name/dcc:content"),
        model=_text(items[0], "dcc:model"),
        serials=frozenset(filter(None, map(_words, items[0].findall(_SERIALS, NAMES)))),
        performed=_day(_text(core, "dcc:endPerformanceDate")),
        due=_due(administrative),
        curves=_curves(root),
    )


def _due(administrative: Any) -> date | None:
    for statement in administrative.findall("dcc:statements/dcc:statement", NAMES):
        if DUE in statement.get("refType", "").split():
            return _day(_text(statement, "dcc:date"))
    return None


def _curves(root: Any) -> dict[str, Curve]:
    found: dict[str, list[Point]] = {}
    for table in root.findall(_RESULTS, NAMES):
        for unit, points in _points(table):
            found.setdefault(unit, []).extend(points)
    if not found:
        raise ValueError("it holds no deviations of power, voltage or current that could be reckoned with")
    curves = {}
    for unit, points in found.items():
        ordered = sorted(points)
        if len({each.shown for each in ordered}) < len(ordered):
            raise ValueError(f"two of its points are at the same indication, in {unit}")
        curves[unit] = Curve(tuple(ordered))
    return curves


def _points(table: Any) -> Iterator[tuple[str, list[Point]]]:
    """Yield unit and points of a list that tells indications and their deviations."""
    columns = {kind: _column(table, kind) for kind in (MEASURED, ERROR, REFERENCE)}
    shown, error, reference = columns[MEASURED], columns[ERROR], columns[REFERENCE]
    if shown is None or (error is None and reference is None):
        return
    unit, values, by_value = shown
    if error is not None:
        other, deviations, uncertain = error
    elif reference is not None:
        other, references, by_reference = reference
        if len(references) != len(values):
            raise ValueError("a list of its results has not as many references as indications")
        deviations = [each - true for each, true in zip(values, references, strict=True)]
        uncertain = by_value or by_reference
    if other != unit:
        raise ValueError(f"it tells indications in {unit} and their deviations in {other}")
    if uncertain is None:
        raise ValueError("it tells deviations without an expanded uncertainty and its coverage factor")
    expanded, factors = uncertain
    if not len(values) == len(deviations) == len(expanded) == len(factors):
        raise ValueError("a list of its results has not as many deviations and uncertainties as indications")
    yield unit, [Point(*each) for each in zip(values, deviations, expanded, factors, strict=True) if _sound(*each)]


def _sound(shown: float, deviation: float, expanded: float, k: float) -> bool:
    if not all(map(math.isfinite, (shown, deviation, expanded, k))) or shown < 0 or expanded < 0 or k <= 0:
        what = f"a point at {shown:g} with a deviation of {deviation:g}, U {expanded:g} and k {k:g} cannot be"
        raise ValueError(what)
    return True


_Uncertain = tuple[list[float], list[float]]


def _column(table: Any, kind: str) -> tuple[str, list[float], _Uncertain | None] | None:
    """Return unit, values, and U with k of the quantity of a kind; None if there is none in a unit of a power meter."""
    for quantity in table.findall("dcc:quantity", NAMES):
        if kind not in quantity.get("refType", "").split():
            continue
        for numbers in quantity.iter(f"{{{SI}}}realListXMLList"):
            if (unit := UNITS.get(_text(numbers, "si:unitXMLList"))) is None:
                continue
            values = _numbers(_text(numbers, "si:valueXMLList"), unit[1])
            return unit[0], values, _uncertain(numbers, unit[1], len(values))
    return None


def _uncertain(numbers: Any, factor: float, count: int) -> _Uncertain | None:
    for where, amount in _UNCERTAINTIES:
        found = numbers.find(where, NAMES)
        if found is not None:
            amounts = _numbers(_text(found, amount), factor)
            factors = _numbers(_text(found, "si:coverageFactorXMLList"), 1.0)
            return _each(amounts, count), _each(factors, count)
    return None


def _each(numbers: list[float], count: int) -> list[float]:
    """Return one number for each value: a single one is that of all (D-SI)."""
    return numbers * count if len(numbers) == 1 else numbers


def _numbers(text: str, factor: float) -> list[float]:
    try:
        return [float(each) * factor for each in text.split()]
    except ValueError:
        raise ValueError(f"'{text[:40]}' are no numbers") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text[:40]}' is no date") from None


def _one(element: Any, path: str) -> Any:
    found = element.find(path, NAMES)
    if found is None:
        raise ValueError(f"{path.replace('dcc:', '').replace('si:', '')} is missing")
    return found


def _text(element: Any, path: str) -> str:
    text = _words(_one(element, path))
    if not text:
        raise ValueError(f"{path.replace('dcc:', '').replace('si:', '')} is empty")
    return text


def _words(element: Any) -> str:
    return " ".join((element.text or "").split())

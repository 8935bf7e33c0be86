"""The results of a Digital Calibration Certificate: what the instrument indicated, and by how much that was wrong.

Of the results each list counts that holds, for power, voltage or current, indications and their deviations with an
expanded uncertainty: ``basic_measuredValue`` with ``basic_measurementError``, or with ``basic_referenceValue``, as
PTB's good-practice certificates name them. Lists may hold lists, one for each point as well. What was measured before
an adjustment or a repair does not count. What cannot be read is told, never passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from hil.rig.config.calibration.columns import Column, condition_values, read_columns
from hil.rig.config.calibration.elements import NAMES, kinds, words
from hil.rig.config.calibration.points import Curve, Point

MEASURED, ERROR, REFERENCE = "basic_measuredValue", "basic_measurementError", "basic_referenceValue"

STATES: Final = {
    "before": ("beforeadjustment", "beforerepair"),
    "found": ("asfound",),
    "after": ("afteradjustment", "afterrepair", "asleft"),
}
"""How a ``refType`` ends, or what the ``status`` of an influence condition is, in small letters."""

BACK: Final = "power that flows back"
"""The condition of indications below zero, which are kept by their amount."""

SURROUNDINGS: Final = ("temperature", "humidity", "pressure")
"""Conditions of the room: results under different ones continue each other."""


@dataclass(frozen=True)
class _Around:
    """What holds for everything within an element.

    :param state: one of :data:`STATES`, ``both`` if it cannot be told which; empty: nothing is said.
    :param conditions: influence conditions but those of the room, in words.
    """

    state: str = ""
    conditions: tuple[str, ...] = ()

    def within(self, *elements: Any) -> _Around:
        """Return what holds within these elements: the inner one decides."""
        state, conditions = self.state, self.conditions
        for element in elements:
            said = kinds(element)
            for condition in element.findall("dcc:influenceConditions/dcc:influenceCondition", NAMES):
                said += [words(each) for each in condition.findall("dcc:status", NAMES)]
                name = " ".join(kinds(condition)).lower()
                if not any(each in name for each in SURROUNDINGS):
                    conditions += (" ".join("".join(condition.itertext()).split()),)
            told = {name for name, ends in STATES.items() for each in said if each.lower().endswith(ends)}
            if told:
                state = "both" if "after" in told and len(told) > 1 else min(told)
        return replace(self, state=state, conditions=conditions)


@dataclass(frozen=True)
class _Table:
    """Points of one unit that were measured under the same conditions."""

    unit: str
    around: _Around
    points: tuple[Point, ...]


def read_results(root: Any) -> tuple[dict[str, tuple[Curve, ...]], tuple[str, ...]]:
    """Return the curves by unit, and what could not be read of these units; raises ValueError if there are no curves.

    Tables that overlap, or that were measured under different conditions, are different curves.
    """
    unread: list[str] = []
    tables = list(_of_results(root, unread))
    if any(each.around.state == "both" for each in tables):
        unread.append("it does not tell which of its results are from before an adjustment, and which from after")
    counting = [each for each in tables if each.around.state in {"", "after"}]
    if not counting:  # as found, and nothing as left: it was not adjusted
        counting = [each for each in tables if each.around.state == "found"]
    if not counting:
        reasons = list(dict.fromkeys(unread))
        if any(each.around.state == "before" for each in tables):
            reasons.append("what it holds is from before an adjustment or repair")
        why = f" ({'; '.join(reasons)})" if reasons else ""
        raise ValueError(f"it holds no deviations of power, voltage or current that could be reckoned with{why}")
    curves: dict[str, tuple[Curve, ...]] = {}
    for unit in dict.fromkeys(each.unit for each in counting):
        curves[unit] = tuple(_curves([each for each in counting if each.unit == unit]))
    return curves, tuple(dict.fromkeys(unread))


def _of_results(root: Any, unread: list[str]) -> Iterator[_Table]:
    for measured in root.findall("dcc:measurementResults/dcc:measurementResult", NAMES):
        for result in measured.findall("dcc:results/dcc:result", NAMES):
            for data in result.findall("dcc:data", NAMES):
                yield from _tables(data, _Around().within(measured, result), unread)


def _tables(container: Any, outside: _Around, unread: list[str]) -> Iterator[_Table]:
    """Yield the tables of a list: its own, and those of the lists in it; lists of one point each are one table."""
    around = outside.within(container)
    yield from _own(container, around, unread)
    single: dict[tuple[str, _Around], list[Point]] = {}
    for inner in container.findall("dcc:list", NAMES):
        for table in _tables(inner, around, unread):
            if len(table.points) == 1:
                single.setdefault((table.unit, table.around), []).extend(table.points)
            else:
                yield table
    for (unit, conditions), points in single.items():
        yield _Table(unit, conditions, tuple(points))


def _own(container: Any, around: _Around, unread: list[str]) -> Iterator[_Table]:
    columns = {kind: read_columns(container, kind) for kind in (MEASURED, ERROR, REFERENCE)}
    shown, others = columns[MEASURED], (columns[ERROR], columns[REFERENCE])
    told, found = [*columns.values()], False
    for unit, indications in shown.by_unit.items():
        deviations = next((each.by_unit[unit] for each in others if unit in each.by_unit), None)
        if deviations is None:
            continue
        found = True
        inside = around.within(indications.quantity, deviations.quantity)
        by_reference = unit not in columns[ERROR].by_unit
        points = _points(indications, deviations, by_reference=by_reference)
        for conditions, group in condition_values(container, points):
            forward = tuple(each for each in group if each.shown >= 0)
            back = tuple(_mirrored(each) for each in group if each.shown < 0)
            for part, more in ((forward, conditions), (back, (*conditions, BACK))):
                if part:
                    yield _Table(unit, replace(inside, conditions=inside.conditions + more), part)
    if around.state in {"before", "found"}:
        return
    if not found and any(each.by_unit for each in told):
        what = " and ".join(f"{each} in {columns[each].units}" for each in columns if columns[each])
        unread.append(f"a list of its results tells no deviations that could be reckoned with: it has {what}")
    unread += [f"a list of its results has two columns of one kind in {unit}" for each in told for unit in each.twice]


def _points(indications: Column, others: Column, *, by_reference: bool) -> list[Point]:
    values, deviations, uncertain = indications.values, others.values, others.uncertain
    if by_reference:
        if len(deviations) != len(values):
            raise ValueError("a list of its results has not as many references as indications")
        deviations = [each - true for each, true in zip(values, deviations, strict=True)]
        uncertain = indications.uncertain or others.uncertain
    if uncertain is None:
        raise ValueError("it tells deviations without an expanded uncertainty and its coverage factor")
    if {len(deviations), *map(len, uncertain)} != {len(values)}:
        raise ValueError("a list of its results has not as many deviations and uncertainties as indications")
    return [Point.found(*each) for each in zip(values, deviations, *uncertain, strict=True)]


def _mirrored(point: Point) -> Point:
    """Return a point of what flows back as one of what flows forward: by how much the amount is too much."""
    return point._replace(shown=-point.shown, deviation=-point.deviation)


def _curves(tables: list[_Table]) -> Iterator[Curve]:
    """Yield the curves of one unit: tables under the same conditions that do not overlap continue each other."""
    for around in dict.fromkeys(each.around for each in tables):
        chains: list[list[Point]] = []
        for points in sorted(sorted(each.points) for each in tables if each.around == around):
            if len({each.shown for each in points}) < len(points):
                twice = f"two of its points are at the same indication, in {tables[0].unit}"
                raise ValueError(f"{twice}, and no condition tells them apart")
            chain = next((each for each in chains if each[-1].shown < points[0].shown), None)
            if chain is None:
                chains.append(list(points))
            else:
                chain.extend(points)
        yield from (Curve(tuple(each)) for each in chains)

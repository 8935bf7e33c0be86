"""A timeline in few bytes: whole numbers, each as its difference to the one before, which compresses well.

``assets/plot.js`` reads the same form.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

from hil.evidence.documents import Json
from hil.report.scenario.timeline_data import Curve, Lane, Mark, Timeline
from hil.report.scenario.timeline_drawing import scale_of

TICKS_PER_SECOND = 10_000
"""Resolution of the times on a curve."""

DIGITS = 6
"""Significant digits of the largest value of a curve; all its values have as many decimals."""


def pack(timeline: Timeline) -> dict[str, Json]:
    """Return the timeline as JSON. Its texts are made visible already, its numbers are finite."""
    return {
        "start": timeline.start,
        "end": timeline.end,
        "scales": {axis: scale_of(timeline, axis) for axis in ("power", "credit")},
        "curves": [_curve(curve) for curve in timeline.curves],
        "legend": timeline.legend,
        "words": timeline.words,
        "marks": [[round(mark.t, 3), mark.kind, mark.label] for mark in timeline.marks],
        "lanes": [{"name": lane.name, "closed": lane.closed, "edges": lane.edges} for lane in timeline.lanes],
    }


def unpack(packed: Mapping[str, Any]) -> Timeline:
    """Return what :func:`pack` was given, times of curves to 0.1 ms and values to :data:`DIGITS` digits."""
    return Timeline(
        packed["start"],
        packed["end"],
        [_unpacked_curve(curve) for curve in packed["curves"]],
        [Mark(t, kind, label) for t, kind, label in packed["marks"]],
        [
            Lane(lane["name"], [(start, end) for start, end in lane["closed"]], lane["edges"])
            for lane in packed["lanes"]
        ],
    )


def _curve(curve: Curve) -> dict[str, Json]:
    times = [round(t * TICKS_PER_SECOND) for t, _ in curve.points]
    steps = _differences(times)
    if 0 in steps[1:]:  # two readings of one instant must both be seen: the live plot keeps one value for each instant
        steps = _differences(list(accumulate(times, lambda before, tick: max(before + 1, tick))))
    values = [value for _, value in curve.points if value is not None]
    largest = max(map(abs, values), default=0.0)
    decimals = DIGITS - 1 - math.floor(math.log10(largest)) if largest > 1e-12 else 0
    factor = 10.0**decimals
    changes: list[int | None] = [*_differences([round(value * factor) for value in values])]
    for index, (_, value) in enumerate(curve.points):
        if value is None:
            changes.insert(index, None)
    return {
        "label": curve.label,
        "axis": curve.axis,
        "stepped": curve.stepped,
        "note": curve.note,
        "decimals": decimals,
        "steps": steps,
        "changes": changes,
    }


def _differences(numbers: Sequence[int]) -> list[int]:
    return [later - earlier for earlier, later in pairwise([0, *numbers])]


def _unpacked_curve(packed: Mapping[str, Any]) -> Curve:
    times = accumulate(packed["steps"])
    factor = 10.0 ** packed["decimals"]
    points: list[tuple[float, float | None]] = []
    total = 0
    for tick, change in zip(times, packed["changes"], strict=True):
        total += change or 0
        points.append((tick / TICKS_PER_SECOND, None if change is None else total / factor))
    return Curve(packed["label"], packed["axis"], packed["stepped"], points, packed["note"])

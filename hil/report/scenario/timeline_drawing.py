"""The timeline as coordinates of a static drawing, for paper and for a page without scripts.

The live plot (assets/plot.js) has the same scales and the same lanes above the curves, so that paper and screen agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from hil.report.scenario.timeline_data import Curve, Lane, Mark, Timeline

WIDTH, LEFT, RIGHT = 960.0, 76.0, 60.0
LANE, PLOT, AXIS = 18.0, 190.0, 34.0
"""Heights in SVG units of one lane, of the curves and of the time axis."""

MARK_LANES = {
    "accepted": "payments",
    "refused": "payments",
    "ledger": "ledger",
    "link": "link",
    "fault": "events",
    "load": "events",
    "off": "events",
}


@dataclass(frozen=True)
class Tick:
    """A mark on an axis, with its text."""

    at: float
    text: str


@dataclass(frozen=True)
class Row:
    """A lane with its spans as ``(x, width)``, its edges as ``x`` and its marks as ``(x, mark)``."""

    name: str
    y: float
    spans: list[tuple[float, float]]
    edges: list[float]
    marks: list[tuple[float, Mark]]


@dataclass(frozen=True)
class Drawing:
    """Everything that the SVG template needs, in SVG units."""

    height: float
    top: float
    bottom: float
    rows: list[Row]
    paths: list[tuple[str, str]]
    """Class and path data of each curve."""
    times: list[Tick]
    powers: list[Tick]
    credits: list[Tick]
    lines: list[tuple[float, Mark]]
    """Marks that are drawn through the curves as well: everything but accepted payments."""
    width: float = WIDTH
    left: float = LEFT
    right: float = WIDTH - RIGHT


def nice_ticks(low: float, high: float, about: int) -> list[float]:
    """Return round numbers (1, 2 or 5 times a power of ten apart) from ``low`` to ``high``, roughly ``about``."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    return [round(index * step, 9) for index in range(math.ceil(low / step), math.floor(high / step + 1e-9) + 1)]


def scale_of(timeline: Timeline, axis: str) -> tuple[float, float]:
    """Return the lower and upper end of an axis; zero is always on it."""
    values = [
        value for curve in timeline.curves if curve.axis == axis for _, value in curve.points if value is not None
    ]
    low, high = min([0.0, *values]), max([0.0, *values])
    room = 0.06 * (high - low) or 1.0
    return (low - room if low < 0 else 0.0), high + room


def draw(timeline: Timeline) -> Drawing:
    """Lay the timeline out for the SVG template."""

    def x_of(t: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (t - timeline.start) / (timeline.end - timeline.start), 1)

    rows = _rows(timeline, x_of)
    top = 8.0 + LANE * len(rows)
    bottom = top + PLOT

    def y_of(value: float, scale: tuple[float, float]) -> float:
        return round(bottom - PLOT * (value - scale[0]) / (scale[1] - scale[0]), 1)

    scales = {axis: scale_of(timeline, axis) for axis in ("power", "credit")}

    def ticks(axis: str) -> list[Tick]:
        if not any(curve.axis == axis for curve in timeline.curves):
            return []
        return [Tick(y_of(value, scales[axis]), f"{value:g}") for value in nice_ticks(*scales[axis], 5)]

    paths = [
        (
            curve.axis,
            _path([(x_of(t), None if y is None else y_of(y, scales[curve.axis])) for t, y in curve.points], curve),
        )
        for curve in timeline.curves
    ]
    times = [Tick(x_of(t), f"{t:g}") for t in nice_ticks(timeline.start, timeline.end, 10)]
    lines = [(x_of(mark.t), mark) for mark in timeline.marks if mark.kind not in {"accepted", "ledger", "link", "load"}]
    return Drawing(bottom + AXIS, top, bottom, rows, paths, times, ticks("power"), ticks("credit"), lines)


def _rows(timeline: Timeline, x_of: Callable[[float], float]) -> list[Row]:
    names = list(dict.fromkeys(MARK_LANES[mark.kind] for mark in timeline.marks))
    lanes = [Lane(name, [], []) for name in ("payments", "ledger", "link", "events") if name in names] + timeline.lanes
    rows = []
    for index, lane in enumerate(lanes):
        marks = [(x_of(m.t), m) for m in timeline.marks if index < len(names) and MARK_LANES[m.kind] == lane.name]
        spans = [(x_of(start), round(x_of(end) - x_of(start), 1)) for start, end in lane.closed]
        rows.append(Row(lane.name, 4.0 + LANE * index, spans, [x_of(t) for t in lane.edges], marks))
    return rows


def _path(points: list[tuple[float, float | None]], curve: Curve) -> str:
    """Return SVG path data; a point without a value lifts the pen, points on one spot are drawn once."""
    parts: list[str] = []
    previous: tuple[float, float] | None = None
    for x, y in points:
        if y is None:
            previous = None
        elif previous is None:
            parts.append(f"M{x:g} {y:g}")
            previous = (x, y)
        elif (x, y) != previous:
            parts.append(f"H{x:g}V{y:g}" if curve.stepped else f"L{x:g} {y:g}")
            previous = (x, y)
    return "".join(parts)

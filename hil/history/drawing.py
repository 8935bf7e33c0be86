"""The control chart as an SVG: individual values above, moving ranges below, firmware versions as bands."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hil.history.statistics.control_chart import moving_ranges
from hil.history.trend import Trend, stretches
from hil.report.text_format import date
from hil.units import format_quantity

WIDTH, HEIGHT = 960, 430
LEFT, RIGHT = 84, 830
TOP, VALUES_BOTTOM, RANGES_TOP, BOTTOM = 26, 270, 300, 400

MOST_POINTS = 400
"""Of a chart: the newest. Figures are of all values."""

_FAR = 1.5
"""A required limit that is further from the values than this multiple of their spread is not drawn, but told."""

_LINE_HEIGHT = 12


@dataclass(frozen=True)
class Line:
    """A horizontal line with its name at the right."""

    kind: str
    y: float
    text: str
    text_y: float


@dataclass(frozen=True)
class Dot:
    """A value, with its uncertainty from ``top`` to ``bottom``; a signal has a ring."""

    x: float
    y: float
    top: float
    bottom: float
    kind: str
    signal: bool
    title: str


@dataclass(frozen=True)
class Band:
    """A stretch of one firmware version."""

    x: float
    width: float
    name: str
    other: bool


@dataclass(frozen=True)
class Tick:
    """A number beside the axis."""

    y: float
    text: str


@dataclass(frozen=True)
class Chart:
    """All that the template draws."""

    bands: list[Band]
    lines: list[Line]
    range_lines: list[Line]
    ticks: list[Tick]
    range_ticks: list[Tick]
    dots: list[Dot]
    values: Markup
    ranges: Markup
    first: str
    last: str
    notes: list[str]


def chart_of(trend: Trend) -> Chart | None:
    """Return the chart of a trend; None if it has no value."""
    skipped = max(0, len(trend.points) - MOST_POINTS)
    points = trend.points[skipped:]
    if not points:
        return None
    values = trend.values[skipped:]
    spreads = [point.uncertainty or 0.0 for point in points]
    marked = {each.index - skipped for each in trend.signals}
    inside = [value + sign * spread for value, spread in zip(values, spreads, strict=True) for sign in (-1, 1)]
    limits = trend.limits
    inside += [limits.lower, limits.upper] if limits is not None else []
    low, high = min(inside), max(inside)
    room = (high - low) or abs(high) or 1.0
    notes = [f"{skipped} older values are not drawn."] if skipped else []
    required = []
    for name, limit in (("required ≥", trend.limit_low), ("required ≤", trend.limit_high)):
        if limit is None:
            continue
        if low - _FAR * room <= limit <= high + _FAR * room:
            required.append((name, limit))
        else:
            notes.append(f"The limit {name} {format_quantity(limit, trend.unit)} lies outside of the chart.")
    edges = [low, high, *(limit for _, limit in required)]
    at = scale(min(edges) - 0.06 * room, max(edges) + 0.06 * room, VALUES_BOTTOM, TOP)
    across = scale(-0.5, len(points) - 0.5, LEFT, RIGHT)
    named = [("limit", limit, name) for name, limit in required]
    if limits is not None:
        named += [
            ("control", limits.upper, "+3 s"),
            ("center", limits.center, "center"),
            ("control", limits.lower, "-3 s"),
        ]
    ranges = moving_ranges(values)
    upper = max([*ranges, limits.range_upper if limits is not None else 0.0]) or 1.0
    range_at = scale(0.0, 1.08 * upper, BOTTOM, RANGES_TOP)
    range_named = []
    if limits is not None:
        range_named = [("control", limits.range_upper, "limit"), ("center", limits.moving_range, "mean")]
    dots = [
        Dot(
            x=across(index),
            y=at(value),
            top=at(value + spread),
            bottom=at(value - spread),
            kind=point.verdict.value.replace(" ", "-"),
            signal=index in marked,
            title=f"{date(point.began)}, run {point.run_id}, seed {point.seed}: {format_quantity(value, trend.unit)}",
        )
        for index, (point, value, spread) in enumerate(zip(points, values, spreads, strict=True))
    ]
    return Chart(
        bands=[
            Band(across(start - 0.5), across(end - 0.5) - across(start - 0.5), name, number % 2 == 1)
            for number, (name, start, end) in enumerate(stretches(points))
        ],
        lines=_lines(named, at, trend.unit),
        range_lines=_lines(range_named, range_at, trend.unit),
        ticks=ticks(min(edges), max(edges), at, trend.unit),
        range_ticks=ticks(0.0, upper, range_at, trend.unit, 2),
        dots=dots,
        values=path([(dot.x, dot.y) for dot in dots]),
        ranges=path([(across(index + 1), range_at(each)) for index, each in enumerate(ranges)]),
        first=date(points[0].began) or "",
        last=date(points[-1].began) or "",
        notes=notes,
    )


def scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """Return the function that maps ``low`` .. ``high`` to ``start`` .. ``end``, to a tenth of a pixel."""
    factor = (end - start) / (high - low)
    return lambda value: round(start + (value - low) * factor, 1)


def _lines(named: Sequence[tuple[str, float, str]], at: Callable[[float], float], unit: str) -> list[Line]:
    """Return the lines, top first, with their names moved apart."""
    lines, free = [], -math.inf
    for kind, value, name in sorted(named, key=lambda each: at(each[1])):
        y = at(value)
        free = max(y + 4, free + _LINE_HEIGHT)
        lines.append(Line(kind, y, f"{name} {format_quantity(value, unit).strip()}", free))
    return lines


def ticks(low: float, high: float, at: Callable[[float], float], unit: str, count: int = 5) -> list[Tick]:
    """Return round numbers from ``low`` to ``high``."""
    rough = (high - low) / count or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= rough)
    first = math.ceil(low / step)
    return [Tick(at(n * step), format_quantity(n * step, unit)) for n in range(first, math.floor(high / step) + 1)]


def path(places: Sequence[tuple[float, float]]) -> Markup:
    """Return a curve; it holds numbers alone, so that nothing in it need be escaped or cut."""
    return Markup("M" + "L".join(f"{x} {y}" for x, y in places) if places else "")  # noqa: S704

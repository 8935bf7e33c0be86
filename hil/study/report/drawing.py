"""The plots of a study as SVG: deviations over the reference with the line of the bias, and sessions over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hil.history.drawing import Tick, path, scale, ticks
from hil.report.text_format import date
from hil.study.quantities import QuantityResult
from hil.study.stability import Stability
from hil.units import format_quantity

WIDTH, HEIGHT = 960, 320
LEFT, RIGHT, TOP, BOTTOM = 84, 830, 20, 270

MARKS = 6
"""Sessions that can be told apart by the look of their points; further ones begin anew."""

ROOM = 0.08
"""Of the height, above and below what is drawn."""


@dataclass(frozen=True)
class Dot:
    """A measurement; ``kind`` tells its session, ``title`` is what a pointer over it shows."""

    x: float
    y: float
    kind: str
    title: str
    ring: bool = False


@dataclass(frozen=True)
class Line:
    """A curve with the kind of its look, and its name at the right end; empty: it has none."""

    d: Markup
    kind: str
    name: str = ""
    y: float = 0.0


@dataclass(frozen=True)
class Plot:
    """All that the template draws."""

    label: str
    across: str
    dots: tuple[Dot, ...]
    lines: tuple[Line, ...]
    band: Markup
    ticks: tuple[Tick, ...]
    marks: tuple[tuple[float, str], ...]
    legend: tuple[tuple[str, str], ...]


def deviations(result: QuantityResult) -> Plot:
    """Return each deviation over its reference, U as it is stated, and the line of the bias with its band."""
    unit = result.unit
    measured = sorted(result.values, key=lambda pair: pair[1].reference)
    labels = list(dict.fromkeys(label for label, _ in result.values))
    band = result.linearity.band if result.linearity is not None else ()
    low_x, high_x = measured[0][1].reference, measured[-1][1].reference
    edges = [each.deviation for _, each in measured] + [end for each in band for end in (each.low, each.high)]
    edges += [sign * each.uncertainty for _, each in measured for sign in (-1, 1)]
    room = ROOM * (max(edges) - min(edges) or 1.0)
    at = scale(min(edges) - room, max(edges) + room, BOTTOM, TOP)
    margin = 0.03 * (high_x - low_x or abs(high_x) or 1.0)
    over = scale(low_x - margin, high_x + margin, LEFT, RIGHT)
    kinds = {label: f"session-{number % MARKS + 1}" for number, label in enumerate(labels)}
    lines = [Line(path([(LEFT, at(0.0)), (RIGHT, at(0.0))]), "center", "no deviation", at(0.0) + 4)]
    for sign in (-1, 1):
        stated = [(over(each.reference), at(sign * each.uncertainty)) for _, each in measured]
        lines.append(Line(path(stated), "limit", "U stated" if sign > 0 else "", stated[-1][1] + 4))
    if band:
        lines.append(Line(path([(over(each.reference), at(each.line)) for each in band]), "bias"))
    outline = [(over(each.reference), at(each.high)) for each in band]
    outline += [(over(each.reference), at(each.low)) for each in reversed(band)]
    return Plot(
        label=f"Deviation of {result.quantity} from the reference, over the reference",
        across=f"reference, {unit}",
        dots=tuple(
            Dot(
                over(each.reference),
                at(each.deviation),
                kinds[label],
                f"{label}, trial {each.trial}: {format_quantity(each.deviation, unit)} at"
                f" {format_quantity(each.reference, unit)}",
                each.within is False,
            )
            for label, each in measured
        ),
        lines=tuple(lines),
        band=path(outline),
        ticks=tuple(ticks(min(edges), max(edges), at, unit)),
        marks=tuple((each.y, each.text) for each in ticks(low_x, high_x, over, unit, 6)),
        legend=tuple((kinds[label], label) for label in labels[:MARKS]),
    )


def sessions(result: QuantityResult) -> Plot | None:
    """Return the control chart of the quantity; None with fewer than two sessions."""
    found: Stability | None = result.stability
    if found is None or len(found.points) < 2:
        return None
    unit, means = result.unit, [each.mean for each in found.points]
    limits = found.limits
    named = [] if limits is None else [("+3 s", limits.upper), ("center", limits.center), ("-3 s", limits.lower)]
    edges = [*means, *(value for _, value in named)]
    room = ROOM * (max(edges) - min(edges) or 1.0)
    at = scale(min(edges) - room, max(edges) + room, BOTTOM, TOP)
    over = scale(-0.5, len(means) - 0.5, LEFT, RIGHT)
    marked = {each.index for each in found.signals}
    places = [(over(number), at(mean)) for number, mean in enumerate(means)]
    ends: Sequence[str] = (date(found.points[0].began) or "", date(found.points[-1].began) or "")
    return Plot(
        label=f"Mean deviation of {result.quantity} at {format_quantity(found.level, unit)}, by session",
        across=f"sessions, from {ends[0]} to {ends[1]}",
        dots=tuple(
            Dot(*place, "session-1", f"{each.label}: {format_quantity(each.mean, unit)}", number in marked)
            for number, (place, each) in enumerate(zip(places, found.points, strict=True))
        ),
        lines=(
            Line(path(places), "values"),
            *(
                Line(
                    path([(LEFT, at(value)), (RIGHT, at(value))]),
                    "center" if name == "center" else "control",
                    f"{name} {format_quantity(value, unit)}",
                    at(value) + 4,
                )
                for name, value in named
            ),
        ),
        band=Markup(""),
        ticks=tuple(ticks(min(edges), max(edges), at, unit)),
        marks=(),
        legend=(),
    )

"""What the timeline plot of a scenario shows, taken from its events. timeline_drawing.py and plot.js draw it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from hil.evidence.documents import Event, Kind
from hil.evidence.record import ScenarioRecord
from hil.report.scenario.recent_events import ledger_words, load_words
from hil.report.text_format import number_of, section_of, text_of, visible

MOST_POINTS = 4000
"""Above this many readings a curve is reduced, which keeps a scenario of hours in a file that a browser opens."""

GAP_FACTOR = 5
"""A pause this many times the usual one between two readings breaks the curve: nothing was measured there."""

LARGEST = 1e12
"""No instant and no value is larger than this; foreign evidence may hold what no plot can be scaled to."""

POWER_OFF_SHARE = 0.01
"""Power counts as off at or below this share of the scenario's largest power."""

MARK_WORDS = {
    "accepted": "payment accepted",
    "refused": "refusal on the link",
    "ledger": "change on the ledger",
    "link": "message on the link lost, damaged or held back",
    "load": "load set anew",
    "fault": "fault that the scenario asked for",
    "off": "power went off",
}
"""What each kind of mark means."""

_MOST_TOLD = 40
"""Marks that are told in words."""

_MOST_SPANS = 20
"""Spans of a relay that are told in words."""

Point = tuple[float, float | None]


@dataclass(frozen=True)
class Curve:
    """One quantity over time; ``axis`` is ``power`` (W, left) or ``credit`` (Wh, right).

    A point without a value breaks the line. A stepped curve holds each value until the next: it was reported then,
    not measured in between.
    """

    label: str
    axis: str
    stepped: bool
    points: list[Point]
    note: str | None = None


@dataclass(frozen=True)
class Mark:
    """Something that happened at ``t``; ``kind`` is one of :data:`MARK_WORDS`."""

    t: float
    kind: str
    label: str


@dataclass(frozen=True)
class Lane:
    """A relay: the spans in which it was closed, and every edge. Before the first edge its state is not known."""

    name: str
    closed: list[tuple[float, float]]
    edges: list[float]

    @property
    def words(self) -> str:
        """When it was closed."""
        if not self.closed:
            return f"{self.name} never closed"
        spans = [f"{start:.3f} s to {end:.3f} s" for start, end in self.closed[:_MOST_SPANS]]
        more = len(self.closed) - len(spans)
        return f"{self.name} closed {', '.join(spans)}{f' and {more} times more' if more else ''}"


@dataclass(frozen=True)
class Timeline:
    """What a scenario's diagram shows; times in seconds of the bench's clock."""

    start: float
    end: float
    curves: list[Curve]
    marks: list[Mark]
    lanes: list[Lane]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not (self.curves or self.marks or self.lanes)

    @property
    def legend(self) -> list[tuple[str, str]]:
        """What stands for what: the axis of a curve, the kind of a mark or ``closed``, and its meaning."""
        curves = [(each.axis, f"{each.label}{', as last reported' if each.stepped else ''}") for each in self.curves]
        kinds = {mark.kind for mark in self.marks}
        marks = [(kind, words) for kind, words in MARK_WORDS.items() if kind in kinds]
        return [*curves, *marks, *([("closed", "relay closed")] if self.lanes else [])]

    @property
    def told(self) -> list[Mark]:
        """The marks that are told in words too: struck messages may be hundreds, and are counted elsewhere."""
        return [mark for mark in self.marks if mark.kind != "link"]

    @property
    def words(self) -> str:
        """The marks and the relays in words, for a reader who does not see the picture."""
        told = [f"{mark.t:.3f} s {mark.label}" for mark in self.told[:_MOST_TOLD]]
        more = len(self.told) - len(told)
        sentences = ["; ".join(told) + (f" and {more} more marks" if more else "")] if told else []
        return (
            ". ".join([*sentences, "; ".join(lane.words for lane in self.lanes)]) if self.lanes else "".join(sentences)
        )

    @property
    def notes(self) -> list[str]:
        """What must be said of the curves."""
        return [curve.note for curve in self.curves if curve.note]


def timeline_of(scenario: ScenarioRecord) -> Timeline:
    """Gather the curves, marks and lanes of ``scenario``; events and values beyond :data:`LARGEST` are left out."""
    events = [event for event in scenario.events if -LARGEST <= event.t <= LARGEST]
    times = [event.t for event in events] or [0.0]
    readings = [event for event in events if event.kind is Kind.READING]
    others = [event for event in events if event.kind is not Kind.READING]
    powers = _readings(readings, "power_W")
    credits_ = _readings(readings, "credit_Wh")
    curves = [_curve(f"power ({source})", "power", points) for source, points in powers.items()]
    curves += [_curve(f"credit ({source})", "credit", points) for source, points in credits_.items()]
    marks = _marks(others) + [mark for points in powers.values() for mark in _power_off(points)]
    start, end = min(0.0, *times), max(times)
    return Timeline(start, max(end, start + 1e-3), curves, sorted(marks, key=lambda mark: mark.t), _lanes(others, end))


def _readings(events: list[Event], key: str) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for event in events:
        value = event.data.get(key)
        if value is None:
            continue
        # half a million readings: a float, as nearly all are, needs no further question
        number = value if type(value) is float else number_of(event.data, key)
        if number is not None and -LARGEST <= number <= LARGEST:
            found.setdefault(event.source, []).append((event.t, number))
    named: dict[str, list[tuple[float, float]]] = {}
    for source, points in found.items():
        named.setdefault(visible(source), []).extend(points)
    return {name: sorted(points) for name, points in named.items()}


def _curve(label: str, axis: str, points: list[tuple[float, float]]) -> Curve:
    reduced = reduce_points(points, MOST_POINTS)
    note = None
    if len(reduced) < len(points):
        note = (
            f"{label}: {len(points)} readings drawn as {len(reduced)}, the smallest and the largest of each of "
            f"{MOST_POINTS // 2} equal spans of time; the evidence file keeps them all."
        )
    stepped = axis == "credit"
    gaps = [] if stepped else _gaps(points)
    drawn: list[Point] = [*reduced]
    return Curve(label, axis, stepped, sorted([*drawn, *gaps], key=lambda point: point[0]) if gaps else drawn, note)


def reduce_points(points: list[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """Return at most ``most`` of ``points``: the smallest and largest of each of ``most / 2`` equal spans of time.

    A single-sample spike always survives, which it does not with other reductions.
    """
    if len(points) <= most:
        return points
    buckets = most // 2
    first, last = points[0][0], points[-1][0]
    width = (last - first) / buckets or 1.0
    spans: dict[int, list[tuple[float, float]]] = {}
    for point in points:
        spans.setdefault(min(int((point[0] - first) / width), buckets - 1), []).append(point)
    reduced = []
    for span in spans.values():
        lowest = min(span, key=lambda point: point[1])
        highest = max(span, key=lambda point: point[1])
        reduced += sorted({lowest, highest})
    return reduced


def _gaps(points: list[tuple[float, float]]) -> list[Point]:
    """Return a point without a value in the middle of each pause in which the instrument gave no reading."""
    if len(points) < 3:
        return []
    pauses = [later[0] - earlier[0] for earlier, later in pairwise(points)]
    longest = GAP_FACTOR * median(pauses)
    if longest <= 0 or max(pauses) <= longest:
        return []
    return [
        ((earlier[0] + later[0]) / 2, None)
        for pause, (earlier, later) in zip(pauses, pairwise(points), strict=True)
        if pause > longest
    ]


def _power_off(points: list[tuple[float, float]]) -> list[Mark]:
    threshold = POWER_OFF_SHARE * max(abs(value) for _, value in points)
    return [
        Mark(later[0], "off", f"power went off between {earlier[0]:.3f} s and {later[0]:.3f} s")
        for earlier, later in pairwise(points)
        if abs(earlier[1]) > threshold >= abs(later[1])
    ]


def _marks(events: list[Event]) -> list[Mark]:
    marks = []
    for event in events:
        if event.kind is Kind.FAULT and "fault" in event.data:
            marks.append(Mark(event.t, "link", visible(text_of(event.data, "what") or "message struck")))
        elif event.kind is Kind.FAULT:
            marks.append(Mark(event.t, "fault", visible(f"fault: {text_of(event.data, 'what') or 'unnamed'}")))
        elif event.kind is Kind.LOAD:
            marks.append(Mark(event.t, "load", visible(f"load {load_words(event.data)}")))
        elif event.kind is Kind.LEDGER:
            marks.append(Mark(event.t, "ledger", visible(ledger_words(event.data))))
        elif event.kind is Kind.FRAME:
            message = (text_of(event.data, "message") or "").upper()
            fields = section_of(event.data, "fields")
            if message == "RECEIPT":
                marks.append(Mark(event.t, "accepted", visible(f"payment {text_of(fields, 'n') or ''} accepted")))
            elif message == "ERROR":
                words = " ".join(filter(None, (text_of(fields, "code"), text_of(fields, "text"))))
                marks.append(Mark(event.t, "refused", visible(f"refused: {words or 'no reason given'}")))
    return marks


def _lanes(events: list[Event], end: float) -> list[Lane]:
    states: dict[str, list[tuple[float, bool]]] = {}
    for event in events:
        closed = event.data.get("closed")
        if event.kind is Kind.RELAY and isinstance(closed, bool):
            states.setdefault(visible(event.source), []).append((event.t, closed))
    return [_lane(name, sorted(states[name]), end) for name in sorted(states)]


def _lane(name: str, states: list[tuple[float, bool]], end: float) -> Lane:
    spans: list[tuple[float, float]] = []
    edges: list[float] = []
    closed_since: float | None = None
    known: bool | None = None
    for t, closed in states:
        if closed is known:
            continue
        edges.append(t)
        if closed:
            closed_since = t
        elif closed_since is not None:
            spans.append((closed_since, t))
            closed_since = None
        known = closed
    if closed_since is not None:
        spans.append((closed_since, end))
    return Lane(name, spans, edges)

"""One bench as the live page shows it: where its scenario is, its relays, its figures, and a short plot of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hil.evidence.documents import Event, Kind
from hil.report.scenario.recent_events import tell
from hil.report.text_format import number_of, section_of, text_of, visible

RELAYS = ("K1", "K2", "K3", "K4")

MOST_POINTS = 600
"""Of the plot: when there are so many, every second one is dropped."""

_ID = re.compile("[0-9a-f]{16}")
"""Of a question: it becomes a part of the name of a file."""

LONGEST_TEXT = 400
"""Characters of a text of the run that the page shows."""

Point = tuple[float, float, float]
"""Second of the bench, power in W, credit in Wh."""


def shown(text: str) -> str:
    """Return foreign text as the page shows it: what cannot be seen made visible, and no more than fits."""
    text = visible(text.replace("\n", " "))
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


class Plot:
    """Power and credit over the scenario; the whole of it, in points that become sparser as it grows."""

    def __init__(self, version: int) -> None:
        self.begun = version
        """The version from which on a viewer must take all points anew."""
        self._points: list[tuple[int, Point]] = []
        self._gap = 0.0

    def add(self, point: Point, version: int) -> None:
        """Take a point, unless it follows too soon."""
        if self._points and point[0] < self._points[-1][1][0] + self._gap:
            return
        self._points.append((version, point))
        if len(self._points) >= MOST_POINTS:
            self._points = [(version, point) for _, point in self._points[::2]]
            first, last = self._points[0][1][0], self._points[-1][1][0]
            self._gap = (last - first) / len(self._points)
            self.begun = version

    def since(self, version: int) -> dict[str, Any] | None:
        """Return what a viewer lacks who has seen this version; None: nothing."""
        anew = version < self.begun
        points = [point for at, point in self._points if anew or at > version]
        return {"anew": anew, "points": points} if anew or points else None


class Bench:
    """Told of events and of what the bench says of itself; tells the page."""

    def __init__(self, number: int, scenario: int, version: int) -> None:
        self.number = number
        self.scenario = scenario
        """Its number in the run; 0: none has the bench."""
        self.version = version
        """At which anything but the plot changed last."""
        self.plot = Plot(version)
        self._told: dict[str, Any] = {}
        self._relays: dict[str, bool] = {}
        self._figures = {"power_W": 0.0, "voltage_V": 0.0, "energy_Wh": 0.0, "credited_Wh": 0.0, "t": 0.0}
        self._link = self._ledger = self._contact = ""

    def say(self, told: Mapping[str, Any], version: int) -> None:
        """Take what the bench says of itself."""
        if told != self._told:
            self._told, self.version = dict(told), version

    def apply(self, event: Event, version: int) -> None:
        """Take the next event of its scenario."""
        self.version = version
        data, figures = event.data, self._figures
        figures["t"] = event.t
        if event.kind is Kind.READING:
            for name in figures.keys() & data.keys():
                value = number_of(data, name)
                figures[name] = figures[name] if value is None else value
            if event.source == "meter" and "power_W" in data:
                self.plot.add((round(event.t, 3), figures["power_W"], self._credit()), version)
        elif event.kind is Kind.RELAY:
            if event.source in RELAYS:
                self._relays[event.source] = data.get("closed") is True
            else:
                self._contact = f"{event.source} {tell(event)}"
        elif event.kind is Kind.FRAME:
            self._link = f"{text_of(data, 'message')} {text_of(data, 'direction')}"
        elif event.kind in {Kind.TRANSACTION, Kind.LEDGER}:
            self._ledger = tell(event)
        elif event.kind is Kind.STOP:  # the bench is safe: its relays were opened without an event each
            self._relays = {}

    def document(self) -> dict[str, Any]:
        """Return what the page shows of it; foreign texts made visible."""
        told, figures = self._told, self._figures
        text = {key: shown(text_of(told, key) or "") for key in ("name", "step", "awaited", "last_seen")}
        numbers = {key: number_of(told, key) for key in ("since", "until", "now")}
        fresh = numbers["now"] is not None and numbers["now"] >= figures["t"]
        return {
            "bench": self.number,
            "scenario": self.scenario,
            **text,
            **numbers,
            "now": numbers["now"] if fresh else figures["t"],
            "credit_Wh": _newer(told, "credit_Wh", self._credit(), fresh),
            **{key: _newer(told, key, figures[key], fresh) for key in ("power_W", "energy_Wh", "voltage_V")},
            "relays": {name: self._relays.get(name, False) for name in RELAYS},
            "contact": shown(self._contact),
            "link": shown(self._link),
            "ledger": shown(self._ledger),
            "question": self.question(),
        }

    def question(self) -> dict[str, Any] | None:
        """Return the question that the bench asks; None: it asks none."""
        asked = section_of(self._told, "question")
        identity, until = text_of(asked, "id") or "", number_of(asked, "until")
        if not _ID.fullmatch(identity) or until is None:
            return None
        return {"id": identity, "text": shown(text_of(asked, "text") or ""), "until": until}

    def _credit(self) -> float:
        return round(self._figures["credited_Wh"] - self._figures["energy_Wh"], 6)


def _newer(told: Mapping[str, Any], key: str, recorded: float, fresh: bool) -> float:
    value = number_of(told, key) if fresh else None
    return recorded if value is None else value

"""The events that explain a failure as lines that a person reads: when, who saw it, what happened.

Those around the instant that the decisive finding is about, if it names one; else the last ones.

What repeats is folded, so that ten lines reach back to what mattered: readings of one instrument between two other
events are one line, and so is a message that was sent again and again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hil.evidence.documents import Event, Kind, Verdict
from hil.report.text_format import number_of, section_of, text_of, visible
from hil.units import format_quantity

LAST = 10
"""Lines that are told of a failure."""

AFTERWARDS = 4
"""How many of them are about what came after the instant in question."""

_TELLING = frozenset(
    {
        Kind.READING,
        Kind.RELAY,
        Kind.FRAME,
        Kind.TRANSACTION,
        Kind.LEDGER,
        Kind.LOAD,
        Kind.FAULT,
        Kind.CONSOLE,
        Kind.OPERATOR,
    }
)
"""What happened on the bench; steps and verdicts are told elsewhere."""

_LONGEST_VALUE = 24
"""Characters of a message's field that are printed; keys and transactions are longer, and in the evidence."""

_MOST_FIELDS = 4

_HIDDEN_FIELDS = frozenset({"session", "sequence"})

_LEDGER_WORDS = {
    "added": "into the mempool:",
    "removed": "out of the mempool:",
    "connected": "new block",
    "disconnected": "block taken back:",
}


@dataclass
class EventSummary:
    """An event, or several alike, the newest at ``t``."""

    t: float
    source: str
    what: str
    count: int = 1
    since: float | None = None
    """Time of the oldest if there are several."""
    low: float | None = None
    high: float | None = None
    """Smallest and largest power of several readings, in watts."""

    def __str__(self) -> str:
        return f"{self.t:10.3f} s  {self.source:<14}  {self.words}"

    @property
    def words(self) -> str:
        """What happened, and how often since when."""
        if self.count == 1 or self.since is None:
            return self.what
        spread = ""
        if self.low is not None and self.high is not None and self.low != self.high:
            spread = f", power from {format_quantity(self.low, 'W')} to {format_quantity(self.high, 'W')}"
        return f"{self.what} ({self.count} times since {self.since:.3f} s{spread})"


@dataclass(frozen=True)
class Account:
    """What happened where a scenario failed, oldest first.

    :ivar at: the instant that the finding is about, in seconds of the bench; None: the finding names none, and the
        account is that of the last events.
    """

    at: float | None
    events: list[EventSummary]

    @property
    def heading(self) -> str:
        """Return what the lines below it tell."""
        return "what happened last" if self.at is None else f"what happened around {self.at:.3f} s"

    def lines(self) -> list[str]:
        """Return the heading and a line for each summary; nothing if nothing happened."""
        return [f"{self.heading}:", *map(str, self.events)] if self.events else []


def account(events: Sequence[Event]) -> Account:
    """Return what surrounds the instant that the newest finding that is no pass is about, else what happened last."""
    at = _instant_in_question(events)
    if at is None:
        return Account(None, recent_events(events))
    afterwards = recent_events([event for event in events if event.t > at], len(events))[:AFTERWARDS]
    before = recent_events([event for event in events if event.t <= at], LAST - len(afterwards))
    return Account(at, before + afterwards)


def _instant_in_question(events: Sequence[Event]) -> float | None:
    """Return ``at`` of the newest finding that is no pass; None if there is none, or if it names no instant."""
    for event in reversed(events):
        if event.kind is Kind.VERDICT and event.data.get("verdict") != Verdict.PASS:
            return number_of(event.data, "at")
    return None


def recent_events(events: Sequence[Event], count: int = LAST) -> list[EventSummary]:
    """Return the newest ``count`` events among ``events``, oldest first."""
    found: list[EventSummary] = []
    readings: dict[str, EventSummary] = {}
    """Those between two other events, by their source."""
    newest: tuple[tuple[str, ...], EventSummary] | None = None
    """The last summary, walking back, that was no reading, and what makes another one its like."""
    for event in reversed(events):
        if event.kind not in _TELLING or _message(event) == "METER":  # what it tells is a reading as well
            continue
        alike = readings.get(event.source) if event.kind is Kind.READING else None
        if event.kind is Kind.FRAME and newest is not None and newest[0] == _likeness(event):
            alike = newest[1]
        if alike is not None:
            _fold(alike, event)
            continue
        if len(found) == count:
            break
        summary = EventSummary(event.t, visible(event.source), visible(tell(event)))
        summary.low = summary.high = number_of(event.data, "power_W")
        found.append(summary)
        if event.kind is Kind.READING:
            readings[event.source] = summary
        else:
            newest = (_likeness(event), summary)
            readings = {}
    return found[::-1]


def _fold(into: EventSummary, event: Event) -> None:
    into.count += 1
    into.since = event.t
    power = number_of(event.data, "power_W")
    if power is not None and into.low is not None and into.high is not None:
        into.low, into.high = min(into.low, power), max(into.high, power)


def _likeness(event: Event) -> tuple[str, ...]:
    return (event.kind, event.source, str(event.data.get("direction")), _message(event))


def _message(event: Event) -> str:
    return (text_of(event.data, "message") or "").upper() if event.kind is Kind.FRAME else ""


def tell(event: Event) -> str:
    """Return one event in a few words."""
    data = event.data
    if event.kind is Kind.READING:
        return _reading(data)
    if event.kind is Kind.RELAY:
        return "closed" if data.get("closed") else "opened"
    if event.kind is Kind.FRAME:
        return _frame(data)
    if event.kind is Kind.TRANSACTION:
        amounts = [
            f"{word} {format_quantity(amount, 'sat')}"
            for word in ("payment", "change", "fee")
            if (amount := number_of(data, f"{word}_sat")) is not None
        ]
        return ", ".join([f"{text_of(data, 'event') or 'seen'} {(text_of(data, 'txid') or '')[:12]}", *amounts])
    if event.kind is Kind.LEDGER:
        return ledger_words(data)
    if event.kind is Kind.LOAD:
        return load_words(data)
    if event.kind is Kind.FAULT:
        return f"fault: {text_of(data, 'what') or 'unnamed'}"
    if event.kind is Kind.OPERATOR:
        return operator_words(data)
    return text_of(data, "text") or text_of(data, "what") or event.kind.value


def ledger_words(data: Mapping[str, Any]) -> str:
    """Return what a LEDGER event says."""
    change = text_of(data, "change") or ""
    what = (text_of(data, "hash") or "")[:12] or text_of(data, "block") or ""
    return f"{_LEDGER_WORDS.get(change, change)} {what}"


def load_words(data: Mapping[str, Any]) -> str:
    """Return what a LOAD event says the load was told."""
    power = number_of(data, "power_W")
    if power is not None:
        factor = number_of(data, "power_factor")
        at = "" if factor is None else f" at power factor {factor:g}"
        return f"set to {format_quantity(power, 'W')}{at}"
    return "input on" if data.get("input_on") else "input off"


def operator_words(data: Mapping[str, Any]) -> str:
    """Return what an OPERATOR event says: the question, and who answered what."""
    who = ", ".join(filter(None, (text_of(data, "who"), text_of(data, "where"))))
    answer = f"{text_of(data, 'answer') or 'none'}{f' ({who})' if who else ''}"
    return ": ".join(filter(None, (f"asked '{text_of(data, 'question') or ''}'", answer, text_of(data, "remark"))))


def _reading(data: Mapping[str, Any]) -> str:
    """Power and energies; voltage and current only where there is no power."""
    quantities = {name: number_of(data, name) for name in data}
    left_out = {"voltage_V", "current_A"} if "power_W" in quantities else set()
    return ", ".join(
        f"{name.rpartition('_')[0]} {format_quantity(value, name.rpartition('_')[2])}"
        for name, value in sorted(quantities.items(), key=lambda pair: pair[0] != "power_W")
        if value is not None and name not in left_out
    )


def _frame(data: Mapping[str, Any]) -> str:
    direction = text_of(data, "direction") or ""
    if (error := text_of(data, "error")) is not None:
        return f"no message {direction}: {error}"
    fields = section_of(data, "fields")
    told = [
        f"{name} {value}"
        for name in sorted(fields)
        if name not in _HIDDEN_FIELDS and (value := text_of(fields, name)) and len(value) <= _LONGEST_VALUE
    ]
    if len(told) > _MOST_FIELDS:
        told[_MOST_FIELDS:] = [f"and {len(told) - _MOST_FIELDS} more"]
    lost = " (lost)" if data.get("lost") else ""
    return f"{text_of(data, 'message')} {direction}{lost}{': ' if told else ''}{', '.join(told)}"

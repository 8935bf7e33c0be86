"""One scenario as an MCAP file, which Foxglove and PlotJuggler open: a channel for each kind and source of events.

The times of messages are those of the bench: nanoseconds since the scenario began. The channel ``/log`` tells steps,
console lines, faults and verdicts in words, for a panel of log messages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mcap.writer import Writer

from hil.evidence.documents import Event, Json, Kind
from hil.evidence.record import ScenarioRecord

LOG: Final = "/log"
_LOGGED: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.STEP: ("keyword", "text", "outcome"),
    Kind.CONSOLE: ("text",),
    Kind.FAULT: ("what",),
    Kind.VERDICT: ("name", "verdict"),
    Kind.STOP: ("verdict", "reason"),
}
"""What of such an event is its log message."""

_INFO, _WARNING, _ERROR = 2, 3, 4
"""Levels of foxglove.Log."""

_LOG_SCHEMA: Final = {
    "type": "object",
    "properties": {
        "timestamp": {"type": "object", "properties": {"sec": {"type": "integer"}, "nsec": {"type": "integer"}}},
        "level": {"type": "integer"},
        "message": {"type": "string"},
        "name": {"type": "string"},
        "file": {"type": "string"},
        "line": {"type": "integer"},
    },
}

_TYPES: Final = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}


def write_mcap(scenario: ScenarioRecord, folder: Path) -> Path:
    """Write ``NAME.mcap`` into ``folder`` and return its path; one of that name is replaced."""
    path = folder / f"{scenario.name}.mcap"
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start(profile="", library="micropay-hil")
        writer.add_metadata("scenario", {"name": scenario.name, "verdict": scenario.verdict.value})
        channels = {topic: _register(writer, topic, *schema) for topic, schema in _schemas(scenario).items()}
        log = _register(writer, LOG, "foxglove.Log", _LOG_SCHEMA)
        for number, event in enumerate(scenario.events):
            when = max(0, round(event.t * 1e9))
            _add(writer, channels[_topic(event)], when, number, _message(event))
            if event.kind in _LOGGED:
                _add(writer, log, when, number, _log_message(event, when))
        writer.finish()  # type: ignore[no-untyped-call]  # of the library
    return path


def _topic(event: Event) -> str:
    return f"/{event.kind.value}/{re.sub(r'[^A-Za-z0-9_-]+', '_', event.source) or '_'}"


def _message(event: Event) -> dict[str, Json]:
    return {**event.data, "t_s": event.t, "before_s": event.before, "after_s": event.after}


def _schemas(scenario: ScenarioRecord) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Return name and JSON Schema of each channel: the keys that its messages have, with the type of each."""
    keys: dict[str, dict[str, dict[str, str]]] = {}
    for event in scenario.events:
        known = keys.setdefault(_topic(event), {})
        for key, value in _message(event).items():
            if key not in known and value is not None:
                known[key] = {"type": _TYPES.get(type(value), "string")}
    return {topic: (f"micropay_hil{topic}", {"type": "object", "properties": found}) for topic, found in keys.items()}


def _register(writer: Writer, topic: str, name: str, schema: Mapping[str, Any]) -> int:
    number = writer.register_schema(name, "jsonschema", json.dumps(schema).encode())
    return writer.register_channel(topic, "json", number)


def _add(writer: Writer, channel: int, when: int, number: int, message: Mapping[str, Json]) -> None:
    writer.add_message(channel, when, json.dumps(message).encode(), when, number)


def _log_message(event: Event, when: int) -> dict[str, Json]:
    words = " ".join(str(event.data[key]) for key in _LOGGED[event.kind] if event.data.get(key))
    bad = {"failed", "fail", "rig fault"}.intersection(map(str, (event.data.get("outcome"), event.data.get("verdict"))))
    level = _ERROR if bad else _WARNING if event.kind is Kind.FAULT else _INFO
    stamp: dict[str, Json] = {"sec": when // 10**9, "nsec": when % 10**9}
    return {"timestamp": stamp, "level": level, "message": words, "name": event.source, "file": "", "line": 0}

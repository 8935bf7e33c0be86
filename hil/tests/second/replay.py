"""Plays one side of a session of the vectors against the recorded other side."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from hil.second.wire.frames import frame, unframe
from hil.second.wire.messages import Error, decode
from hil.tests.second.vectors import load

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILE = load("sessions")
SESSIONS: list[dict[str, Any]] = _FILE["sessions"]
LINE_DELAY_S: float = _FILE["line_delay_s"]
_TICK_S = 1e-6
POWER_ON, POWER_OFF = "power on", "power off"
Event = dict[str, Any]
Seen = tuple[float, tuple[Any, ...]]


class Side(Protocol):
    """One side under test, with its inputs as the vectors have them."""

    def power_on(self, now: float) -> None: ...
    def on_bytes(self, data: bytes, now: float) -> None: ...
    def on_input(self, event: Event, now: float) -> None: ...
    def on_time(self, now: float) -> None: ...
    def next_deadline(self) -> float | None: ...


@dataclass
class Recorder:
    """What one side did, and when."""

    now: float = 0.0
    seen: list[Seen] = field(default_factory=list)

    def add(self, *what: Any) -> None:
        self.seen.append((round(self.now, 3), what))

    def write(self, data: bytes) -> None:
        self.add("frame", _comparable(data))


def _comparable(data: bytes) -> Any:
    """Return a frame, or of an ERROR all but its text."""
    payload = unframe(data[:-1])
    assert isinstance(payload, bytes)
    message = decode(payload)
    if isinstance(message, Error):
        return message.session, message.sequence, message.code
    assert frame(payload) == data
    return message


def play(session: dict[str, Any], role: str, side: Side, recorder: Recorder, stop_s: float) -> None:
    """Give a side all its inputs up to ``stop_s``; serve its timers in between, inputs first."""
    on = False
    for at, event in _inputs(session, role):
        if at > stop_s:
            break
        _serve_timers(side, recorder, at - _TICK_S, on=on)
        recorder.now = at
        kind = event.get("in")
        if kind == POWER_ON:
            on = True
            side.power_on(at)
        elif kind == POWER_OFF:
            on = False
        elif not on:
            continue
        elif kind in (None, "bytes"):
            side.on_bytes(bytes.fromhex(event.get("frame") or event["bytes"]), at)
        else:
            side.on_input(event, at)
    _serve_timers(side, recorder, stop_s, on=on)


def _serve_timers(side: Side, recorder: Recorder, until: float, *, on: bool) -> None:
    while on and (deadline := side.next_deadline()) is not None and deadline <= until:
        recorder.now = max(recorder.now, deadline)
        side.on_time(recorder.now)


def _inputs(session: dict[str, Any], role: str) -> Iterator[tuple[float, Event]]:
    """Yield what a role gets, in the order of time: its own inputs, and what the other side sent and was not lost."""
    inputs = []
    for event in session["events"]:
        if event["side"] == role and "in" in event:
            inputs.append((event["t"], event))
        elif event["side"] != role and event.get("out") == "frame" and not event.get("lost"):
            inputs.append((round(event["t"] + LINE_DELAY_S, 6), event))
    yield from sorted(inputs, key=lambda pair: pair[0])


def expected(session: dict[str, Any], role: str, stop_s: float) -> list[Seen]:
    """Return what a role must do by ``stop_s``, in the form in which a recorder has it."""
    return [
        (event["t"], _done(event))
        for event in session["events"]
        if event["side"] == role and "out" in event and event["t"] <= stop_s
    ]


def _done(event: Event) -> tuple[Any, ...]:
    if event["out"] == "frame":
        return "frame", _comparable(bytes.fromhex(event.get("instead_of") or event["frame"]))
    values = {key: value for key, value in event.items() if key not in ("t", "side", "out")}
    return (event["out"], values)

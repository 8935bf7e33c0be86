"""Turns what happens on the bench into events of the scenario's evidence, stamped by the bench's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.errors import HilError
from hil.evidence.documents import Event, Json, Kind
from hil.links.faults import Direction, FaultKind
from hil.protocol.messages import Message, Meter, Receipt, describe, message_name

if TYPE_CHECKING:
    from hil.clock import Clock
    from hil.evidence.store import ScenarioWriter
    from hil.links.frame_reader import Decoded
    from hil.links.tap import Latency


def sent_by(device: str) -> Direction:
    """Return where the messages of ``socket`` or ``cable`` are going."""
    return "to cable" if device == "socket" else "to socket"


@dataclass(frozen=True)
class Frame:
    """A whole message that somebody sent on the link, and when."""

    t: float
    direction: Direction
    message: Message
    event: Event
    lost: bool
    """Whether a fault of the link kept it from its receiver."""


class Recorder:
    """The one place where events of a scenario come from."""

    def __init__(self, writer: ScenarioWriter, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self.frames: list[Frame] = []
        self._by_kind: dict[type[object], list[Frame]] = {}

    def frames_with(self, kind: type[object]) -> list[Frame]:
        """Return the frames that carried a message of this kind, oldest first; cheap enough for a wait's condition."""
        return self._by_kind.get(kind, [])

    @property
    def events(self) -> list[Event]:
        """All events so far, in order."""
        return self._writer.events

    def write(
        self,
        kind: Kind,
        source: str,
        data: Mapping[str, Json],
        *,
        before: float = 0.0,
        host: Mapping[str, Json] | None = None,
    ) -> Event:
        """Record something that is happening now; ``before``: seconds by which it may have begun earlier."""
        clock = self._clock
        event = Event(
            kind,
            clock.now(),
            source,
            data,
            clock=clock.name,
            before=before + clock.bound,
            after=float(clock.bound),
            host=host,
        )
        self._writer.write(event)
        return event

    def keep(self, frame: Frame) -> None:
        """Remember a message that was recorded."""
        self.frames.append(frame)
        self._by_kind.setdefault(type(frame.message), []).append(frame)

    def write_latency(self, added: Latency) -> None:
        """Record what the tap between two devices added; its wall times belong to the host."""
        data: dict[str, Json] = {"chunks": added.chunks, "bytes": added.bytes}
        data |= _median_and_largest("sent_again", added.sent_again_s)
        self.write(Kind.READING, "tap", data, host=_median_and_largest("forwarding", added.forwarding_s))


def _median_and_largest(name: str, seconds: tuple[float, float]) -> dict[str, Json]:
    return {f"{name}_median_s": round(seconds[0], 6), f"{name}_largest_s": round(seconds[1], 6)}


class LinkLog:
    """Puts what the tap sees into the evidence: what was sent, and what became of it.

    :param lines: the line on which the messages of each direction were heard.
    :param meter: the source named for what the socket's meter tells.
    :param on_message: gets each message before it is recorded.
    """

    def __init__(
        self,
        recorder: Recorder,
        lines: Mapping[Direction, str],
        meter: str,
        on_message: Callable[[Message], None],
    ) -> None:
        self._recorder = recorder
        self._lines = lines
        self._meter = meter
        self._on_message = on_message
        self._credited_mwh = 0

    def on_frame(self, direction: Direction, item: Decoded, raw: bytes, *, lost: bool) -> None:
        source = self._lines[direction]
        data: dict[str, Json] = {"direction": direction, "message": "-", "bytes": raw.hex()}
        if lost:
            data["lost"] = True
        if isinstance(item, HilError):
            self._recorder.write(Kind.FRAME, source, {**data, "error": item.what})
            return
        self._on_message(item)
        event = self._recorder.write(
            Kind.FRAME, source, {**data, "message": message_name(item), "fields": describe(item)}
        )
        self._recorder.keep(Frame(event.t, direction, item, event, lost))
        self._note_credit(item, direction)

    def on_fault(self, direction: Direction, message: str, kind: FaultKind) -> None:
        what = f"{message or 'bytes'} {direction.replace('to ', 'to the ')} {kind.value}"
        data: dict[str, Json] = {"what": what, "who": "bench", "direction": direction, "fault": kind.value}
        self._recorder.write(Kind.FAULT, "link", data)

    def _note_credit(self, message: Message, direction: Direction) -> None:
        data: dict[str, Json] = {}
        if isinstance(message, Receipt):
            self._credited_mwh = message.credited_mwh
        elif isinstance(message, Meter) and direction == "to cable":
            delivered = message.energy_mwh
            data = {"credit_Wh": (self._credited_mwh - delivered) / 1000, "delivered_Wh": delivered / 1000}
        else:
            return
        self._recorder.write(Kind.READING, self._meter, {"credited_Wh": self._credited_mwh / 1000, **data})


class ConsoleLog:
    """Cuts a console's bytes into lines; terminal control characters are not text and are dropped."""

    def __init__(self, recorder: Recorder, source: str) -> None:
        self._recorder = recorder
        self._source = source
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            text = "".join(character for character in line.decode(errors="replace") if character.isprintable())
            self._recorder.write(Kind.CONSOLE, self._source, {"text": text})

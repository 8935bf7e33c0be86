"""Turns what happens on the bench into events of the scenario's evidence, stamped by the bench's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hil.errors import HilError
from hil.evidence.documents import Event, Json, Kind
from hil.protocol.messages import Message, Meter, Receipt, describe, message_name

if TYPE_CHECKING:
    from hil.clock import Clock
    from hil.evidence.store import ScenarioWriter

Direction = Literal["to device", "from device"]


@dataclass(frozen=True)
class Frame:
    """A whole message that passed on the line, and when."""

    t: float
    direction: Direction
    message: Message
    event: Event


class Recorder:
    """The one place where events of a scenario come from."""

    def __init__(self, writer: ScenarioWriter, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self.frames: list[Frame] = []
        self._by_kind: dict[type[object], list[Frame]] = {}
        self._credited_mwh = 0

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

    def frame_listener(self, line: str, direction: Direction, meter: str) -> Callable[[object, bytes], None]:
        """Return a listener for a FrameLog; ``meter`` is the source named for what the socket's meter tells."""

        def on_frame(item: object, raw: bytes) -> None:
            if isinstance(item, HilError):
                self.write(
                    Kind.FRAME, line, {"direction": direction, "message": "-", "error": item.what, "bytes": raw.hex()}
                )
                return
            message: Message = item  # type: ignore[assignment]  # a FrameLog hands over messages and errors only
            data: dict[str, Json] = {
                "direction": direction,
                "message": message_name(message),
                "fields": describe(message),
                "bytes": raw.hex(),
            }
            event = self.write(Kind.FRAME, line, data)
            frame = Frame(event.t, direction, message, event)
            self.frames.append(frame)
            self._by_kind.setdefault(type(message), []).append(frame)
            self._note_credit(message, meter)

        return on_frame

    def _note_credit(self, message: Message, meter: str) -> None:
        delivered = None
        if isinstance(message, Receipt):
            self._credited_mwh = message.credited_mwh
        elif isinstance(message, Meter):
            delivered = message.energy_mwh
        else:
            return
        data: dict[str, Json] = {"credited_Wh": self._credited_mwh / 1000}
        if delivered is not None:
            data |= {"credit_Wh": (self._credited_mwh - delivered) / 1000, "delivered_Wh": delivered / 1000}
        self.write(Kind.READING, meter, data)


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

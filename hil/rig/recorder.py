"""Turns what happens on the bench into events of the scenario's evidence, stamped by the bench's clock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from hil.errors import AuthorError, HilError
from hil.evidence.documents import Event, Json, Kind
from hil.evidence.sources import OF_THE_RUN, RIG_SOURCES, is_of_the_rig
from hil.judge.messages import Message, Meter, Receipt, describe, message_name
from hil.links.faults import Direction, FaultKind

if TYPE_CHECKING:
    from pathlib import Path

    from hil.chain.client.zmq_watcher import Notification
    from hil.clock import Clock
    from hil.evidence.run_folder.attaching import Attaching
    from hil.judge.frames import Decoded
    from hil.links.tap import Latency
    from hil.protocol.payment.coins import Coin

LINK = "link"
"""Source of the events that tell what happened to it."""


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


class Stamp(NamedTuple):
    """An instant that is not now, and the half-width in seconds within which it is true."""

    t: float
    bound: float


class EventWriter(Protocol):
    """Where events go; :class:`hil.evidence.run_folder.scenario_writer.ScenarioWriter` is one."""

    events: list[Event]

    def write(self, event: Event) -> None:
        """Append one event to the evidence."""


class Recorder:
    """The one place where events of a scenario come from."""

    def __init__(self, writer: EventWriter, clock: Clock, attaching: Attaching | None = None) -> None:
        self._writer = writer
        self._attaching = attaching
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
        stamp: Stamp | None = None,
        host: Mapping[str, Json] | None = None,
    ) -> Event:
        """Record what a step did or read, now or at ``stamp``, under a source of the step's own.

        Raises AuthorError for a source of the rig and for an event that the run itself writes: verdicts rely on these.

        :param source: what was read or acted upon, e.g. ``room``.
        :param before: seconds by which it may have begun earlier.
        """
        if is_of_the_rig(source):
            raise AuthorError(
                f"'{source}' is a source of the rig, and a step cannot write evidence in its name; allowed: any name"
                f" that is not one of {', '.join(sorted(RIG_SOURCES))}",
                place="evidence",
                remedy="Name what the step read or did, e.g. 'room'.",
            )
        if kind in OF_THE_RUN:
            allowed = ", ".join(each for each in Kind if each not in OF_THE_RUN)
            raise AuthorError(
                f"events of the kind '{kind}' are written by the run alone; allowed: {allowed}",
                place="evidence",
                remedy="Record what the step read as a reading; a Then step's check decides.",
            )
        return self.observe(kind, source, data, before=before, stamp=stamp, host=host)

    def observe(
        self,
        kind: Kind,
        source: str,
        data: Mapping[str, Json],
        *,
        before: float = 0.0,
        stamp: Stamp | None = None,
        host: Mapping[str, Json] | None = None,
    ) -> Event:
        """Record what the rig observed or the framework did, likewise; a step of a laboratory uses :meth:`write`."""
        clock = self._clock
        t, bound = (clock.now(), clock.bound) if stamp is None else (stamp.t, stamp.bound)
        event = Event(kind, t, source, data, clock.name, before + bound, float(bound), host)
        self._writer.write(event)
        return event

    def attach(self, path: str | Path) -> Event:
        """Add a file to the evidence as it is now; later changes of it do not matter.

        :param path: counts from the laboratory's folder.

        Raises AuthorError for what is no file or has more than 100 MiB, RigFault if the disk does not take it.
        """
        if self._attaching is None:
            raise AuthorError("no file can be attached where there is no run folder", place=str(path))
        return self.observe(Kind.ATTACHMENT, "bench", self._attaching.take(path))

    def write_arrived(self, kind: Kind, source: str, data: Mapping[str, Json]) -> Event:
        """Record what a line hands over now, with the instant at which its bytes came."""
        arrival = self._clock.arrival
        if arrival is None:
            return self.observe(kind, source, data)
        return self.observe(kind, source, data, before=arrival.before, stamp=Stamp(arrival.t, arrival.bound))

    def keep(self, frame: Frame) -> None:
        """Remember a message that was recorded."""
        self.frames.append(frame)
        self._by_kind.setdefault(type(frame.message), []).append(frame)

    def write_latency(self, added: Latency) -> None:
        """Record what the tap between two devices added; its wall times belong to the host."""
        data: dict[str, Json] = {"chunks": added.chunks, "bytes": added.bytes}
        data |= _median_and_largest("sent_again", added.sent_again_s)
        self.observe(Kind.READING, "tap", data, host=_median_and_largest("forwarding", added.forwarding_s))


def _median_and_largest(name: str, seconds: tuple[float, float]) -> dict[str, Json]:
    return {f"{name}_median_s": round(seconds[0], 6), f"{name}_largest_s": round(seconds[1], 6)}


class LinkLog:
    """Puts what the tap sees into the evidence: what was sent, and what became of it.

    :param lines: the line on which the messages of each direction were heard.
    :param arriving: the directions in which a device sends; what the rig sends passes now, whatever arrived before.
    :param meter: the source named for what the socket's meter tells.
    :param on_message: gets each message before it is recorded.
    """

    def __init__(
        self,
        recorder: Recorder,
        lines: Mapping[Direction, str],
        arriving: Collection[Direction],
        meter: str,
        on_message: Callable[[Direction, Message], None],
    ) -> None:
        self._recorder = recorder
        self._lines = lines
        self._arriving = arriving
        self._meter = meter
        self._on_message = on_message
        self._credited_mwh = 0

    def on_frame(self, direction: Direction, item: Decoded, raw: bytes, *, lost: bool) -> None:
        """Record a frame that crossed the tap or was decoded on a line; ``lost``: the tap did not pass it on."""
        source = self._lines[direction]
        write = self._recorder.write_arrived if direction in self._arriving else self._recorder.observe
        data: dict[str, Json] = {"direction": direction, "message": "-", "bytes": raw.hex()}
        if lost:
            data["lost"] = True
        if isinstance(item, HilError):
            write(Kind.FRAME, source, {**data, "error": item.what})
            return
        self._on_message(direction, item)
        event = write(Kind.FRAME, source, {**data, "message": message_name(item), "fields": describe(item)})
        self._recorder.keep(Frame(event.t, direction, item, event, lost))
        self._note_credit(item, direction)

    def on_fault(self, direction: Direction, message: str, kind: FaultKind) -> None:
        """Record what a link fault did to a message."""
        what = f"{message or 'bytes'} {direction.replace('to ', 'to the ')} {kind.value}"
        data: dict[str, Json] = {"what": what, "who": "bench", "direction": direction, "fault": kind.value}
        self._recorder.observe(Kind.FAULT, LINK, data)

    def on_state(self, what: str) -> None:
        """Record that the state of the link changed, e.g. that a direction is dead."""
        self._recorder.observe(Kind.FAULT, LINK, {"what": what, "who": "bench"})

    def _note_credit(self, message: Message, direction: Direction) -> None:
        data: dict[str, Json] = {}
        if isinstance(message, Receipt):
            self._credited_mwh = message.credited_mwh
        elif isinstance(message, Meter) and direction == "to cable":
            delivered = message.energy_mwh
            data = {"credit_Wh": (self._credited_mwh - delivered) / 1000, "delivered_Wh": delivered / 1000}
        else:
            return
        self._recorder.observe(Kind.READING, self._meter, {"credited_Wh": self._credited_mwh / 1000, **data})


class ConsoleLog:
    """Cuts a console's bytes into lines; terminal control characters are not text and are dropped."""

    def __init__(self, recorder: Recorder, source: str) -> None:
        self._recorder = recorder
        self._source = source
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take bytes of the console; record each whole line."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            text = "".join(character for character in line.decode(errors="replace") if character.isprintable())
            self._recorder.write_arrived(Kind.CONSOLE, self._source, {"text": text})


class LedgerLog:
    """Puts what the bench pays, and what its node publishes, into the evidence."""

    def __init__(self, recorder: Recorder, clock: Clock) -> None:
        self._recorder = recorder
        self._clock = clock
        self._blocks: dict[str, int] = {}
        """Blocks that came in this scenario, by hash: their numbers, from 1 on."""

    def on_funding(self, coins: Sequence[Coin]) -> None:
        """Somebody was given coins."""
        for coin in coins:
            data: dict[str, Json] = {"txid": coin.outpoint.txid, "event": "funding", "payment_sat": int(coin.value)}
            self._recorder.observe(Kind.TRANSACTION, "ledger", data)

    def on_change(self, seen: Notification) -> None:
        """Mempool or chain has changed."""
        data: dict[str, Json] = {"change": seen.change.name.lower()}
        host: dict[str, Json] | None = None
        if seen.is_block:
            if data["change"] == "connected":
                self._blocks.setdefault(seen.hash, len(self._blocks) + 1)
            # its hash follows from all blocks before it, those of other scenarios too
            data["block"], host = self._blocks.get(seen.hash, 0), {"hash": seen.hash}
        else:
            data["hash"] = seen.hash
        began = max(0.0, seen.earliest)
        self._recorder.observe(Kind.LEDGER, "ledger", data, before=max(0.0, self._clock.now() - began), host=host)

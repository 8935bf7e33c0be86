"""What was recorded of a scenario, as the rules read it.

What a rule cannot decide it leaves alone: a device must never be blamed for what the bench, the link or its peer did.
So a history also says from when on that can have been: when supplies were switched, when the link struck.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple, TypeVar

from hil.judge.frames import Decoded
from hil.judge.messages import Coin, Funding, Message, Offer, Payment, Sent

M = TypeVar("M", bound=Sent)

SIDES = ("socket", "cable")

UNDERWAY_S = 1.0
"""So late may a message arrive: a supply holds for a while after it was switched off, and a line in real time is slow
on a busy machine. What a side says sooner after its supply was off is not judged as of a new life."""


@dataclass(frozen=True)
class Frame:
    """Bytes up to a zero that one side sent, or bytes that are no frame.

    :param early: second of the scenario at which it was sent at the earliest; ``late``: at the latest.
    :param lost: a fault of the link kept it from its receiver.
    """

    t: float
    early: float
    late: float
    sender: str
    item: Decoded
    raw: bytes
    lost: bool = False

    @property
    def name(self) -> str:
        """Its type as SPEC calls it, ``-`` if it is no message."""
        return self.item.NAME if isinstance(self.item, Sent) else "-"

    def __str__(self) -> str:
        towards = "cable" if self.sender == "socket" else "socket"
        return f"{self.name} to the {towards} at {self.t:.3f} s"


class Reading(NamedTuple):
    """A reading of the lab meter: it tells of some time between ``early`` and ``late``. Its voltage may be unknown."""

    early: float
    late: float
    power_w: float
    energy_wh: float
    voltage_v: float = math.nan


@dataclass
class Memory:
    """What devices said in earlier scenarios of the run; of use on a bench whose devices stay the same."""

    sessions: set[bytes] = field(default_factory=set)
    payees: dict[bytes, bytes] = field(default_factory=dict)
    """Receiving scripts that were offered, with the session of each."""


@dataclass(frozen=True)
class History:
    """A scenario, as far as invariants ask.

    :param frames: what both sides sent, in order.
    :param under_test: the sides that are judged.
    :param coins: what the cable was given.
    :param sold: what the socket was set to sell, by the names of the fields of OFFER; empty if that is not known.
    :param whole: nothing of the devices' life is older than the history: their accounts and storage were new.
    :param switched: instants at which each side's supply was switched.
    :param cut: from when until when each side's own supply was off, which it cannot have outlived; without an end if it
        stayed off.
    :param disturbed: instants at which the bench did something to supply, mains or plug.
    :param held_at: instant from which on the link kept messages back, so that they arrived later than they were sent.
    :param struck_at: instant of the first fault of the link; ``tampered_at``: of the first by which somebody on it said
        or changed something; ``faulty_at``: of the first fault of a meter or contact.
    :param off_w: power below which nothing flows as far as the lab meter can tell.
    :param uncertainty_wh: of an energy at the lab meter.
    :param consoles: what each side printed.
    :param accounts: the seed of the account of each side that the bench knows.
    """

    frames: Sequence[Frame]
    under_test: Sequence[str]
    coins: Sequence[Coin] = ()
    sold: Mapping[str, int] = field(default_factory=dict)
    whole: bool = True
    switched: Mapping[str, Sequence[float]] = field(default_factory=dict)
    cut: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)
    disturbed: Sequence[float] = ()
    held_at: float = math.inf
    struck_at: float = math.inf
    tampered_at: float = math.inf
    faulty_at: float = math.inf
    readings: Sequence[Reading] = ()
    off_w: float = math.inf
    uncertainty_wh: Callable[[float], float] = lambda wh: 0.0
    consoles: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, bytes] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)

    def sent_by(self, side: str) -> list[Frame]:
        """Return what one side sent, in order."""
        return [frame for frame in self.frames if frame.sender == side]

    def judged(self, side: str) -> list[Frame]:
        """Return what one side sent if it is under test, else nothing."""
        return self.sent_by(side) if side in self.under_test else []

    def restarted(self, side: str, since: float, until: float) -> bool:
        """Tell whether a side may have restarted between two instants: its supply was switched."""
        return any(since <= t <= until for t in self.switched.get(side, ()))

    def was_cut(self, side: str, since: float, until: float) -> bool:
        """Tell whether what a side says at ``until`` is surely of another life than ``since``, on a virtual bench.

        Its own supply was off and is on again between them, and what it had said before has had its time to arrive.
        """
        return self.whole and any(
            since <= off and max(on, off + UNDERWAY_S) < until for off, on in self.cut.get(side, ())
        )

    def undisturbed(self, since: float, until: float) -> bool:
        """Tell whether the bench left supply, mains and plug alone between two instants."""
        first = bisect_left(self._disturbances, since)
        return first == len(self._disturbances) or self._disturbances[first] > until

    @cached_property
    def _disturbances(self) -> Sequence[float]:
        return sorted(self.disturbed)

    @cached_property
    def end(self) -> float:
        """The instant up to which something was recorded, at least."""
        return max([frame.early for frame in self.frames] + [each.early for each in self.readings], default=0.0)

    def readings_within(self, since: float, until: float) -> list[Reading]:
        """Return the readings that tell of nothing but the time between two instants."""
        first, last = bisect_left(self._begun, since), bisect_right(self._ended, until)
        return [each for each in self.readings[first:last] if since <= each.early and each.late <= until]

    @cached_property
    def _begun(self) -> Sequence[float]:
        """For each reading the latest ``early`` of it and those before; bounds differ, so ``early`` itself may fall."""
        return list(accumulate((each.early for each in self.readings), max))

    @cached_property
    def _ended(self) -> Sequence[float]:
        """For each reading the least ``late`` of it and those behind it."""
        return _least_from_here([each.late for each in self.readings])

    @cached_property
    def sessions(self) -> Mapping[bytes, Story]:
        """The messages of each session, by its id."""
        found: dict[bytes, Story] = {}
        for frame in self.frames:
            if isinstance(frame.item, Sent):
                found.setdefault(frame.item.session, Story(frame.item.session)).frames.append(frame)
        return found


@dataclass
class Story:
    """The messages of one session, of both sides, in order."""

    id: bytes
    frames: list[Frame] = field(default_factory=list)
    _searched: dict[tuple[type[Sent], str | None], list[tuple[Frame, Any]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def of(self, kind: type[M], sender: str | None = None, before: Frame | None = None) -> list[tuple[Frame, M]]:
        """Return the messages of one kind, of one sender, and those that were sent before ``before`` only.

        Asked for once the story is whole: sessions last for hours, so each search is kept.
        """
        found = self._searched.get((kind, sender))
        if found is None:
            found = self._searched[kind, sender] = [
                (frame, frame.item)
                for frame in self.frames
                if isinstance(frame.item, kind) and sender in (None, frame.sender)
            ]
        if before is None:
            return found[:]
        return found[: bisect_left(found, self._position(before), key=lambda each: self._position(each[0]))]

    def _position(self, frame: Frame) -> int:
        """Return the place of a frame in the story; behind its end if it is of another one."""
        return self._positions.get(id(frame), len(self.frames))

    @cached_property
    def _positions(self) -> Mapping[int, int]:
        return {id(frame): position for position, frame in enumerate(self.frames)}

    def offer(self, before: Frame) -> Offer | None:
        """Return the newest offer that the socket had made by then."""
        made = self.of(Offer, "socket", before)
        return made[-1][1] if made else None

    def fundings(self, before: Frame) -> list[Funding]:
        """Return what the cable had declared by then."""
        return [funding for _, funding in self.of(Funding, "cable", before)]

    def restarted(self, history: History, frame: Frame) -> bool:
        """Tell whether the sender of a frame may have restarted in the session before it."""
        first = next(each for each in self.frames if each.sender == frame.sender)
        return history.restarted(frame.sender, first.early, frame.late)

    def is_new(self, frame: Frame) -> bool:
        """Tell whether a message has a larger number than all that its sender had said and that arrived by then."""
        return id(frame) in self._new

    @cached_property
    def _new(self) -> set[int]:
        """The identities of the new messages, asked for once the story is whole: sessions last for hours."""
        heard: dict[str, int] = {}
        found = set()
        for frame in self.frames:
            if isinstance(frame.item, Sent):
                if frame.item.sequence > heard.get(frame.sender, -1):
                    found.add(id(frame))
                if not frame.lost:
                    heard[frame.sender] = max(heard.get(frame.sender, -1), frame.item.sequence)
        return found

    def after(self, place: int, until: float) -> Iterator[Frame]:
        """Yield the frames behind that place in the story which may have been sent by ``until``."""
        end = bisect_right(self._none_earlier, until)
        yield from (frame for frame in self.frames[place + 1 : end] if frame.early <= until)

    @cached_property
    def _none_earlier(self) -> Sequence[float]:
        """For each frame the least ``early`` of it and those behind it, asked for once the story is whole."""
        return _least_from_here([frame.early for frame in self.frames])

    def payments(self, n: int, before: Frame) -> list[tuple[Frame, Payment]]:
        """Return what the cable had sent as payment ``n`` by then."""
        return [each for each in self.of(Payment, "cable", before) if each[1].n == n]


def _least_from_here(numbers: Sequence[float]) -> list[float]:
    """Return for each number the least of it and those behind it; they never fall, so they can be searched."""
    return list(accumulate(reversed(numbers), min))[::-1]


def message_of(frame: Frame) -> Message | None:
    """Return the message that a frame holds; None if it holds none."""
    return frame.item if isinstance(frame.item, Sent) else None

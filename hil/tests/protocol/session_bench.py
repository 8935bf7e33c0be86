"""Both machines on a bench with readings, an appliance and a ledger's answers: sessions are recorded here."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from hil.protocol.effects import Effect
from hil.protocol.wire.framing import encode_frame
from hil.protocol.wire.messages import Message, encode_message
from hil.tests.protocol.session_side import Side, message_in, outputs
from hil.tests.protocol.vector_files import Json

LINE_DELAY_S: Final = 0.001
LEDGER_DELAY_S: Final = 0.02
READING_S: Final = 1.0
"""Both meters are read this often while power flows, and at the instant at which the credit ends."""
POWER_W: Final = 3600.0
"""What the appliance draws: 1 mWh in each millisecond."""

Change = Callable[[Message], Message]
At = tuple[float, str, Json]
"""An input that the script gives to a side: instant in seconds, side, event."""


@dataclass
class Bench:
    """Plays a session from its set-up and records it.

    :param stop_s: when to stop.
    :param script: what happens besides, as instant, side, input: a supply that fails, a plug, bytes of a stranger.
    :param lose: frames that do not arrive, as (side, message, which of them from 1).
    :param gap_s: from when to when nothing arrives.
    :param alter: what a cheat does to a message before it leaves, by the same names.
    :param answers: what the ledger answers to a question instead of "all is well", by kind and count from 1;
        ``after_s`` in it is when.
    :param idle_from_s: when the appliance stops drawing power.
    :param dead_s: from when to when the mains are gone; both devices have a supply of their own.
    :param power_w: what the appliance draws.
    :param meter_gain: what the socket's meter makes of each mWh.
    """

    session: Json
    stop_s: float
    script: tuple[At, ...] = ()
    lose: frozenset[tuple[str, str, int]] = frozenset()
    gap_s: tuple[float, float] = (float("inf"), float("inf"))
    alter: dict[tuple[str, str, int], Change] = field(default_factory=dict)
    answers: Mapping[tuple[str, int], Json] = field(default_factory=dict)
    idle_from_s: float = float("inf")
    dead_s: tuple[float, float] = (float("inf"), float("inf"))
    power_w: float = POWER_W
    meter_gain: float = 1.0

    def __post_init__(self) -> None:
        self.now = 0.0
        self.events: list[Json] = []
        self.sides = {role: Side(role, self.session[role]) for role in ("socket", "cable")}
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._counts: dict[tuple[str, str], int] = {}
        self._closed = False
        self._closings = 0
        self._energy_mwh = 0.0
        self._metered_to_s = 0.0
        self._origins = {"socket": 0, "cable": 0}
        self._lives = {"socket": 0, "cable": 0}

    def record(self) -> list[Json]:
        """Return the events of the session from the instant at which both sides are switched on."""
        for at, side, event in ((0.0, "socket", {"in": "power on"}), (0.0, "cable", {"in": "power on"}), *self.script):
            self._later(at, self._input(side, event))
        while (step := self._next()) is not None and step[0] <= self.stop_s:
            self.now = round(step[0], 3)
            step[1]()
        return self.events

    def _next(self) -> tuple[float, Callable[[], None]] | None:
        """Return what comes next and take it from the list; at one instant inputs come before timers."""
        dues = {side: player.next_deadline() for side, player in self.sides.items()}
        timers = [(due, side) for side, due in dues.items() if due is not None]
        if self._coming and all(self._coming[0][0] <= round(due, 3) for due, _ in timers):
            at, _, happen = heapq.heappop(self._coming)
            return at, happen
        if not timers:
            return None
        due, side = min(timers)
        return due, lambda: self._take(side, self.sides[side].on_time(due))

    def _later(self, after_s: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._coming, (round(self.now + after_s, 3), next(self._numbers), happen))

    def _input(self, side: str, event: Json) -> Callable[[], None]:
        life = self._lives[side]

        def happen() -> None:
            if event.get("question") and (self._lives[side] != life or self.sides[side].machine is None):
                return  # it was asked before the side lost its power
            self.events.append({"t": self.now, "side": side} | event)
            if event["in"] == "power on":
                self._lives[side] += 1
                self._meter()
                self._origins[side] = self._counted(side)
            if event["in"] == "power off" and side == "socket":
                self._switch(closed=False)
            self._take(side, self.sides[side].put_in(event, self.now))

        return happen

    def _take(self, side: str, effects: list[Effect]) -> None:
        for made in outputs(effects):
            event = {"t": self.now, "side": side} | made
            self.events.append(event)
            if made["out"] == "frame":
                self._send(side, event)
            elif made["out"] == "contact":
                self._switch(closed=made["closed"])
            elif "question" in made:
                answer = self._answer(made)
                self._later(answer.pop("after_s", LEDGER_DELAY_S), self._input("socket", answer))

    def _count(self, side: str, what: str) -> int:
        self._counts[side, what] = self._counts.get((side, what), 0) + 1
        return self._counts[side, what]

    def _send(self, side: str, event: Json) -> None:
        name = (side, event["message"], self._count(side, event["message"]))
        if change := self.alter.get(name):
            event["instead_of"], event["frame"] = event["frame"], _changed(event["frame"], change).hex()
        if name in self.lose or self.gap_s[0] <= self.now < self.gap_s[1]:
            event["lost"] = True
            return
        other, data = "cable" if side == "socket" else "socket", bytes.fromhex(event["frame"])
        self._later(LINE_DELAY_S, lambda: self._take(other, self.sides[other].hear(data, self.now)))

    def _answer(self, asked: Json) -> Json:
        kind = asked["out"]
        usual: dict[str, Json] = {
            "examine coins": {"in": "coins examined", "code": None},
            "examine payment": {"in": "payment examined", "code": None},
            "settle": {"in": "settled", "failure": None, "lost": False},
        }
        return usual[kind] | {"question": asked["question"]} | self.answers.get((kind, self._count("socket", kind)), {})

    def _switch(self, *, closed: bool) -> None:
        self._meter()
        if closed and not self._closed:
            self._closings += 1
            self._later(READING_S / 2, partial(self._read, self._closings))
        self._closed = closed

    def _flows(self, at: float) -> bool:
        return self._closed and at < self.idle_from_s and not self.dead_s[0] <= at < self.dead_s[1]

    def _meter(self) -> None:
        """Count the energy up to now."""
        edges = sorted({self.now, *(t for t in (self.idle_from_s, *self.dead_s) if self._metered_to_s < t < self.now)})
        for edge in edges:
            if self._flows(self._metered_to_s):
                self._energy_mwh += (edge - self._metered_to_s) * self.power_w / 3.6
            self._metered_to_s = edge

    def _counted(self, side: str) -> int:
        return round(round(self._energy_mwh) * (self.meter_gain if side == "socket" else 1.0))

    def _read(self, closing: int) -> None:
        """Read both meters, the cable's first."""
        if closing != self._closings:
            return  # the contact opened and closed again meanwhile: another row of readings has begun
        self._meter()
        power_w = self.power_w if self._flows(self.now) else 0.0
        live = self._closed and not self.dead_s[0] <= self.now < self.dead_s[1]
        for side in ("cable", "socket"):
            if self.sides[side].machine is not None:
                reading = {"in": "meter", "energy_mwh": self._counted(side) - self._origins[side], "power_w": power_w}
                self._input(side, reading | ({"live": live} if side == "cable" else {}))()
        socket: Any = self.sides["socket"].machine
        if self._closed and self.now < self.idle_from_s:  # an idle appliance changes nothing more
            self._later(min(READING_S, max(LINE_DELAY_S, socket.credit_mwh / 1000)), partial(self._read, closing))


def _changed(frame: str, change: Change) -> bytes:
    return encode_frame(encode_message(change(message_in(frame))))

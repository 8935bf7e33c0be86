"""Both machines on a bench with readings, an appliance and a ledger's answers: sessions are recorded here."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from hil.protocol.cable.machine import CableMachine
from hil.protocol.effects import Effect
from hil.protocol.wire.framing import encode_frame
from hil.protocol.wire.messages import Message, encode_message
from hil.tests.protocol.session_replay import cable_of, message_in, outputs, put_in, socket_of
from hil.tests.protocol.vector_files import Json

LINE_DELAY_S: Final = 0.001
LEDGER_DELAY_S: Final = 0.02
READING_S: Final = 1.0
"""Both meters are read this often while power flows, and at the instant at which the credit ends."""
POWER_W: Final = 3600.0
"""What the appliance draws: 1 mWh in each millisecond."""

Change = Callable[[Message], Message]


@dataclass
class Bench:
    """Plays a session from its set-up and records it.

    :param stop_s: when to stop.
    :param lose: frames that do not arrive, as (side, message, which of them from 1).
    :param alter: what a cheat does to a message before it leaves, by the same names.
    :param coins_refused: the ledger's answer about the coins, (code, text).
    :param idle_from_s: when the appliance stops drawing power.
    :param meter_gain: what the socket's meter makes of each mWh.
    """

    session: Json
    stop_s: float
    lose: frozenset[tuple[str, str, int]] = frozenset()
    alter: dict[tuple[str, str, int], Change] = field(default_factory=dict)
    coins_refused: tuple[str, str] | None = None
    idle_from_s: float = float("inf")
    meter_gain: float = 1.0

    def __post_init__(self) -> None:
        self.now = 0.0
        self.events: list[Json] = []
        self._machines: dict[str, Any] = {"socket": socket_of(self.session), "cable": cable_of(self.session)}
        self._coming: list[tuple[float, int, str, Callable[[Any], list[Effect]]]] = []
        self._numbers = itertools.count()
        self._sent: dict[tuple[str, str], int] = {}
        self._closed = False
        self._energy_mwh = 0.0
        self._metered_to_s = 0.0

    def record(self) -> list[Json]:
        """Return the events of the session from the instant at which the cable is plugged in."""
        self._later(0.0, "cable", self._input({"in": "plugged"}))
        while (step := self._next()) is not None and step[0] <= self.stop_s:
            at, side, give = step
            self.now = round(at, 3)
            self._take(side, give(self._machines[side]))
        return self.events

    def _next(self) -> tuple[float, str, Callable[[Any], list[Effect]]] | None:
        """Return what comes next and take it from the list; at one instant inputs come before timers."""
        dues = {side: machine.next_deadline() for side, machine in self._machines.items()}
        timers = [(due, side) for side, due in dues.items() if due is not None]
        if self._coming and all(self._coming[0][0] <= round(due, 3) for due, _ in timers):
            at, _, side, give = heapq.heappop(self._coming)
            return at, side, give
        if not timers:
            return None
        due, side = min(timers)
        return due, side, lambda machine: machine.on_time(due)

    def _later(self, after_s: float, side: str, give: Callable[[Any], list[Effect]]) -> None:
        heapq.heappush(self._coming, (round(self.now + after_s, 3), next(self._numbers), side, give))

    def _input(self, event: Json) -> Callable[[Any], list[Effect]]:
        def give(machine: Any) -> list[Effect]:
            side = "cable" if isinstance(machine, CableMachine) else "socket"
            self.events.append({"t": self.now, "side": side} | event)
            return put_in(machine, event, self.now)

        return give

    def _take(self, side: str, effects: list[Effect]) -> None:
        for made in outputs(effects):
            event = {"t": self.now, "side": side} | made
            self.events.append(event)
            if made["out"] == "frame":
                self._send(side, event)
            elif made["out"] == "contact":
                self._switch(made["closed"])
            elif "question" in made:
                self._later(LEDGER_DELAY_S, "socket", self._input(self._answer(made)))

    def _send(self, side: str, event: Json) -> None:
        count = self._sent[side, event["message"]] = self._sent.get((side, event["message"]), 0) + 1
        name = (side, event["message"], count)
        if change := self.alter.get(name):
            event["instead_of"], event["frame"] = event["frame"], _changed(event["frame"], change).hex()
        if name in self.lose:
            event["lost"] = True
            return
        other, data = "cable" if side == "socket" else "socket", bytes.fromhex(event["frame"])
        self._later(LINE_DELAY_S, other, lambda machine: machine.on_bytes(data, self.now))

    def _answer(self, asked: Json) -> Json:
        if asked["out"] == "settle":
            return {"in": "settled", "question": asked["question"], "failure": None, "lost": False}
        code, text = (self.coins_refused if asked["out"] == "examine coins" else None) or (None, "")
        name = "coins examined" if asked["out"] == "examine coins" else "payment examined"
        return {"in": name, "question": asked["question"], "code": code, "text": text}

    def _switch(self, closed: bool) -> None:
        self._meter()
        if closed and not self._closed:
            self._later(READING_S / 2, "cable", self._read)
        self._closed = closed

    def _meter(self) -> None:
        """Count the energy up to now."""
        if self._closed:
            drawn_s = min(self.now, self.idle_from_s) - min(self._metered_to_s, self.idle_from_s)
            self._energy_mwh += drawn_s * POWER_W / 3.6
        self._metered_to_s = self.now

    def _read(self, cable: CableMachine) -> list[Effect]:
        """Read both meters, the cable's first."""
        self._meter()
        power_w = POWER_W if self._closed and self.now < self.idle_from_s else 0.0
        energy_mwh = round(self._energy_mwh)
        self._take("cable", self._input({"in": "power", "power_w": power_w, "energy_mwh": energy_mwh})(cable))
        socket = self._machines["socket"]
        claimed = {"in": "energy", "energy_mwh": round(energy_mwh * self.meter_gain)}
        self._take("socket", self._input(claimed)(socket))
        if self._closed and power_w:  # an idle appliance changes nothing more
            self._later(min(READING_S, max(LINE_DELAY_S, socket.credit_mwh / 1000)), "cable", self._read)
        return []


def _changed(frame: str, change: Change) -> bytes:
    return encode_frame(encode_message(change(message_in(frame))))

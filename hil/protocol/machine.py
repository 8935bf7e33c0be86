"""The engine under both state tables.

Sans-IO: bytes, instants and answers go in, effects come out. The machine holds no clock, socket or file. A
transition that the table does not list is refused: the state stays as it was and the refusal is counted.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Mapping
from typing import ClassVar, Generic, TypeAlias, TypeVar

from hil.protocol.effects import Effect, Transmit
from hil.protocol.wire.framing import FrameDecoder, FrameError, encode_frame
from hil.protocol.wire.messages import Message, MessageError, decode_message, encode_message

S = TypeVar("S", bound=enum.Enum)
E = TypeVar("E", bound=enum.Enum)
A = TypeVar("A", bound=enum.Enum)

Table: TypeAlias = Mapping[tuple[S, E], tuple[S, tuple[A, ...]]]


class TableMachine(Generic[S, E, A]):
    """Runs a transition table; an action named ``send-offer`` is the method ``_send_offer`` of the subclass."""

    table: ClassVar[Table]  # type: ignore[type-arg]  # a class variable cannot name the class's type parameters

    def __init__(self, state: S) -> None:
        self.state = state
        self.refused_events = 0
        """Events that the table does not allow in the state they came in."""
        self.bad_frames = 0
        """Frames and messages that could not be decoded."""
        self.repeated_messages = 0
        """Messages with a sequence number that was already seen."""
        self._decoder = FrameDecoder()
        self._effects: list[Effect] = []
        self._pending: deque[E] = deque()
        self._running = False

    def _allows(self, event: E) -> bool:
        """Tell whether the table lists ``event`` in the present state; one that it does not must leave no trace."""
        return (self.state, event) in self.table

    def _fire(self, event: E) -> bool:
        """Take the transition of ``event``; events fired by its actions follow in order. False if refused."""
        if not self._running and not self._allows(event):
            self.refused_events += 1
            return False
        self._pending.append(event)
        if self._running:
            return True
        self._running = True
        try:
            while self._pending:
                entry = self.table.get((self.state, self._pending.popleft()))
                if entry is None:
                    self.refused_events += 1
                    continue
                self.state, actions = entry
                for action in actions:
                    getattr(self, f"_{action.value.replace('-', '_')}")()
        finally:
            self._running = False
            self._pending.clear()  # an action that raised leaves no event behind for the next call
        return True

    def _take_effects(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return effects

    def _transmit(self, message: Message) -> None:
        self._effects.append(Transmit(message, encode_frame(encode_message(message))))

    def _decode(self, data: bytes) -> list[Message | FrameError | MessageError]:
        """Return what the bytes complete, in order; errors are counted and the link goes on."""
        decoded: list[Message | FrameError | MessageError] = []
        for item in self._decoder.feed(data):
            if isinstance(item, FrameError):
                self.bad_frames += 1
                decoded.append(item)
                continue
            try:
                decoded.append(decode_message(item))
            except MessageError as error:
                self.bad_frames += 1
                decoded.append(error)
        return decoded


ROUNDING_S = 1e-6
"""Two deadlines closer than this are one: sums of the same times may differ in their last digit."""


def earliest(*dues: float | None) -> float | None:
    """Return the first of the instants that are set; None if none is. Asked for after each call of a machine."""
    first = None
    for due in dues:
        if due is not None and (first is None or due < first):
            first = due
    return first

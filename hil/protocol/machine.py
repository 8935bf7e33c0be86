"""The engine under both state tables, and what both machines know.

Sans-IO: bytes, instants and answers go in, effects come out. A machine holds no clock, socket or file. A transition
that its table does not list is refused: the state stays as it was and the refusal is counted.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, Self, TypeAlias, TypeVar

from hil.protocol.checks import Refusal
from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.effects import Effect, Noted, Transmit
from hil.protocol.policy import Policy
from hil.protocol.records import SEQUENCE_JUMP
from hil.protocol.sessions import Session
from hil.protocol.wire.fields import MessageError
from hil.protocol.wire.framing import FrameDecoder, FrameError, encode_frame
from hil.protocol.wire.messages import MOST_ENERGY_MWH, Message, Meter, decode_message, encode_message

S = TypeVar("S", bound=enum.Enum)
E = TypeVar("E", bound=enum.Enum)
A = TypeVar("A", bound=enum.Enum)
N = TypeVar("N", bound=Session)

Table: TypeAlias = Mapping[tuple[S, E], tuple[S, tuple[A, ...]]]
"""(state, event) -> (next state, actions in their order)."""

Reasons: TypeAlias = Mapping[E, Mapping[CloseReason, str]]
"""What CLOSE says after each event that ends a session with CLOSE: the reason, and in which case it is this one."""


MOST_UNWRITTEN = SEQUENCE_JUMP // 2
"""So many messages after a record it is written anew: a side that restarts counts on beyond all that it has sent."""


@dataclass(kw_only=True)
class MachineContext(ABC, Generic[S, E, A, N]):
    """All that a machine knows. The functions of its role act on it; the host sees the effects only.

    Instants are in seconds of the host's clock; a timer that is None does not run.
    """

    state: S
    table: Table[S, E, A]
    actions: Mapping[A, Callable[[Self], E | None]]
    """What each action of the table does; it returns the event that follows from it at once, None if none does."""
    reasons: Reasons[E]
    policy: Policy
    session: N | None = None
    refusal: Refusal = field(default_factory=lambda: Refusal(ErrorCode.UNEXPECTED, ""))
    """The last check that failed; ERROR tells it."""
    refused_session: bytes = b""
    """Id of the session to which ``refusal`` is told."""
    energy_mwh: int = 0
    """Reading of the machine's own meter since it was powered on."""
    now: float = 0.0
    reply_due: float | None = None
    silent_at: float | None = None
    meter_due: float | None = None
    refused_events: int = 0
    """Events that the table does not allow in the state they came in."""
    bad_frames: int = 0
    """Frames and messages that could not be decoded."""
    repeated_messages: int = 0
    """Messages with a sequence number that was already seen."""
    decoder: FrameDecoder = field(default_factory=FrameDecoder)
    effects: list[Effect] = field(default_factory=list)
    """What the host has not yet been given."""

    # --- the table ---------------------------------------------------------------------------------------------

    def allows(self, event: E) -> bool:
        """Tell whether the table lists ``event`` in the present state."""
        return (self.state, event) in self.table

    def fire(self: Self, event: E) -> bool:
        """Take the transition of ``event``, then those of the events that its actions return. False if refused."""
        entry = self.table.get((self.state, event))
        if entry is None:
            self.refused_events += 1
            return False
        self.state, actions = entry
        following = [self.actions[action](self) for action in actions]
        for each in following:
            if each is not None:
                self.fire(each)
        return True

    def end_with(self, reason: CloseReason, event: E) -> None:
        """Fire ``event``, which ends the session for ``reason``; where the table does not list it, nothing changes.

        AssertionError if ``reasons`` has others for the event.
        """
        if reason not in self.reasons.get(event, {reason: ""}):
            raise AssertionError(f"{reason.name} is no reason to close for '{event.value}'")
        if self.session is not None and self.allows(event):
            self.session.close_reason = reason
        self.fire(event)

    def refuse(self, refusal: Refusal, event: E, *, session_id: bytes | None = None) -> None:
        """Let ``event`` tell ``refusal`` to the peer; where the table does not list it, nothing changes.

        :param session_id: the session that is refused, if it is not the one that runs.
        """
        if self.allows(event):
            running = self.session.id if self.session else b""
            self.refusal, self.refused_session = refusal, session_id or running
            self.note(f"refused: {refusal}")
        self.end_with(CloseReason.REFUSED, event)

    # --- the session -------------------------------------------------------------------------------------------

    @property
    def session_energy_mwh(self) -> int:
        """Energy of this session by the machine's own meter, in milliwatt-hours."""
        return self.energy_mwh - self.session.energy_origin_mwh if self.session else 0

    @property
    def told_energy_mwh(self) -> int:
        """The same, as far as a message can tell it."""
        return min(self.session_energy_mwh, MOST_ENERGY_MWH)

    def require_session(self) -> N:
        """Return the session; AssertionError if there is none."""
        if self.session is None:
            raise AssertionError(f"no session in state {self.state.value}")
        return self.session

    # --- the line and the host ---------------------------------------------------------------------------------

    def take_effects(self) -> list[Effect]:
        """Return what the host is to carry out, and forget it."""
        effects, self.effects = self.effects, []
        return effects

    def note(self, text: str) -> None:
        """Have ``text`` put on the device's console."""
        self.effects.append(Noted(text))

    def transmit(self, message: Message) -> None:
        """Have ``message`` put on the line."""
        self.effects.append(Transmit(message, encode_frame(encode_message(message))))
        session = self.session
        if session is not None and session.written is not None and session.sequence - session.written >= MOST_UNWRITTEN:
            self.remember()

    @abstractmethod
    def remember(self) -> None:
        """Have the session written down as it stands, where a power cut cannot take it."""

    def send_meter(self, period_s: float) -> None:
        """Tell the peer the energy of the session so far, and again in ``period_s`` seconds."""
        session = self.require_session()
        self.meter_due = self.now + period_s
        self.transmit(Meter(session.id, session.next_sequence(), self.told_energy_mwh))

    def listen_on(self) -> None:
        """Wait ``silent_peer_s`` for the peer, from now on."""
        self.silent_at = self.now + self.policy.silent_peer_s

    def decode(self, data: bytes) -> Iterator[Message | MessageError]:
        """Yield what the bytes complete, in order. What is damaged is counted and noted, and the link goes on."""
        for item in self.decoder.feed(data):
            if isinstance(item, FrameError):
                self.bad_frames += 1
                self.note(f"frame dropped: {item}")
                continue
            try:
                message = decode_message(item)
            except MessageError as error:
                self.bad_frames += 1
                self.note(f"message dropped: {error}")
                yield error
                continue
            yield message


ROUNDING_S = 1e-6
"""Two deadlines closer than this are one: sums of the same times may differ in their last digit."""


def earliest(*dues: float | None) -> float | None:
    """Return the first of the instants that are set; None if none is. Asked for after each call of a machine."""
    first = None
    for due in dues:
        if due is not None and (first is None or due < first):
            first = due
    return first

"""Common parts of both endpoints: the journal and the callbacks that the host gives them, and sending a message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from hil.protocol.effects import Transmit
from hil.protocol.wire.framing import encode_frame
from hil.protocol.wire.messages import Message, encode_message

if TYPE_CHECKING:
    from hil.protocol.payment.coins import Coin
    from hil.protocol.records import Record


class Journal(Protocol):
    """What a power cut cannot take; written before anything that depends on it."""

    def remember(self, record: Record) -> None:
        """Keep the session as it stands; it replaces what was kept of it before."""

    def keep_coins(self, candidates: Sequence[tuple[Coin, ...]]) -> None:
        """Keep the sets of coins of which one is what the cable has left, the likeliest first."""

    def forget(self) -> None:
        """The session is over and settled."""


@dataclass
class EndpointHooks:
    """Callbacks of the host; each default does nothing."""

    before_sending: Callable[[Message], Sequence[Message]] = lambda message: (message,)
    on_contact: Callable[[bool, str], None] = lambda closed, reason: None
    on_credit: Callable[[int, int], None] = lambda n, credited_mwh: None
    on_note: Callable[[str], None] = lambda text: None
    on_session_end: Callable[[str, int], None] = lambda reason, payments: None
    on_broadcast: Callable[[bytes], None] = lambda transaction: None


def transmit(effect: Transmit, hooks: EndpointHooks, write: Callable[[bytes], None]) -> None:
    """Write a message to the line, or what ``before_sending`` puts in its place."""
    for message in hooks.before_sending(effect.message):
        write(effect.data if message is effect.message else encode_frame(encode_message(message)))

"""A buyer's states, what it is given, and after which endings it calls again."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.second.codes import CloseReason, ErrorCode, Mode, Network

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hil.second.money.energy import TwoMeters
    from hil.second.terms import Limits, Policy
    from hil.second.wire.messages import Message


class BuyerState(enum.Enum):
    """The states of a cable."""

    UNPLUGGED = "unplugged"
    CALLING = "calling"
    FUNDED = "funded"
    PAYING = "paying"
    SUPPLIED = "supplied"
    ENDED = "ended"


IN_SESSION = frozenset({BuyerState.FUNDED, BuyerState.PAYING, BuyerState.SUPPLIED})
"""The states in which coins are declared, so that energy counts."""
ANOTHER_SESSION_AFTER_CLOSE = frozenset(
    {
        CloseReason.CREDIT_SPENT,
        CloseReason.PEER_SILENT,
        CloseReason.PEER_RESTARTED,
        CloseReason.UNPLUGGED,
        CloseReason.FAULT,
    }
)
"""After CLOSE for one of these a cable calls in another session."""
ANOTHER_SESSION_AFTER_ERROR = frozenset(
    {
        ErrorCode.UNKNOWN_SESSION,
        ErrorCode.SESSION_REUSED,
        ErrorCode.LEDGER_UNAVAILABLE,
        ErrorCode.COIN_UNCONFIRMED,
    }
)
"""After one of these errors a cable calls in another session."""
HARMLESS_ERRORS = frozenset({ErrorCode.MALFORMED, ErrorCode.UNEXPECTED})
"""Errors that change nothing."""


@dataclass(frozen=True)
class Means:
    """What a buyer is given: keys by script, limits, timers, what it believes, and ways to draw, send and note."""

    keys: Mapping[bytes, bytes]
    limits: Limits
    policy: Policy
    meters: TwoMeters
    network: Network
    modes: tuple[Mode, ...]
    session_id: Callable[[], bytes]
    send: Callable[[Message], None]
    note: Callable[[str], None]

"""A seller's states, what it is given, and the order of its deadlines."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.second.socket.ledger import Question
    from hil.second.terms import Policy, Terms
    from hil.second.wire.messages import Message


class SellerState(enum.Enum):
    """The states of a socket that never restarts: without *suspended*."""

    IDLE = "idle"
    OFFERED = "offered"
    CHECKING_COINS = "checking coins"
    AWAITING_PAYMENT = "awaiting payment"
    CHECKING_PAYMENT = "checking payment"
    DELIVERING = "delivering"
    AWAITING_TOP_UP = "awaiting top-up"
    CHECKING_TOP_UP = "checking top-up"
    SETTLING = "settling"


POWERED = frozenset({SellerState.DELIVERING, SellerState.AWAITING_TOP_UP, SellerState.CHECKING_TOP_UP})
"""The states in which the contact is closed."""
PAYING = POWERED | {SellerState.AWAITING_PAYMENT, SellerState.CHECKING_PAYMENT}
"""The states in which a payment was asked for, and which end in settling."""
UNPAID = frozenset({SellerState.OFFERED, SellerState.CHECKING_COINS})
"""The states of a session in which nothing was asked for, and which end at once."""
AWAITING = frozenset({SellerState.AWAITING_PAYMENT, SellerState.AWAITING_TOP_UP})
"""The states in which a payment is awaited."""
CHECKING = frozenset({SellerState.CHECKING_PAYMENT, SellerState.CHECKING_TOP_UP})
"""The states in which the ledger is asked about a payment."""


class SellerTimer(enum.Enum):
    """The deadlines; those of one instant are served in this order."""

    SILENT = enum.auto()
    UNPAID = enum.auto()
    REPLY = enum.auto()
    SETTLE = enum.auto()
    METER = enum.auto()


@dataclass(frozen=True)
class Means:
    """What a seller is given.

    :param new_payee: a script that was never offered before.
    :param send: takes a message for the line.
    :param set_contact: switches the contact.
    :param ask: takes a question to the ledger and its number.
    :param broadcasted: is told of each transaction that the ledger has taken.
    :param note: takes a line for people.
    """

    terms: Terms
    policy: Policy
    new_payee: Callable[[], bytes]
    send: Callable[[Message], None]
    set_contact: Callable[[bool], None]
    ask: Callable[[int, Question], None]
    broadcasted: Callable[[bytes], None]
    note: Callable[[str], None]

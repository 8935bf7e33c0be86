"""The effects: what a protocol machine asks its host to do. The host carries them out in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from hil.protocol.payment.coins import Coin
from hil.protocol.records import Record
from hil.protocol.wire.messages import Message


@dataclass(frozen=True)
class Transmit:
    """Put ``data`` (one frame that carries ``message``) on the line."""

    message: Message
    data: bytes


@dataclass(frozen=True)
class SwitchContact:
    """Switch the power contact, at once."""

    closed: bool
    reason: str


@dataclass(frozen=True)
class ExamineCoins:
    """Ask the ledger whether the coins exist as declared, unspent, with this many confirmations.

    The host answers with ``on_coins_examined``, or with ``on_ledger_lost``. The answer names the ``question``: one
    that comes when the session has moved on says nothing about the next.
    """

    question: int
    coins: tuple[Coin, ...]
    min_confirmations: int


@dataclass(frozen=True)
class ExaminePayment:
    """Ask the ledger whether it would take this transaction; if ``broadcast``, send it as well.

    ``coins`` are those inputs that must still be unspent and confirmed; the session's own change is not among them.
    The host answers with ``on_payment_examined``, or with ``on_ledger_lost``, and names the ``question``.
    """

    question: int
    n: int
    transaction: bytes
    coins: tuple[Coin, ...]
    min_confirmations: int
    broadcast: bool


@dataclass(frozen=True)
class Remember:
    """Keep the session as it stands where a power cut cannot take it, before anything that follows."""

    record: Record


@dataclass(frozen=True)
class Settle:
    """Broadcast the newest transaction of the session; the host answers ``question`` with ``on_settled``."""

    question: int
    transaction: bytes


@dataclass(frozen=True)
class Credited:
    """Payment ``n`` was accepted; ``credited_mwh`` is the total of the session."""

    n: int
    credited_mwh: int


@dataclass(frozen=True)
class Noted:
    """Something for the device's console and the evidence; never needed for the protocol to go on."""

    text: str


@dataclass(frozen=True)
class SessionEnded:
    """The session is over and all that it owed is settled; its record can go."""

    session: bytes
    reason: str
    payments: int


@dataclass(frozen=True)
class KeepCoins:
    """Keep these sets of coins, the likeliest first, where a power cut cannot take them: one is what is left."""

    candidates: tuple[tuple[Coin, ...], ...]


Effect: TypeAlias = (
    Transmit
    | SwitchContact
    | ExamineCoins
    | ExaminePayment
    | Remember
    | KeepCoins
    | Settle
    | Credited
    | Noted
    | SessionEnded
)

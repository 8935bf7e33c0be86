"""What each side knows of the session it is in."""

from __future__ import annotations

from dataclasses import dataclass

from hil.protocol.codes import CloseReason
from hil.protocol.payment.coins import Coin
from hil.protocol.wire.messages import Funding, Offer, PaymentRequest

LAST_SEQUENCE = 2**32 - 1
"""The sequence does not wrap: a sender that came here stays here, its peer drops all that follows as repeated."""
MOST_ENERGY_MWH = 2**32 - 1
"""Most energy that a message can tell; a meter that went further stays here."""


@dataclass
class Session:
    """What both sides keep: the id, and how far either has counted."""

    id: bytes
    sequence: int = 0
    """Number of the last message sent."""
    heard: int = 0
    """Number of the last message taken."""

    def next_sequence(self) -> int:
        """Return the number of the next message to be sent, from 1."""
        self.sequence = min(self.sequence + 1, LAST_SEQUENCE)
        return self.sequence


@dataclass(kw_only=True)
class SocketSession(Session):
    """The socket's side."""

    offer: Offer
    energy_origin_mwh: int
    """Reading of the socket's meter when the session began."""
    funding: Funding | None = None
    declared: tuple[Coin, ...] = ()
    coins: tuple[Coin, ...] = ()
    """What the next payment spends: the declared coins; per-payment, after the first payment its change."""
    change_script: bytes = b""
    max_payments: int = 0
    proposal: bytes = b""
    proposed: int = 0
    asked_at: float = 0.0
    """When payment ``proposed`` was asked for first."""
    candidate: bytes = b""
    """A payment ``proposed`` that passed the checks and of which the ledger has not yet answered."""
    accepted: int = 0
    newest: bytes = b""
    """The transaction of payment ``accepted``."""
    remembered_mwh: int = 0
    """Delivered energy as it was last written down."""
    exhausted: bool = False
    settled: bool = False
    """``newest`` is on the ledger."""
    close_reason: CloseReason = CloseReason.CREDIT_SPENT


@dataclass
class CableSession(Session):
    """The cable's side."""

    offer: Offer | None = None
    funding: Funding | None = None
    coins: tuple[Coin, ...] = ()
    energy_origin_mwh: int = 0
    request: PaymentRequest | None = None
    signed: int = 0
    signed_request: bytes = b""
    payment: bytes = b""
    before: bytes = b""
    """The signed transaction of payment ``signed`` - 1."""
    unmetered_mwh: int = 0
    """What may have flowed while this side was off: all that was paid for and not yet used."""
    asked_at: float = 0.0
    """When FUNDING or the newest PAYMENT was sent first."""
    credited_mwh: int = 0
    declined: int = 0
    """Number of the last payment that was left to another session; told once."""
    drew_power: bool = False
    restored: bool = False
    """It began before a restart; which receipts came then is not known."""

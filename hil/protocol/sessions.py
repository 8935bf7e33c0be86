"""What each side knows of the session it is in."""

from __future__ import annotations

from dataclasses import dataclass

from hil.protocol.codes import CloseReason
from hil.protocol.payment.coins import Coin
from hil.protocol.wire.messages import LAST_SEQUENCE, Funding, Offer, PaymentRequest


@dataclass
class Session:
    """What both sides keep. Energy is in milliwatt-hours, instants are in seconds of the host's clock."""

    id: bytes
    sequence: int = 0
    """Number of the last message sent."""
    heard: int = 0
    """Number of the last message taken."""
    energy_origin_mwh: int = 0
    """Reading of this side's meter when the session began."""
    funding: Funding | None = None
    coins: tuple[Coin, ...] = ()
    """What the next payment spends: the declared coins; per-payment, after the first payment its change."""
    asked_at: float = 0.0
    """When this side first sent the message whose answer it awaits: PAYMENT_REQUEST, FUNDING or PAYMENT."""
    written: int | None = None
    """``sequence`` as it was last written down; None as long as nothing of the session was."""
    close_reason: CloseReason = CloseReason.REFUSED
    """Why the session ends; set by the event that ends it."""

    def next_sequence(self) -> int:
        """Return the number of the next message to be sent, from 1."""
        self.sequence = min(self.sequence + 1, LAST_SEQUENCE)
        return self.sequence

    def require_funding(self) -> Funding:
        """Return FUNDING of this session; AssertionError if there is none."""
        if self.funding is None:
            raise AssertionError("no coins were declared in this session")
        return self.funding


@dataclass(kw_only=True)
class SocketSession(Session):
    """The socket's side."""

    offer: Offer
    declared: tuple[Coin, ...] = ()
    change_script: bytes = b""
    max_payments: int = 0
    proposal: bytes = b""
    proposed: int = 0
    candidate: bytes = b""
    """A payment ``proposed`` that passed the checks and of which the ledger has not yet answered."""
    accepted: int = 0
    newest: bytes = b""
    """The transaction of payment ``accepted``."""
    remembered_mwh: int = 0
    """Delivered energy as it was last written down."""
    exhausted: bool = False
    over: bool = False
    """It has ended and is to be settled; no restart takes it up again."""
    settled: bool = False
    """``newest`` is on the ledger."""


@dataclass
class CableSession(Session):
    """The cable's side."""

    offer: Offer | None = None
    request: PaymentRequest | None = None
    signed: int = 0
    signed_request: bytes = b""
    payment: bytes = b""
    before: bytes = b""
    """The signed transaction of payment ``signed`` - 1."""
    unmetered_mwh: int = 0
    """What may have flowed while this side was off: all that was paid for and not yet used."""
    credited_mwh: int = 0
    declined: int = 0
    """Number of the last payment that was left to another session; told once."""
    drew_power: bool = False
    restored: bool = False
    """It began before a restart; which receipts came then is not known."""

    def require_offer(self) -> Offer:
        """Return OFFER of this session; AssertionError if there is none."""
        if self.offer is None:
            raise AssertionError("a funded session has an offer")
        return self.offer

"""One session as the socket knows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.second.agreement import Agreement, SignedPayment
from hil.second.codes import CloseReason
from hil.second.money.energy import MOST_MWH
from hil.second.money.transactions import NotATransaction, txid_of, unsigned_bytes
from hil.second.wire.messages import MOST_SEQUENCE

if TYPE_CHECKING:
    from hil.second.coins import Coin
    from hil.second.money.transactions import Proposal
    from hil.second.wire.messages import Offer, Payment


@dataclass(frozen=True)
class Asked:
    """The payment that was asked for last."""

    n: int
    proposal: Proposal


@dataclass
class Sale:
    """What the socket knows of a session.

    :param id: the session id.
    :param offer: what it was offered.
    :param began_mwh: the meter's count when the session was taken.
    :param sent: the sequence number of the socket's last message.
    :param taken: the highest one of the cable that was taken.
    :param agreement: from FUNDING on: terms, coins, accepted payments.
    :param asked: the payment that was asked for last.
    :param examined: the payment that the ledger is being asked about.
    :param exhausted: a proposal failed for want of coins.
    :param reason: why it ends, once it does.
    """

    id: bytes
    offer: Offer
    began_mwh: int
    sent: int = 0
    taken: int = 0
    agreement: Agreement | None = None
    asked: Asked | None = None
    examined: SignedPayment | None = None
    exhausted: bool = False
    reason: CloseReason = CloseReason.REFUSED

    @property
    def accepted(self) -> int:
        """How many payments were accepted."""
        return self.agreement.made if self.agreement else 0

    @property
    def newest(self) -> SignedPayment | None:
        """The payment accepted last."""
        return self.agreement.newest if self.agreement else None

    @property
    def agreed(self) -> Agreement:
        """Terms and coins. Raises RuntimeError before FUNDING."""
        if self.agreement is None:
            raise RuntimeError("no coins were declared in this session")
        return self.agreement

    @property
    def credited_mwh(self) -> int:
        """What the accepted payments bought."""
        return self.agreement.bought_mwh(self.accepted) if self.agreement else 0

    def energy_mwh(self, count_mwh: int) -> int:
        """Return the energy of the session."""
        return min(count_mwh - self.began_mwh, MOST_MWH)

    def credit_mwh(self, count_mwh: int) -> int:
        """Return what is left of what was paid for; negative if more was delivered."""
        return self.credited_mwh - (count_mwh - self.began_mwh)

    def next_sequence(self) -> int:
        """Count one message more of the socket; return its number, which does not wrap."""
        self.sent = min(self.sent + 1, MOST_SEQUENCE)
        return self.sent

    def is_accepted_last(self, payment: Payment) -> bool:
        """Return whether this is the payment accepted last, perhaps signed anew."""
        return self.newest is not None and payment.n == self.accepted and _same(payment.transaction, self.newest.raw)

    def is_examined(self, payment: Payment) -> bool:
        """Return whether this is the payment that the ledger is being asked about, perhaps signed anew."""
        return (
            self.examined is not None
            and payment.n == self.accepted + 1
            and _same(payment.transaction, self.examined.raw)
        )

    def is_funded_by(self, coins: tuple[Coin, ...], change_script: bytes) -> bool:
        """Return whether these are the coins, in their order, and the change script of the session."""
        if self.agreement is None:
            return False
        funding = self.agreement.funding
        return (coins, change_script) == (funding.coins, funding.change_script)

    def newest_txid(self) -> bytes:
        """Return the id of the payment accepted last, in the byte order of the line; empty if there is none."""
        return bytes.fromhex(txid_of(self.newest.raw))[::-1] if self.newest else b""

    def end_of_credit(self) -> CloseReason:
        """Return why a session ends whose credit is spent."""
        agreement = self.agreed
        if agreement.made >= agreement.most_payments:
            return CloseReason.LIMIT_REACHED
        return CloseReason.CREDIT_SPENT if agreement.next_proposal() else CloseReason.FUNDS_EXHAUSTED


def _same(raw: bytes, other: bytes) -> bool:
    try:
        return unsigned_bytes(raw) == unsigned_bytes(other)
    except NotATransaction:
        return False

"""One session as the cable knows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.second.money.energy import MOST_MWH
from hil.second.wire.messages import MOST_SEQUENCE

if TYPE_CHECKING:
    from hil.second.agreement import Agreement, SignedPayment

RESTART_STEP = 65536
"""How much further a side counts its messages on after a restart."""


@dataclass
class CableSession:
    """What the cable knows of a session.

    :param id: the session id.
    :param sent: the sequence number of the cable's last message.
    :param taken: the highest one of the socket that was taken.
    :param agreement: from FUNDING on: terms, coins, signed payments.
    :param acknowledged: the payment signed last was acknowledged, by a receipt or by a request for the next one.
    :param restarted: the payment signed last is from before a restart.
    """

    id: bytes
    sent: int = 0
    taken: int = 0
    agreement: Agreement | None = None
    acknowledged: bool = False
    restarted: bool = False
    _sent_written: int = 0
    _counted_from_mwh: int = 0
    _told_before_mwh: int = 0
    _believed_before_mwh: int = 0

    @property
    def made(self) -> int:
        """How many payments were signed."""
        return self.agreement.made if self.agreement else 0

    def next_sequence(self) -> int:
        """Count one message more of the cable; return its number, which does not wrap."""
        self.sent = min(self.sent + 1, MOST_SEQUENCE)
        return self.sent

    def fund(self, agreement: Agreement, count_mwh: int) -> None:
        """Declare coins; from here on the energy counts."""
        self.agreement = agreement
        self._counted_from_mwh = count_mwh

    def sign(self, payment: SignedPayment, count_mwh: int) -> None:
        """Note a payment that was just signed, and what a restart needs."""
        if self.agreement is None:
            raise ValueError("a payment was signed before coins were declared")
        self._told_before_mwh = self.told_mwh(count_mwh)
        self._believed_before_mwh = self.believed_mwh(count_mwh)
        self._counted_from_mwh = count_mwh
        self._sent_written = self.sent
        self.agreement.payments.append(payment)
        self.acknowledged = self.restarted = False

    def restart(self, count_mwh: int) -> None:
        """Take the session up after a restart: what flowed since the last signature is not known."""
        if self.agreement is None:
            raise ValueError("a session without coins is not taken up")
        bought = self.agreement.bought_mwh(self.made)
        self._believed_before_mwh = max(bought, self._told_before_mwh)
        self._counted_from_mwh = count_mwh
        self._sent_written = self.sent = min(self._sent_written + RESTART_STEP, MOST_SEQUENCE)
        self.restarted = True

    def told_mwh(self, count_mwh: int) -> int:
        """Return the energy that METER and CLOSE tell."""
        return min(self._told_before_mwh + count_mwh - self._counted_from_mwh, MOST_MWH)

    def believed_mwh(self, count_mwh: int) -> int:
        """Return the energy by which claims are judged: after a restart the socket gets the benefit of the doubt."""
        return self._believed_before_mwh + count_mwh - self._counted_from_mwh

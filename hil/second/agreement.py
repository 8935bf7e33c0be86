"""What OFFER and FUNDING agreed, and the payments made under it: both sides build each transaction from this."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hil.second.codes import Mode
from hil.second.money.energy import bought_mwh
from hil.second.money.transactions import Proposal, propose

if TYPE_CHECKING:
    from hil.second.coins import Coin
    from hil.second.wire.messages import Funding, Offer


@dataclass(frozen=True)
class SignedPayment:
    """A proposal and its signed bytes."""

    proposal: Proposal
    raw: bytes

    @property
    def change(self) -> tuple[Coin, ...]:
        """The coin that its change is, if it has any."""
        return self.proposal.change_of(self.raw)


@dataclass
class Agreement:
    """A session's terms and coins; ``payments`` are those that were made, payment n at n - 1."""

    offer: Offer
    funding: Funding
    payments: list[SignedPayment] = field(default_factory=list)

    @property
    def made(self) -> int:
        """How many payments were made."""
        return len(self.payments)

    @property
    def newest(self) -> SignedPayment | None:
        """The payment made last."""
        return self.payments[-1] if self.payments else None

    @property
    def most_payments(self) -> int:
        """How many payments both sides allow."""
        return min(self.offer.max_payments, self.funding.max_payments)

    def bought_mwh(self, payments: int) -> int:
        """Return the energy that so many payments buy in all."""
        return bought_mwh(payments, self.offer.quantum_sat, self.offer.tariff_sat_per_wh)

    @property
    def one_payment_mwh(self) -> int:
        """The energy that one payment buys."""
        return self.bought_mwh(1)

    def next_proposal(self) -> Proposal | None:
        """Return the transaction of the next payment; None if the coins do not hold it and its fee."""
        per_payment = self.offer.mode is Mode.PER_PAYMENT
        coins = self.newest.change if per_payment and self.newest else self.funding.coins
        if not coins:
            return None
        quanta = 1 if per_payment else self.made + 1
        amount = quanta * self.offer.quantum_sat
        return propose(
            coins, self.offer.payee_script, amount, self.funding.change_script, self.offer.fee_rate_sat_per_vb
        )

"""What the cable keeps from session to session: which coins it may have, its budget, its trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.second.money.transactions import txid_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hil.second.agreement import Agreement, SignedPayment
    from hil.second.cable.session import CableSession
    from hil.second.coins import Coin
    from hil.second.money.energy import TwoMeters

_MOST_DECLARED = 16


class Purse:
    """Coins, budget and trust of a cable.

    :param coins: what it was given.
    :param max_payments: its budget from power-on to power-on, in payments.
    :param meters: what it believes of claims.
    """

    def __init__(self, coins: Iterable[Coin], max_payments: int, meters: TwoMeters) -> None:
        given = tuple(coins)
        self._sets: list[tuple[Coin, ...]] = [given] if given else []
        self._max_payments = max_payments
        self._meters = meters
        self._signed = 0
        self._undelivered_mwh = 0
        self._unsure_mwh = 0
        self._one_payment_mwh: int | None = None

    def power_on(self) -> None:
        """Begin anew with budget and trust; the coins are what they are."""
        self._signed = 0
        self._undelivered_mwh = 0
        self._unsure_mwh = 0
        self._one_payment_mwh = None

    @property
    def declared(self) -> tuple[Coin, ...]:
        """The coins to declare; none if there are none."""
        return self._sets[0][:_MOST_DECLARED] if self._sets else ()

    @property
    def budget(self) -> int:
        """How many payments may still be signed."""
        return self._max_payments - self._signed

    @property
    def allows_another_session(self) -> bool:
        """Whether coins, budget and trust are left."""
        one = self._one_payment_mwh
        trusted = one is None or self._undelivered_mwh + self._meters.tolerance_mwh < one
        return bool(self._sets) and self.budget > 0 and trusted

    def try_others(self) -> bool:
        """Put the coins that the ledger does not know behind the others; return whether there are others."""
        if len(self._sets) < 2:
            return False
        self._sets.append(self._sets.pop(0))
        # The coins before the newest payment are gone, so that it was taken after all.
        self._undelivered_mwh += self._unsure_mwh
        self._unsure_mwh = 0
        return True

    def note(self, session: CableSession, believed_mwh: int, named_txid: bytes) -> None:
        """Note what a session that is over leaves behind.

        :param believed_mwh: what the cable counted in it.
        :param named_txid: what CLOSE named, in the byte order of the line; may be empty.
        """
        agreement = session.agreement
        if agreement is None or agreement.newest is None:
            return
        self._signed += agreement.made
        self._one_payment_mwh = agreement.one_payment_mwh
        most_claimed = self._meters.most_claimed_mwh(believed_mwh, agreement.one_payment_mwh)
        acknowledged = session.acknowledged or _is_named(agreement.newest, named_txid)
        certain = acknowledged or session.restarted
        taken = agreement.made if certain else agreement.made - 1
        self._undelivered_mwh += max(0, agreement.bought_mwh(taken) - most_claimed)
        self._unsure_mwh = 0 if certain else agreement.one_payment_mwh
        self._sets = _sets_after(agreement, acknowledged, named_txid)


def _sets_after(agreement: Agreement, acknowledged: bool, named_txid: bytes) -> list[tuple[Coin, ...]]:
    """Return the sets of coins of which one is what the cable has, the likeliest first."""
    *_, newest = agreement.payments
    before = agreement.payments[-2] if agreement.made > 1 else None
    if acknowledged:
        sets = [newest.change, before.change if before else ()]
    else:
        sets = [before.change if before else agreement.funding.coins, newest.change]
    for payment in (newest, before):
        if payment is not None and _is_named(payment, named_txid):
            sets.sort(key=lambda coins: coins != payment.change)
    return [coins for coins in sets if coins]


def _is_named(payment: SignedPayment, named_txid: bytes) -> bool:
    return bytes.fromhex(txid_of(payment.raw))[::-1] == named_txid

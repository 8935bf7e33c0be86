"""Energy for money, and how far two honest meters may be apart. Whole milliwatt-hours and satoshi only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_MWH = 4_294_967_295
"""The most energy that a message can tell."""


def bought_mwh(payments: int, quantum_sat: int, tariff_sat_per_wh: int) -> int:
    """Return the energy that so many payments buy in all, rounded down once."""
    return payments * quantum_sat * 1000 // tariff_sat_per_wh


def most_payments(quantum_sat: int, tariff_sat_per_wh: int) -> int:
    """Return the largest number of payments whose energy a RECEIPT can tell."""
    # floor(n * q * 1000 / t) <= MOST  <=>  n * q * 1000 < (MOST + 1) * t
    return ((MOST_MWH + 1) * tariff_sat_per_wh - 1) // (quantum_sat * 1000)


@dataclass(frozen=True)
class TwoMeters:
    """What the cable believes of the socket's meter (SPEC, "Two meters").

    :param socket_percent: largest error of an honest socket's meter, in percent of what flowed.
    :param own_percent: largest error of the cable's own meter.
    :param tolerance_mwh: what two readings may differ by besides.
    :param unpaid_mwh: what may flow beyond the credit before an honest socket's contact is open.
    """

    socket_percent: int
    own_percent: int
    tolerance_mwh: int
    unpaid_mwh: int

    def most_claimed_mwh(self, counted_mwh: int, one_payment_mwh: int) -> int:
        """Return (1): the most that the socket may claim when the cable counted so much."""
        apart = counted_mwh * self._both // (100 - self.own_percent) + self.tolerance_mwh
        return counted_mwh + min(apart, one_payment_mwh)

    def may_sign(self, claimed_mwh: int, counted_mwh: int, bought_mwh: int, one_payment_mwh: int) -> bool:
        """Return (2): whether honest meters stay within one payment until ``bought_mwh`` is used up."""
        to_come = (bought_mwh + self.unpaid_mwh - claimed_mwh) * self._both // (100 + self.socket_percent)
        return claimed_mwh - counted_mwh + to_come + self.tolerance_mwh <= one_payment_mwh

    @property
    def _both(self) -> int:
        return self.socket_percent + self.own_percent


class Counter:
    """The count of a meter in whole mWh since it was switched on; it never goes back.

    :param read_wh: what the meter shows, in Wh.
    """

    def __init__(self, read_wh: Callable[[], float]) -> None:
        self._read_wh = read_wh
        self.mwh = 0

    def restart(self) -> None:
        """The meter was switched on anew."""
        self.mwh = 0

    def read(self) -> int:
        """Read the meter; return the count, rounded down."""
        # Watt-hours as floats carry noise far below a microwatt-hour: 1.001 Wh must count as 1001 mWh.
        self.mwh = max(self.mwh, int(round(self._read_wh() * 1000, 6)))
        return self.mwh

"""What each side is set to: policy numbers, the socket's terms, the cable's limits. All configurable, all frozen."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

from hil.errors import HilError


class Misuse(HilError):
    """The caller asked this package for something that the protocol does not allow; the peer is not to blame."""


class Mode(enum.IntEnum):
    """How payments reach the ledger; the value is the number on the wire. 3 is kept for a CLTV payment channel."""

    SINGLE_FEE = 1
    """Payment n pays n quanta from the same inputs and replaces payment n-1; only the newest is broadcast."""
    PER_PAYMENT = 2
    """Each payment is a transaction of its own, pays one quantum and is broadcast at once."""

    @property
    def label(self) -> str:
        """The name that people write: ``single-fee``, ``per-payment``."""
        return self.name.lower().replace("_", "-")


class Network(enum.IntEnum):
    """The ledger that both sides mean; the value is the number on the wire."""

    MAINNET = 0
    TESTNET = 1
    SIGNET = 2
    REGTEST = 3

    @property
    def label(self) -> str:
        """The name that people write: ``mainnet``, ``regtest`` ..."""
        return self.name.lower()


@dataclass(frozen=True)
class Policy:
    """Limits and times of both devices; the defaults are docs/system.md, "Policy numbers"."""

    top_up_credit_mwh: int = 2000
    """The socket asks for the next payment when this much credit is left (2 Wh, docs/system.md)."""
    cut_off_s: float = 0.5
    """Invalid payment or conflicting spend: power is off within this time (500 ms, docs/system.md)."""
    ledger_answer_s: float = 0.5
    """An answer of the ledger that takes longer counts as none: what cannot be checked in time is not sold."""
    unpaid_energy_mwh: int = 100
    """Most energy that may flow beyond the credit before power is off (0.1 Wh, docs/system.md)."""
    reply_s: float = 2.0
    """Any request is answered within this time (docs/system.md; message time-outs of ISO 15118)."""
    silent_peer_s: float = 60.0
    """A peer from which nothing valid came for this long is given up (docs/system.md)."""
    unplug_cut_off_s: float = 0.2
    """Cable unplugged: power is off within this time (200 ms, docs/system.md)."""
    settle_s: float = 2.0
    """Cable unplugged: the newest valid transaction is broadcast within this time (docs/system.md)."""
    pay_to_contact_s: float = 3.0
    """From the accepted first payment to closed contacts (docs/system.md; IEC 61851-1 A6)."""
    hello_s: float = 1.0
    """An unanswered HELLO is said again after this time (one offer a second, field notes)."""
    call_again_s: float = 10.0
    """After a refusal the cable waits this long before it calls anew (a usual first lock-out after invalid input)."""
    meter_s: float = 1.0
    """While it delivers, the socket tells the energy so far this often."""
    cable_meter_s: float = 10.0
    """In a session the cable tells its own count this often, which also keeps it from seeming silent."""
    appliance_idle_s: float = 10.0
    """An appliance that drew power and then draws none for this long is finished: the cable closes in order."""
    remember_mwh: int = 500
    """The socket writes down what it delivered each time it was this much more: what a restart can cost it."""
    idle_power_w: float = 1.0
    """Below this power in W an appliance draws none."""
    overload_s: float = 1.0
    """An appliance that draws more than `max_power_w` in all readings for this long: power is off."""


@dataclass(frozen=True)
class SocketTerms:
    """What the socket asks for and demands; it becomes the OFFER. Defaults: the slice of bread in docs/system.md."""

    tariff_sat_per_wh: int = 1250
    """Price of energy in sat/Wh, at least 1 (slides: 0.1 mBTC for 8 Wh)."""
    quantum_sat: int = 10_000
    """One payment in satoshi (slides: 0.1 mBTC)."""
    fee_rate_sat_per_vb: int = 10
    """Fee rate of the transactions in sat/vB; ten times the default relay minimum of a node."""
    mode: Mode = Mode.SINGLE_FEE
    """The one mode in which it sells."""
    max_payments: int = 100
    """Payments in one session, 1 to 65535; the toast needs 5."""
    min_confirmations: int = 1
    """Blocks on top of each funding coin, counting its own, before power flows; 0 takes unconfirmed coins."""
    max_power_w: int = 3680
    """Most power in W that the socket delivers for longer than `overload_s`; 16 A at 230 V."""
    network: Network = Network.REGTEST
    """The ledger on which it is paid; a HELLO for another one is refused."""


@dataclass(frozen=True)
class CableLimits:
    """What the cable agrees to at most; anything above is refused before a key is touched."""

    max_tariff_sat_per_wh: int = 2000
    """Highest price in sat/Wh; the slides' 1250 with room for a dearer socket."""
    max_quantum_sat: int = 20_000
    """Largest single payment, which is also the most that a cheating socket can take (slides: keep it small)."""
    max_fee_rate_sat_per_vb: int = 100
    """Highest fee rate; the slides' sample paid 56, and a node would let 260 pass."""
    max_payments: int = 100
    """Budget: payments since it was plugged in, all sessions together, 1 to 65535."""
    modes: tuple[Mode, ...] = (Mode.SINGLE_FEE, Mode.PER_PAYMENT)
    """Modes that the cable speaks, best first, each once; they become the HELLO."""
    network: Network = Network.REGTEST
    """The ledger on which its coins are."""
    socket_meter_percent: int = 2
    """Largest error of an honest socket's meter, in whole percent of what flowed (MI-003, class B in use)."""
    own_meter_percent: int = 2
    """Largest error of the cable's own meter, in whole percent of what flowed, below 100 (MI-003, class B in use)."""
    energy_tolerance_mwh: int = 100
    """What two readings may differ by besides: rounding, and one that is older (0.1 Wh: 98 ms at 3680 W)."""
    max_credit_at_request_mwh: int = 2100
    """Most credit that may still be left when a payment is asked for; a request above is premature.

    The policy's 2 Wh top-up and the tolerance above. Without it a socket could ask for all payments at once.
    """

    def most_claimable_mwh(self, used_mwh: int, quantum_mwh: int) -> int:
        """Return the most energy that the socket may claim when the cable measured ``used_mwh`` itself.

        What two meters at the limits of their classes can differ by, but no more than one payment buys.

        :param quantum_mwh: energy that one payment of the session buys.
        """
        errors = self.socket_meter_percent + self.own_meter_percent
        tolerance = used_mwh * errors // (100 - self.own_meter_percent) + self.energy_tolerance_mwh
        return used_mwh + min(tolerance, quantum_mwh)

    def most_divergence_mwh(self, claimed_mwh: int) -> int:
        """Return how much an honest socket's claim can gain on the cable's count while it grows by ``claimed_mwh``."""
        errors = self.socket_meter_percent + self.own_meter_percent
        return claimed_mwh * errors // (100 + self.socket_meter_percent) + self.energy_tolerance_mwh


class Priced(Protocol):
    """Anything that states a price: the socket's terms or an OFFER."""

    @property
    def tariff_sat_per_wh(self) -> int:
        """Price of energy in sat/Wh."""

    @property
    def quantum_sat(self) -> int:
        """One payment in satoshi."""


def credited_energy_mwh(priced: Priced, payments: int) -> int:
    """Return the energy in mWh that ``payments`` quanta buy in all.

    Rounded down once over the whole session, so that rounding never adds up: less than 1 mWh for any session.
    """
    return payments * priced.quantum_sat * 1000 // priced.tariff_sat_per_wh


def quantum_energy_mwh(priced: Priced) -> int:
    """Return the energy in mWh that one payment buys, rounded down (10 000 sat at 1250 sat/Wh: 8000 mWh)."""
    return credited_energy_mwh(priced, 1)

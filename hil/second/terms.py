"""What can be set on either side, with the defaults of SPEC ("Timers and limits", "Terms and limits")."""

from __future__ import annotations

from dataclasses import dataclass

from hil.second.codes import Mode, Network
from hil.second.money.energy import TwoMeters, bought_mwh


@dataclass(frozen=True)
class Terms:
    """What a socket asks for: prices in satoshi, power in W."""

    tariff_sat_per_wh: int = 1250
    quantum_sat: int = 10_000
    fee_rate_sat_per_vb: int = 10
    mode: Mode = Mode.SINGLE_FEE
    max_payments: int = 100
    min_confirmations: int = 1
    max_power_w: int = 3680
    network: Network = Network.REGTEST

    def bought_mwh(self, payments: int) -> int:
        """Return the energy that so many payments buy."""
        return bought_mwh(payments, self.quantum_sat, self.tariff_sat_per_wh)


@dataclass(frozen=True)
class Limits:
    """What a cable agrees to at most: prices in satoshi, energies in mWh, errors of meters in percent."""

    max_tariff_sat_per_wh: int = 2000
    max_quantum_sat: int = 20_000
    max_fee_rate_sat_per_vb: int = 100
    socket_meter_percent: int = 2
    own_meter_percent: int = 2
    energy_tolerance_mwh: int = 100
    max_credit_at_request_mwh: int = 2100

    def two_meters(self, unpaid_mwh: int) -> TwoMeters:
        """Return how far the meters of both sides may be apart."""
        return TwoMeters(self.socket_meter_percent, self.own_meter_percent, self.energy_tolerance_mwh, unpaid_mwh)


@dataclass(frozen=True)
class Policy:
    """Times in s, energies in mWh, powers in W: when either side does what."""

    top_up_credit_mwh: int = 2000
    ledger_answer_s: float = 0.5
    unpaid_energy_mwh: int = 100
    reply_s: float = 2.0
    silent_peer_s: float = 60.0
    settle_s: float = 2.0
    hello_s: float = 1.0
    call_again_s: float = 10.0
    meter_s: float = 1.0
    cable_meter_s: float = 10.0
    appliance_idle_s: float = 10.0
    idle_power_w: float = 1.0
    overload_s: float = 1.0

"""The profiles of the reference devices: what a rig file may set, with defaults that meet docs/system.md."""

from __future__ import annotations

from pydantic import Field, model_validator

from hil.devices.defects import CableDefect, Defect
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.policy import CableLimits, Misuse, Mode, Network, SocketTerms
from hil.protocol.terms import checked_terms
from hil.protocol.wire.messages import MAX_COINS
from hil.units import Satoshi
from hil.yaml_file import Strict


class BootStage(Strict):
    """One stage of the boot; the console says its name when it begins."""

    name: str
    seconds: float = Field(ge=0, le=600)


class CoinProfile(Strict):
    """A coin that a cable was given: outpoint, value, script in hex."""

    txid: str = Field(pattern="^[0-9a-f]{64}$")
    index: int = Field(ge=0, lt=2**32)
    value_sat: int = Field(gt=0, le=21_000_000 * 100_000_000)
    script: str = Field(pattern="^([0-9a-f]{2})+$")

    def coin(self) -> Coin:
        """Return the coin that the profile describes."""
        return Coin(OutPoint(self.txid, self.index), Satoshi(self.value_sat), bytes.fromhex(self.script))


class DeviceProfile(Strict):
    """What both devices have.

    :param account: BIP 32 seed in hex; the virtual bench gives each scenario its own.
    """

    account: str = Field(pattern="^([0-9a-f]{2}){16,64}$", repr=False)
    serial: str = "virtual"
    firmware: str = "reference"
    boot: tuple[BootStage, ...] = ()
    boot_delay_s: float = Field(default=0.0, ge=0, le=600)
    """A seeded defect: the last boot stage takes this much longer."""
    defects: tuple[Defect | CableDefect, ...] = ()
    """Seeded defects, see :mod:`hil.devices.defects`."""

    def boot_stages(self) -> tuple[BootStage, ...]:
        """Return the stages as they will run, the seeded defect included."""
        if not self.boot_delay_s:
            return self.boot
        if not self.boot:
            return (BootStage(name="delay", seconds=self.boot_delay_s),)
        *first, last = self.boot
        return (*first, BootStage(name=last.name, seconds=last.seconds + self.boot_delay_s))


SOCKET_BOOT = (
    BootStage(name="bootloader", seconds=2.5),
    BootStage(name="kernel", seconds=7.5),
    BootStage(name="application", seconds=6.0),
    BootStage(name="ledger", seconds=5.0),
)
"""21 s in all: a first payment well inside the slides' 27 s."""

CABLE_BOOT = (
    BootStage(name="bootloader", seconds=1.5),
    BootStage(name="kernel", seconds=6.0),
    BootStage(name="application", seconds=4.5),
)


class SocketProfile(DeviceProfile):
    """A socket's; see :class:`hil.protocol.policy.SocketTerms` for the terms' units."""

    boot: tuple[BootStage, ...] = SOCKET_BOOT
    mode: str = Field(default=Mode.SINGLE_FEE.label, pattern="^(single-fee|per-payment)$")
    tariff_sat_per_wh: int = Field(default=1250, ge=1, le=10**9)
    quantum_sat: int = Field(default=10_000, ge=294)
    fee_rate_sat_per_vb: int = Field(default=10, ge=1, le=10**6)
    max_payments: int = Field(default=100, ge=1, le=65535)
    min_confirmations: int = Field(default=1, ge=0, le=100)
    max_power_w: int = Field(default=SocketTerms.max_power_w, ge=1, le=1_000_000)
    ledger_delay_s: float = Field(default=0.05, ge=0, le=10)
    """How long a question to the ledger takes on the device's processor (signature checks and RPC on a Pi)."""
    defects: tuple[Defect, ...] = ()

    @model_validator(mode="after")
    def _can_be_kept(self) -> SocketProfile:
        try:
            checked_terms(self.terms())
        except Misuse as error:
            raise ValueError(error.what) from None
        return self

    def terms(self) -> SocketTerms:
        """Return what the socket asks for."""
        return SocketTerms(
            tariff_sat_per_wh=self.tariff_sat_per_wh,
            quantum_sat=self.quantum_sat,
            fee_rate_sat_per_vb=self.fee_rate_sat_per_vb,
            mode=Mode[self.mode.upper().replace("-", "_")],
            max_payments=self.max_payments,
            min_confirmations=self.min_confirmations,
            max_power_w=self.max_power_w,
            network=Network.REGTEST,
        )


class CableProfile(DeviceProfile):
    """A cable's: how much it may spend, and the coins it was given; see :class:`hil.protocol.policy.CableLimits`."""

    boot: tuple[BootStage, ...] = CABLE_BOOT
    max_payments: int = Field(default=100, ge=1, le=65535)
    max_tariff_sat_per_wh: int = Field(default=CableLimits.max_tariff_sat_per_wh, ge=1)
    max_quantum_sat: int = Field(default=CableLimits.max_quantum_sat, ge=1)
    max_fee_rate_sat_per_vb: int = Field(default=CableLimits.max_fee_rate_sat_per_vb, ge=1)
    coins: tuple[CoinProfile, ...] = Field(default=(), max_length=MAX_COINS)
    defects: tuple[CableDefect, ...] = ()

    def limits(self) -> CableLimits:
        """Return what the cable agrees to at most."""
        return CableLimits(
            max_tariff_sat_per_wh=self.max_tariff_sat_per_wh,
            max_quantum_sat=self.max_quantum_sat,
            max_fee_rate_sat_per_vb=self.max_fee_rate_sat_per_vb,
            max_payments=self.max_payments,
        )

"""What a rig file says of instruments, room and devices."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from hil.evidence.uncertainty import LEAST_COVERAGE, MOST_COVERAGE
from hil.rig.config.calibration.transformer import TransformerFacts
from hil.rig.config.certificate import readable_uncertainty, stated_uncertainty
from hil.rig.config.coins_to import fundable
from hil.rig.config.values import Day, Power, Voltage
from hil.yaml_file import Strict


class InstrumentFacts(Strict):
    """What the laboratory knows of an instrument beyond its ``*IDN?``."""

    model: str | None = None
    """Manufacturer and model as ``*IDN?`` tells them, so that features can be held against its ratings at a desk."""
    calibration: str = ""
    """Number of its certificate, or ``none: <why>``; left out where ``certificate`` tells it."""
    certificate: str | None = None
    """Digital Calibration Certificate (DCC): an XML file, seen from the folder of the rig file."""
    authority: str | None = None
    """X.509 certificates in PEM of those whose signature on it counts, seen from there as well."""
    due: Day | None = None
    """Last day on which it holds, as 2027-01-31."""
    uncertainty: Annotated[str, AfterValidator(stated_uncertainty)] | None = None
    """What the certificate states: :data:`hil.rig.config.certificate.ALLOWED`."""
    k: float | None = Field(default=None, ge=LEAST_COVERAGE, le=MOST_COVERAGE)
    """Its coverage factor, where ``uncertainty`` does not name it; 2 if neither does."""
    apply_corrections: bool = False
    """Whether deviations of ``certificate`` are subtracted; else they stay within the maker's limits."""
    drift: Annotated[str, AfterValidator(readable_uncertainty)] | None = None
    """By how much it may have drifted since, written as ``uncertainty``; with ``apply_corrections`` only."""
    current_transformer: TransformerFacts | None = None
    """The current transformer before its current input; the meter only."""

    @model_validator(mode="after")
    def _one_certificate(self) -> Self:
        if self.certificate is None and not self.calibration:
            raise ValueError("calibration is missing: the number of a certificate, or 'none: <why>'; or certificate")
        if self.certificate is None and (self.authority is not None or self.apply_corrections):
            raise ValueError("authority and apply_corrections go with certificate, which is missing")
        if self.certificate is not None and (self.uncertainty is not None or self.k is not None):
            raise ValueError("uncertainty and k are told by certificate; leave them out")
        if self.apply_corrections is (self.drift is None):
            raise ValueError("apply_corrections and drift go together: a corrected instrument has drifted since")
        return self


class ReferenceFacts(Strict):
    """The appliance that ``hil rig study`` measures, as far as its power is known from somewhere else.

    Without ``power`` it is the programmable load, which presents a resistance for each level.
    """

    power: Power | None = Field(default=None, gt=0)
    """Of a fixed resistor in the cable's outlet, at ``voltage``."""
    voltage: Voltage = Field(default=230.0, gt=0)
    uncertainty: Annotated[str, AfterValidator(stated_uncertainty)]
    """Of its power: :data:`hil.rig.config.certificate.ALLOWED`."""
    k: float | None = Field(default=None, ge=LEAST_COVERAGE, le=MOST_COVERAGE)
    """Its coverage factor, where ``uncertainty`` does not name it; 2 if neither does."""
    certificate: str
    """Who says so: a certificate with its number, or the maker's data sheet."""


class Ambient(Strict):
    """Lowest and highest temperature of the laboratory in °C; outside 5 to 40 °C no maker specifies accuracy."""

    low: float = Field(ge=5, le=40)
    high: float = Field(ge=5, le=40)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low is {self.low:g} °C, above high, which is {self.high:g} °C")
        return self


class DeviceFacts(Strict):
    """A device under test. ``profile`` and ``command`` are for the simulated bench only."""

    description: str
    serial: str
    """Its serial number."""
    firmware: str | None = None
    profile: dict[str, Any] = Field(default_factory=dict)
    """What its firmware is set to: keys of the reference devices, or the program's own."""
    command: list[str] | None = Field(default=None, min_length=1)
    """Program and arguments of a device of one's own (docs/reference/lockstep-device.md); none: the reference
    device."""
    other_firmware: list[str] | None = Field(default=None, min_length=1)
    """Program and arguments of another version of the device that ``command`` runs, older or newer: a scenario puts it
    on the same storage between two power-ons. It has the same kind of ports."""


class CableFacts(DeviceFacts):
    """A cable under test, which is given coins."""

    coins_to: Annotated[str, AfterValidator(fundable)] | None = None
    """Where its coins go, if its keys are its own: an address, a descriptor, or the extended public key of m/84h/1h/0h
    (``hil device address``); none: the simulated bench gives it an account."""


class Devices(Strict):
    """The devices on the bench; None: there is none in that role."""

    socket: DeviceFacts | None = None
    cable: CableFacts | None = None

    def by_role(self) -> dict[str, DeviceFacts]:
        """Return those that are there, by role."""
        pairs = {"socket": self.socket, "cable": self.cable}
        return {role: facts for role, facts in pairs.items() if facts is not None}

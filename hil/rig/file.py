"""The rig file: one labgrid environment that says what the bench is, read with places so that errors can name them.

labgrid reads the targets; what it does not know stands under ``options.rig`` and is checked here, all errors at
once, before anything is started or switched.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from hil import yaml_file
from hil.errors import AuthorError, ConfigurationError
from hil.ports import LoadLimits
from hil.rig.certificate import readable_uncertainty
from hil.rig.file_target import entries, wrong_target
from hil.units import Ampere, Dimension, Volt, Watt, parse

SOCKET_UNDER_TEST = "socket under test"
CABLE_UNDER_TEST = "cable under test"
PAIR = "pair"


def _quantity(dimension: Dimension) -> BeforeValidator:
    def read(value: object) -> float:
        try:
            return float(parse(str(value), dimension))
        except AuthorError as error:
            raise ValueError(error.what) from None

    return BeforeValidator(read)


def _day(value: object) -> object:
    """YAML reads a bare 2027-01-31 as a date."""
    return value.isoformat() if isinstance(value, date) else value


Day = Annotated[str, BeforeValidator(_day)]
Power = Annotated[float, _quantity(Dimension.POWER)]
Energy = Annotated[float, _quantity(Dimension.ENERGY)]
Current = Annotated[float, _quantity(Dimension.CURRENT)]
Voltage = Annotated[float, _quantity(Dimension.VOLTAGE)]
Duration = Annotated[float, _quantity(Dimension.DURATION)]


LineName = Literal["socket-link", "cable-link", "socket-console", "cable-console"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OwnLimits(_Strict):
    """What the load's own protections are armed with, at its own terminals: watts, amperes, volts."""

    power: Power | None = None
    current: Current | None = None
    voltage: Voltage | None = None


class SafetyLimits(_Strict):
    """Beyond any of these the bench goes to its safe state (DESIGN §6). Watts, watt-hours, seconds of the bench,
    amperes.
    """

    power: Power
    energy: Energy
    session: Duration
    current: Current | None = None
    heartbeat: Duration = Field(default=10.0, gt=0)
    """Longest silence of the test process while the bench is in use, before the watchdog acts; wall clock only."""
    load: OwnLimits = OwnLimits()
    """Where they differ from ``power`` and ``current``, as behind an AC/DC adapter."""

    @property
    def of_load(self) -> LoadLimits:
        """What the load itself shall keep."""
        power, current = self.load.power or self.power, self.load.current or self.current
        return LoadLimits(
            Watt(power),
            None if current is None else Ampere(current),
            None if self.load.voltage is None else Volt(self.load.voltage),
        )


class InstrumentFacts(_Strict):
    """What the laboratory knows of an instrument beyond its ``*IDN?``."""

    model: str | None = None
    """Manufacturer and model as ``*IDN?`` tells them, so that features can be held against its ratings at a desk."""
    calibration: str
    """Certificate, or ``none: <why>``."""
    due: Day | None = None
    """Last day on which it holds, as 2027-01-31."""
    uncertainty: Annotated[str, AfterValidator(readable_uncertainty)] | None = None
    """What the certificate states: :data:`hil.rig.certificate.ALLOWED`."""
    k: float | None = Field(default=None, gt=0)
    """Its coverage factor, where ``uncertainty`` does not name it; 2 if neither does."""


class Ambient(_Strict):
    """The coldest and the warmest that the laboratory gets, in °C; beyond 5 to 40 °C no maker promises anything."""

    low: float = Field(ge=5, le=40)
    high: float = Field(ge=5, le=40)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low is {self.low:g} °C, above high, which is {self.high:g} °C")
        return self


class DeviceFacts(_Strict):
    """A device under test. ``profile`` is for the virtual bench only: what its firmware is set to."""

    description: str
    serial: str
    firmware: str | None = None
    profile: dict[str, Any] = Field(default_factory=dict)


class Devices(_Strict):
    socket: DeviceFacts | None = None
    cable: DeviceFacts | None = None


class RigOptions(_Strict):
    """``options.rig`` of a rig file."""

    name: str
    description: str = ""
    setups: list[Literal["socket under test", "cable under test", "pair"]] = Field(min_length=1)
    appliances: list[Literal["toaster", "load"]] = Field(min_length=1)
    ledger: Literal["node", "spv", "api"] = "node"
    """How a socket on this bench sees the ledger, if a scenario does not say."""
    ledger_views: list[Literal["node", "spv", "api"]] = Field(default=["node"], min_length=1)
    """Which views this bench can give it."""
    limits: SafetyLimits
    instruments: dict[str, InstrumentFacts]
    ambient: Ambient | None = None
    """Of the room; None: within what the makers of the instruments call their reference conditions."""
    loop_back: list[LineName] = Field(default=[])
    """Lines that have a loop-back plug while ``hil rig check`` runs."""
    crossed: list[tuple[LineName, LineName]] = Field(default=[])
    """Pairs of lines that a crossed cable joins while ``hil rig check`` runs."""
    mirror_contacts: dict[Literal["K1", "K2", "K3", "K4"], Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """Discrete inputs of the relay board that tell where a relay's main contacts are: coils only tell their orders."""
    devices: Devices
    plant: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_plug_each(self) -> Self:
        ends = [*self.loop_back, *(line for pair in self.crossed for line in pair)]
        twice = sorted({line for line in ends if ends.count(line) > 1})
        if twice:
            raise ValueError(f"loop_back and crossed: {', '.join(twice)} cannot end in two plugs")
        return self

    @property
    def plugs(self) -> dict[str, str]:
        """For each line that ends in a plug during a check: the line on which what it sends comes back."""
        ends = [(line, line) for line in self.loop_back]
        return dict([*ends, *self.crossed, *((b, a) for a, b in self.crossed)])


class RigFile:
    """A rig file that was read and checked.

    :ivar options: what stands under ``options.rig``.
    :ivar features: labgrid's feature flags of the target ``main``.
    :ivar virtual: whether the bench is simulated.
    :ivar real_time: whether time is the wall clock's; a physical bench has no other.
    :ivar bench_address: where the simulated bench is to listen; empty: wherever it is free.
    :ivar bench_instruments: dialects of the simulated bench by role, where they differ from its own.
    """

    def __init__(
        self,
        path: Path,
        options: RigOptions,
        features: frozenset[str],
        *,
        virtual: bool,
        bench_address: str = "",
        real_time: bool | None = None,
        bench_instruments: Mapping[str, str] | None = None,
    ) -> None:
        self.path = path
        self.options = options
        self.features = features
        self.virtual = virtual
        self.bench_address = bench_address
        self.bench_instruments = dict(bench_instruments or {})
        self.real_time = not virtual if real_time is None else real_time

    @classmethod
    def load(cls, path: Path) -> RigFile:
        """Read and check ``path``; raises ConfigurationError that lists every problem with its place."""
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(
                f"the rig file cannot be read ({error.strerror})", place=str(path), remedy="See rigs/ for examples."
            ) from None
        except UnicodeDecodeError as error:
            raise ConfigurationError(
                f"the rig file cannot be read (no UTF-8: {error.reason})", place=str(path)
            ) from None
        return cls._check(path, yaml_file.parse(text, str(path)))

    @classmethod
    def _check(cls, path: Path, document: object) -> RigFile:
        if not isinstance(document, Mapping):
            raise ConfigurationError("a rig file is a mapping with targets and options", place=f"{path}:1:1")
        target = _get(document, "targets", "main")
        wrong = wrong_target(target) if isinstance(target, Mapping) else [((), "targets.main is missing")]
        problems = [f"{path}:{yaml_file.place(document, ('targets', 'main', *keys))}: {what}" for keys, what in wrong]
        options = None
        try:
            options = RigOptions.model_validate(yaml_file.plain(_get(document, "options", "rig") or {}))
        except ValidationError as error:
            for problem in error.errors():
                where = ("options", "rig", *problem["loc"])
                read = "" if problem["type"] in {"missing", "extra_forbidden"} else f" (read: {problem['input']!r})"
                name = ".".join(str(part) for part in where)
                what = problem["msg"].removeprefix("Value error, ")
                problems.append(f"{path}:{yaml_file.place(document, where)}: {name}: {what}{read}")
        if problems or options is None or not isinstance(target, Mapping):
            raise ConfigurationError(
                "\n".join(problems), remedy="Mend the rig file; rigs/virtual.yaml shows every entry."
            )
        features = frozenset(str(feature) for feature in (target.get("features") or ()))
        benches = [arguments for kind, arguments in entries(target, "resources") if kind == "VirtualBench"]
        address = str(benches[0].get("address", "")) if benches else ""
        real_time = not benches or benches[0].get("clock") == "wall"
        chosen = {role: str(benches[0][role]) for role in ("meter", "load") if benches and role in benches[0]}
        return cls(
            path,
            options,
            features,
            virtual=bool(benches),
            bench_address=address,
            real_time=real_time,
            bench_instruments=chosen,
        )


def _get(document: object, *keys: str) -> object:
    for key in keys:
        if not isinstance(document, Mapping):
            return None
        document = document.get(key)
    return document

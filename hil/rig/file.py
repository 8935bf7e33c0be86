"""The rig file: one labgrid environment that says what the bench is, read with places so that errors can name them.

labgrid reads the targets; what it does not know stands under ``options.rig`` and is checked here, all errors at
once, before anything is started or switched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedBase, TaggedScalar
from ruamel.yaml.error import MarkedYAMLError

from hil.errors import AuthorError, ConfigurationError
from hil.units import Dimension, parse

SOCKET_UNDER_TEST = "socket under test"
CABLE_UNDER_TEST = "cable under test"
PAIR = "pair"

RELAYS = ("K1", "K2", "K3", "K4")
"""K1 mains contactor, K2 plug, K3 supply of the socket's electronics, K4 of the cable's (DESIGN §2)."""

LINES = ("socket-link", "cable-link", "socket-console", "cable-console")
REQUIRED = {
    "PowerMeterDriver": ("meter",),
    "LoadDriver": ("load",),
    "SerialDriver": LINES,
}
"""Drivers that every rig has, by class and name; relays may be driven by any digital output of labgrid."""


def _quantity(dimension: Dimension) -> BeforeValidator:
    def read(value: object) -> float:
        try:
            return float(parse(str(value), dimension))
        except AuthorError as error:
            raise ValueError(error.what) from None

    return BeforeValidator(read)


Power = Annotated[float, _quantity(Dimension.POWER)]
Energy = Annotated[float, _quantity(Dimension.ENERGY)]
Duration = Annotated[float, _quantity(Dimension.DURATION)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SafetyLimits(_Strict):
    """Beyond any of these the bench goes to its safe state (DESIGN §6). Watts, watt-hours, seconds of the bench."""

    power: Power
    energy: Energy
    session: Duration


class InstrumentFacts(_Strict):
    """What the laboratory knows of an instrument beyond its ``*IDN?``."""

    calibration: str
    """Certificate and due date, or ``none: <why>``."""
    due: str | None = None
    uncertainty: str | None = None


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
    limits: SafetyLimits
    instruments: dict[str, InstrumentFacts]
    devices: Devices
    plant: dict[str, Any] = Field(default_factory=dict)


class RigFile:
    """A rig file that was read and checked.

    :ivar options: what stands under ``options.rig``.
    :ivar features: labgrid's feature flags of the target ``main``.
    :ivar virtual: whether the bench is simulated.
    :ivar bench_address: where the simulated bench is to listen; empty: wherever it is free.
    """

    def __init__(
        self, path: Path, options: RigOptions, features: frozenset[str], *, virtual: bool, bench_address: str = ""
    ) -> None:
        self.path = path
        self.options = options
        self.features = features
        self.virtual = virtual
        self.bench_address = bench_address

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
        try:
            document = YAML().load(StringIO(text))
        except MarkedYAMLError as error:
            mark = error.problem_mark
            place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
            raise ConfigurationError(f"this is no YAML: {error.problem}", place=place) from None
        return cls._check(path, document)

    @classmethod
    def _check(cls, path: Path, document: object) -> RigFile:
        if not isinstance(document, Mapping):
            raise ConfigurationError("a rig file is a mapping with targets and options", place=f"{path}:1:1")
        target = _get(document, "targets", "main")
        wrong = _wrong_target(target) if isinstance(target, Mapping) else [((), "targets.main is missing")]
        problems = [f"{path}:{_line(document, ('targets', 'main', *keys))}: {what}" for keys, what in wrong]
        options = None
        try:
            options = RigOptions.model_validate(_plain(_get(document, "options", "rig") or {}))
        except ValidationError as error:
            for problem in error.errors():
                where = ("options", "rig", *problem["loc"])
                read = "" if problem["type"] in {"missing", "extra_forbidden"} else f" (read: {problem['input']!r})"
                name = ".".join(str(part) for part in where)
                what = problem["msg"].removeprefix("Value error, ")
                problems.append(f"{path}:{_line(document, where)}: {name}: {what}{read}")
        if problems or options is None or not isinstance(target, Mapping):
            raise ConfigurationError(
                "\n".join(problems), remedy="Mend the rig file; rigs/virtual.yaml shows every entry."
            )
        features = frozenset(str(feature) for feature in (target.get("features") or ()))
        benches = [arguments for kind, arguments in _entries(target, "resources") if kind == "VirtualBench"]
        address = str(benches[0].get("address", "")) if benches else ""
        return cls(path, options, features, virtual=bool(benches), bench_address=address)


def _entries(target: Mapping[str, Any], section: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return (class, arguments) of each resource or driver; labgrid takes a list of one-key mappings or a mapping."""
    listed = target.get(section) or []
    pairs = listed.items() if isinstance(listed, Mapping) else [pair for entry in listed for pair in entry.items()]
    return [(str(kind), arguments or {}) for kind, arguments in pairs]


def _wrong_target(target: Mapping[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    """Return what is wrong with a target, each with the keys that lead to its place."""
    wrong: list[tuple[tuple[str | int, ...], str]] = []
    for section in ("resources", "drivers"):
        listed = target.get(section) or []
        if not isinstance(listed, Mapping | Sequence) or isinstance(listed, str):
            wrong.append(
                ((section,), f"targets.main.{section}: labgrid takes a list of classes here (read: {listed!r})")
            )
            continue
        entries = (
            [((section,), listed)]
            if isinstance(listed, Mapping)
            else [((section, number), entry) for number, entry in enumerate(listed)]
        )
        for keys, entry in entries:
            if not isinstance(entry, Mapping) or not all(isinstance(each, Mapping | None) for each in entry.values()):
                what = f"labgrid takes the name of a class with its arguments here (read: {_plain(entry)!r})"
                wrong.append((keys, f"targets.main.{section}: {what}"))
    features = target.get("features")
    if features is not None and (not isinstance(features, Sequence) or isinstance(features, str)):
        wrong.append((("features",), f"targets.main.features: labgrid takes a list here (read: {features!r})"))
    return wrong or [((), what) for what in _missing_drivers(target)]


def _missing_drivers(target: Mapping[str, Any]) -> list[str]:
    drivers = [(kind, str(arguments.get("name", kind))) for kind, arguments in _entries(target, "drivers")]
    missing = [
        f"targets.main.drivers: no {kind} named '{name}'"
        for kind, names in REQUIRED.items()
        for name in names
        if (kind, name) not in drivers
    ]
    named = {name for _, name in drivers}
    missing += [f"targets.main.drivers: no driver named '{relay}'" for relay in RELAYS if relay not in named]
    if "BenchStrategy" not in {kind for kind, _ in drivers}:
        missing.append("targets.main.drivers: no BenchStrategy")
    return missing


def _get(document: object, *keys: str) -> object:
    for key in keys:
        if not isinstance(document, Mapping):
            return None
        document = document.get(key)
    return document


def _plain(node: object) -> object:
    """Return the YAML node as plain Python, tagged scalars as their text."""
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, TaggedScalar):
        return str(node.value)
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [_plain(value) for value in node]
    return node


def _line(document: object, keys: Sequence[str | int]) -> str:
    """Return ``line:column`` of the deepest part of ``keys`` that exists."""
    line, column = 1, 1
    for key in keys:
        if not isinstance(document, CommentedBase) or not isinstance(document, Mapping | Sequence):
            break
        places = document.lc.data or {}
        if key not in places:
            break
        place = places[key]
        line, column = place[0] + 1, place[1] + 1
        document = document[key]  # type: ignore[index]  # a mapping or a list, and the key is in it
    return f"{line}:{column}"

"""The rig file: one labgrid environment that says what the bench is, read with places so that errors can name them.

labgrid reads the targets; what it does not know stands under ``options.rig`` and is checked here, all errors at
once, before anything is started or switched.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from hil import yaml_file
from hil.errors import ConfigurationError
from hil.evidence.uncertainty import Conditions
from hil.rig.config.addresses import bound_elsewhere, parts
from hil.rig.config.calibration.of_instruments import (
    CertificateFile,
    WrongCertificate,
    conditions,
    read_certificates,
    wrong_transformers,
)
from hil.rig.config.coins_to import coin_type
from hil.rig.config.held_place import held_place, named_place
from hil.rig.config.limits import SafetyLimits
from hil.rig.config.mistakes import REMEDY, read_options
from hil.rig.config.parts import Ambient, DeviceFacts, Devices, InstrumentFacts, ReferenceFacts
from hil.rig.config.target.labgrid_yaml import unreadable_nodes, wrong_imports
from hil.rig.config.target_section import (
    foreign_drivers,
    has_place,
    named_dialects,
    target_is_unreadable,
    virtual_benches,
    wrong_target,
)
from hil.rig.config.values import LedgerViewName
from hil.yaml_file import Flaw, Strict, plain

SOCKET_UNDER_TEST = "socket under test"
CABLE_UNDER_TEST = "cable under test"
PAIR = "pair"
OTHER_SOCKET = "socket of another kind"
"""A device between mains and appliance that does not speak the payment protocol."""


LineName = Literal["socket-link", "cable-link", "socket-console", "cable-console"]


class RigOptions(Strict):
    """``options.rig`` of a rig file."""

    name: str
    """Of the rig, in messages, locks and the report."""
    description: str = ""
    setups: list[Literal["socket under test", "cable under test", "pair", "socket of another kind"]] = Field(
        min_length=1
    )
    """Which set-ups the bench offers."""
    appliances: list[Literal["toaster", "load", "inverter"]] = Field(min_length=1)
    """What can stand behind the cable: the reference toaster, the programmable load, a solar inverter."""
    ledger: LedgerViewName = "node"
    """How a socket on this bench sees the ledger, if a scenario does not say: a view that ``hil plugins`` lists."""
    ledger_views: list[LedgerViewName] = Field(default=["node"], min_length=1)
    """Which views this bench can give it."""
    limits: SafetyLimits
    instruments: dict[str, InstrumentFacts]
    ambient: Ambient | None = None
    """Temperature of the room; None: within the reference conditions of the instruments' makers."""
    reference: ReferenceFacts | None = None
    """The appliance that ``hil rig study`` measures on a physical bench; None: its power is not known."""
    loop_back: list[LineName] = Field(default=[])
    """Lines that have a loop-back plug while ``hil rig check`` runs."""
    crossed: list[tuple[LineName, LineName]] = Field(default=[])
    """Pairs of lines that a crossed cable joins while ``hil rig check`` runs."""
    mirror_contacts: dict[Literal["K1", "K2", "K3", "K4"], Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """Discrete inputs of the relay board that read a relay's mirror contact; a coil reads back only its command."""
    devices: Devices
    plant: dict[str, Any] = Field(default_factory=dict)
    """Physics of a virtual bench, where they differ from its own."""

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
    :ivar bench_address: where the simulated bench listens; empty: wherever it is free.
    :ivar standing: whether it listens there already, and outlives this job.
    :ivar bench_instruments: dialects of the simulated bench by role, where they differ from its own.
    :ivar dialects: drivers that the file names for its instruments, by role.
    :ivar foreign: roles whose labgrid driver is the laboratory's own.
    :ivar certificates: Digital Calibration Certificates by role; ``options`` has what they say.
    """

    def __init__(
        self,
        path: Path,
        options: RigOptions,
        features: frozenset[str],
        *,
        virtual: bool,
        bench_address: str = "",
        standing: bool = False,
        real_time: bool | None = None,
        bench_instruments: Mapping[str, str] | None = None,
        dialects: Mapping[str, str] | None = None,
        foreign: frozenset[str] = frozenset(),
        document: object = None,
    ) -> None:
        self.path = path
        self.options = options
        self.features = features
        self.virtual = virtual
        self.bench_address = bench_address
        self.standing = standing
        self.bench_instruments = dict(bench_instruments or {})
        self.dialects = dict(dialects or {})
        self.foreign = foreign
        self.certificates: dict[str, CertificateFile] = {}
        self.real_time = not virtual if real_time is None else real_time
        self._document = document

    @property
    def conditions(self) -> Conditions:
        """Room, certificate and current transformer of the lab meter, as its budgets reckon with them."""
        return conditions(self.options.instruments, self.options.ambient, self.certificates)

    def device_programs(self) -> dict[str, dict[str, Any]]:
        """Return command, working directory and other firmware of each device that is a program of its own, by role."""
        return {
            role: {"command": list(facts.command), "folder": str(self.folder)}
            | ({} if facts.other_firmware is None else {"other": list(facts.other_firmware)})
            for role, facts in self.options.devices.by_role().items()
            if facts.command is not None
        }

    @property
    def place_name(self) -> str:
        """Name of the labgrid place that this job holds for the rig, or that the file names; empty: none."""
        target = plain(_get(self._document, "targets", "main"))
        if not isinstance(target, Mapping) or not has_place(target):
            return ""
        return record.place if (record := held_place()) else named_place(target, os.environ)

    @property
    def parts_of_place(self) -> dict[str, tuple[str | int, ...]]:
        """What the labgrid place of this rig has to offer: names of resources, each with its keys in the file."""
        target = _get(self._document, "targets", "main")
        found = bound_elsewhere(target) if isinstance(target, Mapping) and has_place(target) else {}
        return {name: ("targets", "main", *keys) for name, keys in found.items()}

    @property
    def folder(self) -> Path:
        """The folder of the file, in which the programs of devices run."""
        return self.path.resolve().parent

    @property
    def coins_of_cable(self) -> str | None:
        """Which coins the cable under test can be given, ``P2WPKH`` or ``P2PKH``; empty: any; None: none at all.

        A simulated bench gives the cable an account; the coins of any other go where the rig file says.
        """
        facts = self.options.devices.cable
        if facts is None:
            return None
        if facts.coins_to is not None:
            return coin_type(facts.coins_to)
        return "" if self.virtual else None

    def is_reference(self, facts: DeviceFacts) -> bool:
        """Tell whether a device is the simulated reference one."""
        return self.virtual and facts.command is None

    @property
    def bench_keys(self) -> tuple[str | int, ...]:
        """What leads to the simulated bench in the file."""
        target = _get(self._document, "targets", "main")
        found = parts(target, "resources") if isinstance(target, Mapping) else []
        keys = next((part.keys for part in found if part.kind == "VirtualBench"), ("resources",))
        return ("targets", "main", *keys)

    def driver_keys(self, name: str) -> tuple[str | int, ...]:
        """Return what leads to the dialect of the driver ``name`` in the file."""
        target = _get(self._document, "targets", "main")
        found = parts(target, "drivers") if isinstance(target, Mapping) else []
        keys = next((part.keys for part in found if part.name == name), ("drivers",))
        return ("targets", "main", *keys, "dialect")

    @property
    def listed_features(self) -> tuple[str, ...]:
        """The feature flags in the order of the file."""
        listed = _get(self._document, "targets", "main", "features")
        return tuple(map(str, listed)) if isinstance(listed, Sequence) else ()

    def place(self, *keys: str | int) -> tuple[int, int]:
        """Return line and column of the deepest part of ``keys`` that the file has."""
        line, _, column = yaml_file.place(self._document, keys).partition(":")
        return int(line), int(column)

    @classmethod
    def load(cls, path: Path) -> RigFile:
        """Read and check ``path``; raises ConfigurationError that lists every problem with its place."""
        rig, flaws = cls.read(path)
        if flaws or rig is None:
            remedies = dict.fromkeys(flaw.remedy or REMEDY for flaw in flaws)
            raise ConfigurationError("\n".join(map(str, flaws)), remedy=" ".join(remedies) or REMEDY)
        return rig

    @classmethod
    def read(cls, path: Path) -> tuple[RigFile | None, list[Flaw]]:
        """Read ``path``; return the rig, and everything that is wrong with the file, each with its place.

        The rig is None if too much is missing; else it is what the file says without what is wrong, for looking at
        what does not depend on it. Raises ConfigurationError for a file that cannot be read or is no YAML.
        """
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
        return cls._of(path, yaml_file.parse(text, str(path)))

    @classmethod
    def _of(cls, path: Path, document: object) -> tuple[RigFile | None, list[Flaw]]:
        if not isinstance(document, Mapping):
            raise ConfigurationError("a rig file is a mapping with targets and options", place=f"{path}:1:1")
        target = _get(document, "targets", "main")
        imports = document.get("imports") or ()
        own = [] if isinstance(imports, str) else [str(each) for each in imports]
        wrong = wrong_target(target, own) if isinstance(target, Mapping) else [((), "targets.main is missing")]
        lost = [*unreadable_nodes(document), *wrong_imports(document.get("imports"), path.resolve().parent)]
        options, more = read_options(RigOptions, _get(document, "options", "rig"))
        certificates: dict[str, CertificateFile] = {}
        unread: list[WrongCertificate] = []
        if options is not None:
            facts, certificates, unread = read_certificates(options.instruments, path.resolve().parent)
            more = [*more, *wrong_transformers(facts, options.limits)]
            options = options.model_copy(update={"instruments": facts})
        flaws = [
            Flaw.at(path, document, keys, what)
            for keys, what in [*lost, *((("targets", "main", *keys), what) for keys, what in wrong), *more]
        ]
        flaws += [Flaw.at(path, document, *each) for each in unread]
        if options is None or not isinstance(target, Mapping) or target_is_unreadable(target):
            return None, flaws
        features = frozenset(str(feature) for feature in (target.get("features") or ()))
        benches = virtual_benches(target)
        address = str(benches[0].get("address", "")) if benches else ""
        real_time = not benches or benches[0].get("clock") == "wall"
        chosen = {role: str(benches[0][role]) for role in ("meter", "load") if benches and role in benches[0]}
        rig = cls(
            path,
            options,
            features,
            virtual=bool(benches),
            bench_address=address,
            standing=bool(benches) and bool(benches[0].get("standing")),
            real_time=real_time,
            bench_instruments=chosen,
            dialects=named_dialects(target),
            foreign=foreign_drivers(target),
            document=document,
        )
        rig.certificates = certificates
        return rig, flaws


def _get(document: object, *keys: str) -> object:
    for key in keys:
        if not isinstance(document, Mapping):
            return None
        document = document.get(key)
    return document

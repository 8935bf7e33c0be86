"""What a model shall be made of, as a reset request or a configuration file says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeGuard

from hil.devices.lockstep.command import DeviceCommand
from hil.errors import ConfigurationError, nearest
from hil.vbench.plant.parameters import PlantParameters

ROLES = ("socket", "cable")
LINES = tuple(f"{role}-{line}" for line in ("link", "console") for role in ROLES)
CLOCKS = ("virtual", "wall")
FIELDS = ("seed", "plant", "devices", "node", "view", "clock", "plugs", "programs", "calendars")
"""Of a request."""


@dataclass(frozen=True)
class NodeAccess:
    """Where the socket's ledger is; the password never shows in a repr."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class ViewAccess:
    """How the socket sees the ledger: the name of the view, and where its Electrum server is, if it asks one."""

    kind: str
    server: tuple[str, int] | None = None
    """Host and port; None: it asks the node."""


@dataclass(frozen=True)
class ModelRequest:
    """What a model shall be made of."""

    seed: str = "standing bench"
    plant: PlantParameters = field(default_factory=PlantParameters)
    devices: Mapping[str, Mapping[str, object] | None] = field(default_factory=dict)
    """Profiles of the devices fitted, by role."""
    node: NodeAccess | None = None
    view: ViewAccess = ViewAccess("node")
    clock: str = "virtual"
    """``virtual``: devices inside the bench, time moved by the controller. ``wall``: devices as processes of their own
    (hil.vbench.devices.processes), time as this machine's clock."""
    programs: Mapping[str, DeviceCommand] = field(default_factory=dict)
    """Devices that are programs of their own, by role; the others are the reference ones."""
    calendars: Sequence[str] = ()
    """Devices whose calendar can be set, by role; they are programs."""
    plugs: Mapping[str, str] = field(default_factory=dict)
    """Lines that end in a plug and not at a device: what is sent there comes back on the line named, which is itself
    (loop-back) or another one that ends in a plug (crossed cable)."""

    @classmethod
    def of(cls, request: Mapping[str, object]) -> ModelRequest:
        """Return the parsed request; raises ConfigurationError that names the first thing wrong."""
        unknown = set(request) - {"op", *FIELDS}
        if unknown:
            raise ConfigurationError(f"unknown fields: {', '.join(sorted(unknown))}", place="reset")
        seed, plant, node = request.get("seed", cls.seed), request.get("plant"), request.get("node")
        devices, view, plugs = request.get("devices"), request.get("view"), request.get("plugs")
        programs = request.get("programs")
        if not isinstance(seed, str):
            raise ConfigurationError("must be a text", place="reset.seed")
        clock = request.get("clock", cls.clock)
        if clock not in CLOCKS:
            raise ConfigurationError(f"'{clock}' is no clock{nearest(str(clock), CLOCKS)}", place="reset.clock")
        for name, value in {
            "plant": plant,
            "devices": devices,
            "node": node,
            "view": view,
            "plugs": plugs,
            "programs": programs,
        }.items():
            if value is not None and not isinstance(value, Mapping):
                raise ConfigurationError("must be an object", place=f"reset.{name}")
        profiles = dict(devices) if isinstance(devices, Mapping) else {}
        for role, profile in profiles.items():
            if role not in ROLES:
                raise ConfigurationError(f"'{role}' is not a device{nearest(role, ROLES)}", place="reset.devices")
            if profile is not None and not isinstance(profile, Mapping):
                raise ConfigurationError("must be a profile (an object) or null", place=f"reset.devices.{role}")
        calendars = request.get("calendars", [])
        if not _are_texts(calendars) or not set(calendars) <= set(ROLES):
            raise ConfigurationError("must be a list of devices", place="reset.calendars")
        return cls(
            seed,
            PlantParameters.of(plant if isinstance(plant, Mapping) else {}),
            profiles,
            _node_access(node) if isinstance(node, Mapping) else None,
            _view_access(view) if isinstance(view, Mapping) else cls.view,
            str(clock),
            _programs(programs if isinstance(programs, Mapping) else {}),
            calendars,
            _plugs(plugs if isinstance(plugs, Mapping) else {}),
        )


def _programs(programs: Mapping[str, object]) -> dict[str, DeviceCommand]:
    commands: dict[str, DeviceCommand] = {}
    for role, told in programs.items():
        words = told.get("command") if isinstance(told, Mapping) else None
        folder = told.get("folder") if isinstance(told, Mapping) else None
        other = told.get("other", []) if isinstance(told, Mapping) else None
        if role not in ROLES or not _are_texts(words) or not words or not isinstance(folder, str):
            raise ConfigurationError("needs command (a list of texts) and folder (a text)", place="reset.programs")
        if not _are_texts(other):
            raise ConfigurationError("other must be a list of texts", place="reset.programs")
        commands[role] = DeviceCommand(tuple(words), Path(folder), other=tuple(other))
    return commands


def _are_texts(told: object) -> TypeGuard[list[str]]:
    return isinstance(told, list) and all(isinstance(word, str) for word in told)


def _plugs(plugs: Mapping[str, object]) -> dict[str, str]:
    lines: dict[str, str] = {}
    for name, other in plugs.items():
        for line in (name, str(other)):
            if line not in LINES:
                raise ConfigurationError(f"'{line}' is not a line{nearest(line, LINES)}", place="reset.plugs")
        lines[name] = str(other)
    return lines


def _view_access(view: Mapping[str, object]) -> ViewAccess:
    kind, host, port = (view.get(name) for name in ("kind", "host", "port"))
    if isinstance(kind, str) and host is None and port is None:
        return ViewAccess(kind)
    if isinstance(kind, str) and isinstance(host, str) and type(port) is int:
        return ViewAccess(kind, (host, port))
    what = "needs kind (a text), and host (a text) and port (a number) for one that asks an Electrum server"
    raise ConfigurationError(what, place="reset.view")


def _node_access(node: Mapping[str, object]) -> NodeAccess:
    host, port, user, password = (node.get(name) for name in ("host", "port", "user", "password"))
    if isinstance(host, str) and type(port) is int and isinstance(user, str) and isinstance(password, str):
        return NodeAccess(host, port, user, password)
    raise ConfigurationError("needs host, user and password (texts) and port (a number)", place="reset.node")

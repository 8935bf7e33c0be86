"""The part of a rig file that labgrid reads, looked through first: labgrid tells mistakes late and without a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hil.errors import nearest
from hil.yaml_file import plain

RELAYS = ("K1", "K2", "K3", "K4")
"""K1 mains contactor, K2 plug, K3 supply of the socket's electronics, K4 of the cable's (DESIGN §2)."""

LINES = ("socket-link", "cable-link", "socket-console", "cable-console")

CLOCKS = ("virtual", "wall")
"""Of a virtual bench: as fast as it can, or real time with the devices as processes of their own."""

REQUIRED = {
    "PowerMeterDriver": ("meter",),
    "LoadDriver": ("load",),
    "SerialDriver": LINES,
}
"""Drivers that every rig has, by class and name; relays may be driven by any digital output of labgrid."""


def entries(target: Mapping[str, Any], section: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return (class, arguments) of each resource or driver; labgrid takes a list of one-key mappings or a mapping."""
    listed = target.get(section) or []
    pairs = listed.items() if isinstance(listed, Mapping) else [pair for entry in listed for pair in entry.items()]
    return [(str(kind), arguments or {}) for kind, arguments in pairs]


def wrong_target(target: Mapping[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
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
                what = f"labgrid takes the name of a class with its arguments here (read: {plain(entry)!r})"
                wrong.append((keys, f"targets.main.{section}: {what}"))
    features = target.get("features")
    if features is not None and (not isinstance(features, Sequence) or isinstance(features, str)):
        wrong.append((("features",), f"targets.main.features: labgrid takes a list here (read: {features!r})"))
    return wrong or [*_wrong_clocks(target), *(((), what) for what in _missing_drivers(target))]


def _wrong_clocks(target: Mapping[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    """Return what is wrong with the clock of a virtual bench: labgrid would say it later, and without a place."""
    wrong: list[tuple[tuple[str | int, ...], str]] = []
    listed = target.get("resources") or []
    for number, entry in enumerate(listed if not isinstance(listed, Mapping) else ()):
        clock = (entry.get("VirtualBench") or {}).get("clock", "virtual")
        if clock not in CLOCKS:
            place = ("resources", number, "VirtualBench", "clock")
            wrong.append((place, f"targets.main.resources: '{clock}' is no clock{nearest(str(clock), CLOCKS)}"))
    return wrong


def _missing_drivers(target: Mapping[str, Any]) -> list[str]:
    drivers = [(kind, str(arguments.get("name", kind))) for kind, arguments in entries(target, "drivers")]
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

"""The part of a rig file that labgrid reads, looked through first: labgrid tells mistakes late and without a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from hil.errors import nearest
from hil.rig.config.addresses import HOLDERS, parts, wrong_addresses
from hil.rig.config.held_place import held_place
from hil.rig.config.target.simulated_bench import wrong_bench
from hil.yaml_file import plain

RELAYS = ("K1", "K2", "K3", "K4")
"""K1 mains contactor, K2 plug, K3 supply of the socket's electronics, K4 of the cable's (docs/system.md)."""

LINES = ("socket-link", "cable-link", "socket-console", "cable-console")

FEATURES: Mapping[str, str] = {
    "virtual": "the bench is simulated: devices take terms and tell secrets",
    "seeded-defects": "a device can be made to have a defect",
    "seeded-faults": "parts of the bench can be made to fail",
    "link-faults": "the rig's tap may do with the link's bytes what a scenario asks for",
    "switches-under-load": "K1 and K2 may break the load current",
    "programmable-mains": "the voltage of the mains can be set",
    "operator": "a person is at the bench while it is used, and can be asked",
}
"""labgrid's feature flags that steps ask for, and what each says of a bench."""

REQUIRED = {
    "PowerMeterDriver": ("meter",),
    "LoadDriver": ("load",),
    "SerialDriver": LINES,
}
"""Drivers that every rig has, by class and name. Relays may be driven by any digital output of labgrid, meter and load
by a driver of the laboratory's own (:mod:`hil.rig.labgrid.protocols`) where the rig file imports its module."""

INSTRUMENTS = {"meter": "PowerMeterDriver", "load": "LoadDriver"}
"""The framework's own driver for each role."""

BINDINGS = ("k1", "k2", "k3", "k4", "load")
"""Of a BenchStrategy."""

OWN_MODULES = ("hil.rig.labgrid.bench_strategy", "hil.rig.labgrid.resources_and_drivers")
"""What a rig file imports of the framework."""


def entries(target: Mapping[str, Any], section: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return (class, arguments) of each resource or driver; labgrid takes a list of one-key mappings or a mapping."""
    listed = target.get(section) or []
    pairs = listed.items() if isinstance(listed, Mapping) else [pair for entry in listed for pair in entry.items()]
    return [(str(kind), arguments or {}) for kind, arguments in pairs]


def has_place(target: Mapping[str, Any]) -> bool:
    """Tell whether the parts of a target are those of a labgrid place."""
    return any(kind in HOLDERS for kind, _ in entries(target, "resources"))


def virtual_benches(target: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the arguments of each VirtualBench of the target, or of the place that this job holds for it."""
    resources = entries(target, "resources")
    if has_place(target) and (record := held_place()):
        resources += [(each.kind, each.arguments) for each in record.resources]
    return [arguments for kind, arguments in resources if kind == "VirtualBench"]


def target_is_unreadable(target: Mapping[str, Any]) -> bool:
    """Tell whether a target is not of the shape that labgrid reads."""
    return bool(_wrong_shape(target))


def wrong_target(target: Mapping[str, Any], imports: Sequence[str] = ()) -> list[tuple[tuple[str | int, ...], str]]:
    """Return what is wrong with a target, each with the keys that lead to its place.

    :param imports: the modules that the rig file imports: a laboratory's own bring drivers of other classes.
    """
    if wrong := _wrong_shape(target):
        return wrong
    found = wrong_bench(target) + _misspelt_features(target) + wrong_addresses(target) + _wrong_strategy(target)
    return [*found, *(((), what) for what in _missing_drivers(target, others=bool(set(imports) - {*OWN_MODULES})))]


def _wrong_shape(target: Mapping[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
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
    return wrong


def _misspelt_features(target: Mapping[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    """Return the feature flags that are no flag of this framework, and were probably meant as one.

    Others may be a laboratory's own; whether a step asks for them is seen where the steps are known.
    """
    return [
        (("features", number), f"targets.main.features: '{name}' is no feature flag{nearest(str(name), FEATURES)}")
        for number, name in enumerate(target.get("features") or ())
        if str(name) not in FEATURES and get_close_matches(str(name).casefold(), FEATURES, n=1)
    ]


def _wrong_strategy(target: Mapping[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    """Return which bindings a BenchStrategy lacks: labgrid would say it later, and without a place."""
    return [
        (part.keys, f"targets.main.drivers: the BenchStrategy has no binding '{name}'; it needs {', '.join(BINDINGS)}")
        for part in parts(target, "drivers")
        if part.kind == "BenchStrategy"
        for name in BINDINGS
        if name not in (part.arguments.get("bindings") or {})
    ]


def named_dialects(target: Mapping[str, Any]) -> dict[str, str]:
    """Return the dialects that the drivers of meter and load name, by role."""
    return {
        role: str(arguments["dialect"])
        for kind, arguments in entries(target, "drivers")
        for role, ours in INSTRUMENTS.items()
        if kind == ours and arguments.get("name") == role and arguments.get("dialect")
    }


def foreign_drivers(target: Mapping[str, Any]) -> frozenset[str]:
    """Return the roles, ``meter`` or ``load``, that a driver of another class than the framework's has."""
    drivers = {str(arguments.get("name", kind)): kind for kind, arguments in entries(target, "drivers")}
    return frozenset(role for role, ours in INSTRUMENTS.items() if drivers.get(role, ours) != ours)


def _missing_drivers(target: Mapping[str, Any], *, others: bool) -> list[str]:
    drivers = [(kind, str(arguments.get("name", kind))) for kind, arguments in entries(target, "drivers")]
    named = {name for _, name in drivers}
    missing = [
        f"targets.main.drivers: no {kind} named '{name}'"
        for kind, names in REQUIRED.items()
        for name in names
        if (kind, name) not in drivers and not (others and name in INSTRUMENTS and name in named)
    ]
    missing += [f"targets.main.drivers: no driver named '{relay}'" for relay in RELAYS if relay not in named]
    if "BenchStrategy" not in {kind for kind, _ in drivers}:
        missing.append("targets.main.drivers: no BenchStrategy")
    return missing

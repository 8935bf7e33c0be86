"""The rig file, from the models that read it: keys, what they hold, defaults."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator
from typing import Any, get_args

import attr
from labgrid.driver import Driver
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hil.devices import defects as seeded_defects
from hil.devices.profiles import CableProfile, SocketProfile
from hil.rig.config.rig_file import RigOptions
from hil.rig.config.target_section import FEATURES
from hil.rig.labgrid import bench_strategy, resources_and_drivers
from hil.tests.docs.markdown import declarations, meanings, meanings_of_names, table, text_of
from hil.vbench.plant.parameters import PlantParameters

WORDS = {"Power": "power", "Energy": "energy", "Current": "current", "Voltage": "voltage", "Duration": "duration"}
"""Types of the models whose values are written with their unit."""

_ANNOTATED = re.compile(r"Annotated\[(\w+), .+?\)\]")
"""Whatever a type demands beside its name; what it is about stands in the meaning."""

OURS = ("VirtualBench", "VisaInstrument", "PowerMeterDriver", "LoadDriver", "BenchStrategy")
"""labgrid classes of the framework that a rig file names."""


def options() -> str:
    """Return a table for ``options.rig`` and for each part of it."""
    parts = []
    for path, model in _models("options.rig", RigOptions):
        parts += [f"### `{path}`", "", text_of(model.__doc__), "", _fields(model, None), ""]
    return "\n".join(parts)


def profiles() -> str:
    """Return a table for what ``devices.socket.profile`` and ``devices.cable.profile`` may hold."""
    parts = []
    for role, model in (("socket", SocketProfile), ("cable", CableProfile)):
        heading = f"### `devices.{role}.profile`"
        parts += [heading, "", text_of(model.__doc__), "", _fields(model, "account"), ""]
    return "\n".join(parts)


def defects() -> str:
    """Return the seeded defects that a profile may name, and what each device then lacks."""
    told = meanings_of_names(seeded_defects)
    rows = []
    for role, name in (("socket", "Defect"), ("cable", "CableDefect")):
        for line in re.findall(r"^- (.+?: .+)$", told[name], re.MULTILINE):
            defect, _, meaning = line.partition(": ")
            rows.append((f"`{defect}`", role, f"{meaning}."))
    return table(("defect", "of a", "what it does"), rows)


def plant() -> str:
    """Return the parameters of the virtual bench's plant with their defaults."""
    told = meanings(PlantParameters)
    rows = [
        (f"`{each.name}`", _number(each.default), told_of)
        for each in dataclasses.fields(PlantParameters)
        for told_of in [told.get(each.name, "")]
    ]
    return table(("parameter", "default", "meaning"), rows)


def _number(default: object) -> str:
    return f"{default:g}" if isinstance(default, float) and not math.isnan(default) else "drawn from the seed"


def feature_flags() -> str:
    """Return the feature flags of a target, and what each says of a bench."""
    return table(("flag", "meaning"), [(f"`{name}`", f"{text}.") for name, text in FEATURES.items()])


def labgrid_classes() -> str:
    """Return the labgrid classes that the framework adds, with their arguments."""
    rows = []
    for name in OURS:
        kind = getattr(resources_and_drivers, name, None) or getattr(bench_strategy, name)
        what = "driver" if issubclass(kind, Driver) else "resource"
        own = [each.name for each in attr.fields(kind) if each.init and each.name not in {"target", "name"}]
        known = own if what == "resource" else [*sorted(kind.bindings), *own]
        rows.append((f"`{name}`", what, ", ".join(f"`{each}`" for each in known), _first_sentence(kind)))
    return table(("class", "is a", "arguments or bindings", "meaning"), rows)


def _models(path: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield a model and those of its fields, each with the path that leads to it."""
    yield path, model
    seen: set[type[BaseModel]] = set()
    for name, field in model.model_fields.items():
        for inner, in_mapping in _inner(field.annotation):
            if inner not in seen:
                seen.add(inner)
                yield from _models(f"{path}.{name}{'.NAME' if in_mapping else ''}", inner)


def _inner(annotation: Any, *, in_mapping: bool = False) -> Iterator[tuple[type[BaseModel], bool]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, in_mapping
    for argument in get_args(annotation):
        yield from _inner(argument, in_mapping=in_mapping or getattr(annotation, "__origin__", None) is dict)


def _fields(model: type[BaseModel], without: str | None) -> str:
    kinds = [each for each in reversed(model.__mro__) if issubclass(each, BaseModel) and each is not BaseModel]
    declared: dict[str, str] = {}
    told: dict[str, str] = {}
    for kind in kinds:
        declared |= declarations(kind)
        told |= meanings(kind)
    rows = [
        (f"`{name}`", _holds(declared[name], field), _default(field), told.get(name, ""))
        for name, field in model.model_fields.items()
        if name != without
    ]
    return table(("key", "holds", "default", "meaning"), rows)


def _holds(declared: str, field: FieldInfo) -> str:
    """Return what a key holds: the words of its declaration, and its range."""
    words = _ANNOTATED.sub(r"\1", declared.replace("'", '"')).removesuffix(" | None").replace("LineName", "line")
    words = WORDS.get(words, words)
    bounds = [text for each in field.metadata if (text := _bound(each))]
    return f"`{words}`" + (f" {', '.join(bounds)}" if bounds else "")


def _bound(constraint: object) -> str:
    signs = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤", "min_length": "length ≥", "max_length": "length ≤"}
    for name, sign in signs.items():
        if (value := getattr(constraint, name, None)) is not None:
            return f"{sign} {value}"
    return ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        return "empty"
    value = field.default
    if value is None or value in ([], ()):
        return "none"
    if isinstance(value, BaseModel):
        return "see below"
    if isinstance(value, tuple) and all(isinstance(each, BaseModel) for each in value):
        return "; ".join(" ".join(f"{each}" for each in item.model_dump().values()) for item in value)
    return f"`{value}`" if value != "" else "empty"


def _first_sentence(kind: type) -> str:
    return text_of((kind.__doc__ or "").strip().split("\n\n")[0])

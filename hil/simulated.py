"""What a rig file may set of a simulated bench: plant, instruments, profiles; held against what the bench knows.

The bench is a program of its own and says the same when it is started; here it is said at the desk, all at once. This
is the one place above the bench that reads its tables: neither rig nor scenario may.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from hil import yaml_file
from hil.devices.profiles import CableProfile, SocketProfile
from hil.errors import ConfigurationError
from hil.plugins import registry
from hil.plugins.groups import VIRTUAL_LOADS, VIRTUAL_METERS
from hil.vbench.plant.parameters import PlantParameters
from hil.yaml_file import Keys

PROFILES: Mapping[str, type[SocketProfile | CableProfile]] = {"socket": SocketProfile, "cable": CableProfile}

_ACCOUNT = "00" * 32
"""Stands for the account that each scenario gives a device."""


def instrument_flaws(instruments: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return role and mistake for each instrument of a virtual bench that comes from others and cannot be loaded.

    :param instruments: by role, as a rig file names them; a name that there is not is no matter of this.
    """
    found = []
    for role, group in (("meter", VIRTUAL_METERS), ("load", VIRTUAL_LOADS)):
        plugin = registry.look_for(group, instruments[role]) if role in instruments else None
        if plugin is not None and plugin.origin != registry.OWN:
            try:
                plugin.load()
            except ConfigurationError as error:
                found.append((role, f"{error.what} ({error.place})"))
    return found


def plant_flaws(plant: Mapping[str, Any]) -> list[tuple[Keys, str]]:
    """Return what is wrong with ``plant``, each with the keys that lead to its place."""
    found: list[tuple[Keys, str]] = [
        ((name,), what) for name, value in plant.items() if (what := _plant_flaw({name: value}))
    ]
    if not found and (what := _plant_flaw(plant)):
        found.append(((), what))
    return found


def _plant_flaw(values: Mapping[str, Any]) -> str:
    try:
        PlantParameters.of(values)
    except ConfigurationError as error:
        return error.what
    return ""


def profile_flaws(device: str, profile: Mapping[str, Any]) -> list[tuple[Keys, str]]:
    """Return what is wrong with the profile of ``socket`` or ``cable``, likewise."""
    model = PROFILES[device]
    try:
        model.model_validate({"account": _ACCOUNT, **profile})
    except ValidationError as error:
        return yaml_file.mistakes(error, model, profile, unlisted=("account",))
    return []

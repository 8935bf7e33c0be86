"""What a rig file may set of a simulated bench: plant and device profiles, held against what the bench knows.

The bench is a program of its own and says the same when it is started; here it is said at the desk, all at once. This
is the one place above the bench that reads its tables: neither rig nor scenario may.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import ValidationError

from hil.devices.profiles import CableProfile, SocketProfile
from hil.errors import ConfigurationError, nearest
from hil.vbench.plant.parameters import PlantParameters

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Keys: TypeAlias = tuple[str | int, ...]

PROFILES: Mapping[str, type[SocketProfile | CableProfile]] = {"socket": SocketProfile, "cable": CableProfile}

_ACCOUNT = "00" * 32
"""Stands for the account that each scenario gives a device."""


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
        return [(tuple(each["loc"]), _words(each, model)) for each in error.errors()]
    return []


def _words(error: ErrorDetails, model: type[SocketProfile | CableProfile]) -> str:
    if error["type"] == "extra_forbidden":
        name, known = str(error["loc"][-1]), set(model.model_fields) - {"account"}
        return f"'{name}' is not known{nearest(name, known) if len(error['loc']) == 1 else ''}"
    if error["type"] == "literal_error":
        words = error["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        return f"'{error['input']}' is not known{nearest(str(error['input']), words)}"
    return f"{error['msg'].removeprefix('Value error, ')} (read: {error['input']!r})"

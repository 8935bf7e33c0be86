"""What is wrong with a rig file, each with its place; and its options, as far as they are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from hil import yaml_file

if TYPE_CHECKING:
    pass

REMEDY = "Mend the rig file; rigs/virtual.yaml shows every entry."

Keys: TypeAlias = tuple[str | int, ...]

ROLES = ("meter", "load")
"""Of the instruments that every rig has."""

ROUNDS = 5
"""How often what is wrong is left out to see whether the rest is right: a flaw can hide another."""

Options = TypeVar("Options", bound=BaseModel)


def read_options(model: type[Options], read: object) -> tuple[Options | None, list[tuple[Keys, str]]]:
    """Return ``options.rig`` and what is wrong with it, each with the keys that lead to its place.

    What is wrong is left out of the options, so that the rest can be looked at; None if they cannot be without it.
    """
    plain: Any = yaml_file.plain(read or {})
    found: dict[Keys, str] = {}
    whole = plain
    options = None
    for _ in range(ROUNDS):
        try:
            options = model.model_validate(plain)
            break
        except ValidationError as error:
            new = yaml_file.mistakes(error, model, whole)
            found |= {keys: what for keys, what in new if keys not in found and not _is_caused(keys, what, found)}
            plain = _without(plain, [keys for keys, _ in new])
    places = {("options", "rig", *keys): what for keys, what in found.items()}
    flaws = [(keys, yaml_file.told(keys, what)) for keys, what in places.items()]
    return options, [*flaws, *_contradictions(whole)]


def _is_caused(part: Keys, what: str, found: Mapping[Keys, str]) -> bool:
    """Tell whether what is said of a whole part names an entry in it that was wrong and therefore left out."""
    return any(keys[:-1] == part and str(keys[-1]) in what for keys in found)


def _without(value: Any, places: Sequence[Keys]) -> Any:
    """Return ``value`` without what stands at these places; a place that it does not have changes nothing."""
    if not isinstance(value, Mapping | list):
        return value
    here = {place[0] for place in places if len(place) == 1}
    deeper = {place[0] for place in places if len(place) > 1}
    kept = [
        (key, _without(inner, [place[1:] for place in places if place[0] == key]) if key in deeper else inner)
        for key, inner in (value.items() if isinstance(value, Mapping) else enumerate(value))
        if key not in here
    ]
    return dict(kept) if isinstance(value, Mapping) else [inner for _, inner in kept]


def _contradictions(options: Any) -> list[tuple[Keys, str]]:
    """Return which entries cannot be true together; what has not the shape of options is left to others."""
    found: list[tuple[Keys, str]] = []
    contacts = _mapping(options, "mirror_contacts")
    inputs: dict[str, str] = {}
    for relay, number in contacts.items():
        other = inputs.setdefault(str(number), relay)
        if other != relay:
            what = f"{relay} and {other} cannot both be seen at input {number}; each relay has a contact of its own"
            found.append((("mirror_contacts", relay), f"options.rig.mirror_contacts: {what}"))
    for role in _mapping(options, "instruments"):
        if role not in ROLES and (close := get_close_matches(str(role), ROLES, n=1)):
            what = f"options.rig.instruments: no instrument is the '{role}'. Did you mean '{close[0]}'?"
            found.append((("instruments", role), what))
    devices = _mapping(options, "devices")
    setups = options.get("setups") if isinstance(options, Mapping) else None
    for number, setup in enumerate(setups if isinstance(setups, list) else ()):
        for device in ("socket", "cable"):
            if (setup == "pair" or str(setup).startswith(device)) and device not in devices:
                what = f"options.rig.setups: '{setup}' needs options.rig.devices.{device}, which is not there"
                found.append((("setups", number), what))
    return [(("options", "rig", *keys), what) for keys, what in found]


def _mapping(options: Any, name: str) -> Mapping[Any, Any]:
    value = options.get(name) if isinstance(options, Mapping) else None
    return value if isinstance(value, Mapping) else {}

"""What is wrong with a rig file, each with its place; and its options, as far as they are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from hil import yaml_file

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

REMEDY = "Mend the rig file; rigs/virtual.yaml shows every entry."

Keys: TypeAlias = tuple[str | int, ...]

ROLES = ("meter", "load")
"""Of the instruments that every rig has."""

ROUNDS = 5
"""How often what is wrong is left out to see whether the rest is right: a flaw can hide another."""

Options = TypeVar("Options", bound=BaseModel)


class Flaw(NamedTuple):
    """What is wrong, and where it stands; lines and columns count from 1."""

    file: str
    line: int
    column: int
    what: str

    @classmethod
    def at(cls, path: Path, document: object, keys: Keys, what: str) -> Flaw:
        """Return a flaw at the deepest part of ``keys`` that the file has."""
        line, _, column = yaml_file.place(document, keys).partition(":")
        return cls(str(path), int(line), int(column), what)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.what}"


def read_options(model: type[Options], read: object) -> tuple[Options | None, list[tuple[Keys, str]]]:
    """Return ``options.rig`` and what is wrong with it, each with the keys that lead to its place.

    What is wrong is left out of the options, so that the rest can be looked at; None if they cannot be without it.
    """
    plain: Any = yaml_file.plain(read or {})
    errors: list[ErrorDetails] = []
    options = None
    for _ in range(ROUNDS):
        try:
            options = model.model_validate(plain)
            break
        except ValidationError as error:
            found = error.errors()
            errors += [each for each in found if each["loc"] not in {known["loc"] for known in errors}]
            plain = _without(plain, [each["loc"] for each in found])
    whole = yaml_file.plain(read or {})
    flaws = [(("options", "rig", *each["loc"]), _words(each, whole)) for each in errors]
    return options, [*flaws, *_contradictions(whole)]


def _words(error: ErrorDetails, whole: Any) -> str:
    """Return what is wrong with a value, as it was written: ``whole`` has it before it was read as a number."""
    value: Any = whole
    for key in error["loc"]:
        value = value[key] if _has(value, key) else error["input"]
    read = "" if error["type"] in {"missing", "extra_forbidden"} else f" (read: {value!r})"
    name = ".".join(str(part) for part in ("options", "rig", *error["loc"]))
    what = error["msg"].removeprefix("Value error, ")
    if error["type"] == "greater_than":
        what = f"must be above {error['ctx']['gt']:g}"
    return f"{name}: {what}{read}"


def _has(value: Any, key: Any) -> bool:
    if isinstance(value, Mapping):
        return key in value
    return isinstance(value, list) and isinstance(key, int) and key < len(value)


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

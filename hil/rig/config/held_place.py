"""The labgrid place that this job holds, with what it offers: known without asking the coordinator again.

The process that acquires a place for a job writes a record of it, and names the file in ``HIL_PLACE_RECORD``. The rig,
its watchdog and its checks take the parts of a ``RemotePlace`` from the record, so they work without a coordinator.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from hil.errors import ConfigurationError, RigFault
from hil.owner_only import make_folder
from hil.whole_file import write_whole

RECORD_VARIABLE = "HIL_PLACE_RECORD"
"""Path of the record of the place that this job holds; its children inherit it."""

PLACE_VARIABLE = "LG_HIL_PLACE"
"""Name of the place, for the template of a rig file: ``RemotePlace: {name: !template '$LG_HIL_PLACE'}``."""

PLACES = "reports/places"
"""Below the project's root: a record for each place that was acquired from here, by its name."""


@dataclass(frozen=True)
class PlaceResource:
    """One resource of a place: the name that drivers bind to, labgrid's class and its arguments.

    :param extra: what labgrid tells of the way to it: ``proxy`` and whether that is required.
    """

    name: str
    kind: str
    arguments: Mapping[str, Any]
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PlaceRecord:
    """What a place offered when it was acquired.

    :param coordinator: its address, ``HOST:PORT``.
    :param owner: who had acquired it, ``HOST/USER`` as labgrid writes it.
    :param since: UTC, ISO 8601.
    """

    place: str
    coordinator: str
    owner: str
    since: str
    resources: Sequence[PlaceResource]
    tags: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """Write it into ``folder``, which is for its owner alone, whole or not at all; return its path.

        Raises RigFault if that cannot be done.
        """
        path = record_file(folder, self.place)
        try:
            make_folder(folder)
            write_whole(path, json.dumps(asdict(self), indent=2) + "\n")
        except OSError as error:
            raise RigFault(
                f"the record of a place cannot be written ({error.strerror})",
                place=str(path),
                remedy="See that there is space, and that this user may write into the folder of the laboratory.",
            ) from None
        return path


def record_file(folder: Path, place: str) -> Path:
    """Return where the record of ``place`` is in a folder of records."""
    return folder / f"{quote(place, safe='')}.json"


def read_place(path: Path) -> PlaceRecord:
    """Return the record in ``path``; raises ConfigurationError if there is none that can be read."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        resources = [PlaceResource(**each) for each in document.pop("resources")]
        return PlaceRecord(**document, resources=resources)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigurationError(
            f"the record of a place cannot be read ({error})",
            place=str(path),
            remedy=f"Unset {RECORD_VARIABLE}, and acquire the place anew.",
        ) from None


def held_place() -> PlaceRecord | None:
    """Return the place that this job holds; None: none that is known here."""
    path = os.environ.get(RECORD_VARIABLE)
    return read_place(Path(path)) if path else None


def with_place(target: dict[str, Any], record: PlaceRecord) -> None:
    """Replace the RemotePlace of labgrid's ``target`` by the resources of ``record``."""
    entries = _entries(target)
    if not any("RemotePlace" in entry for entry in entries):
        return
    kept = [entry for entry in entries if "RemotePlace" not in entry]
    target["resources"] = [*kept, *({each.kind: {**each.arguments, "name": each.name}} for each in record.resources)]


def named_place(target: Mapping[str, Any], variables: Mapping[str, str] | None = None) -> str:
    """Return the name of the RemotePlace in a ``target``; empty: there is none, or a variable in it is not set.

    :param variables: for the templates in a target that labgrid has not read.
    """
    named = ((entry["RemotePlace"] or {}).get("name") for entry in _entries(target) if "RemotePlace" in entry)
    name = str(next(named, None) or "")
    try:
        return name if variables is None else Template(name).substitute(variables)
    except (KeyError, ValueError):
        return ""


def _entries(target: Mapping[str, Any]) -> list[Any]:
    """Return the resources as labgrid takes them: a list of mappings from class to arguments."""
    listed = target.get("resources") or []
    return [{kind: arguments} for kind, arguments in listed.items()] if isinstance(listed, Mapping) else list(listed)

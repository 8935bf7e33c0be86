"""A place is made safe by the rig file that describes it, in a process of its own: ``hil rig safe``."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from hil.clock import utc_now
from hil.errors import ConfigurationError
from hil.fleet.states import PlaceState
from hil.rig.config.held_place import (
    PLACE_VARIABLE,
    PLACES,
    RECORD_VARIABLE,
    PlaceRecord,
    PlaceResource,
    read_place,
    record_file,
)

SAFE_S = 60.0
"""For the whole of it: the safe state itself takes a second, or up to 30 s where a part does not answer."""


def write_record(root: Path, coordinator: str, place: PlaceState, owner: str) -> Path:
    """Write down what a place offers, for the laboratory at ``root``; return the path of the record."""
    resources = [
        PlaceResource(name, kind, arguments, place.ways.get(name, {}))
        for name, (kind, arguments) in place.addresses.items()
    ]
    since = utc_now().isoformat(timespec="seconds")
    record = PlaceRecord(place.name, coordinator, owner, since, resources, dict(place.tags))
    return record.write(root / PLACES)


def recorded(root: Path, place: str, owner: str) -> PlaceState | None:
    """Return a place as ``owner`` acquired it, for a time without coordinator; None if no record tells."""
    try:
        record = read_place(record_file(root / PLACES, place))
    except ConfigurationError:
        return None
    addresses = {each.name: (each.kind, each.arguments) for each in record.resources}
    ways = {each.name: each.extra for each in record.resources if each.extra}
    found = PlaceState(place, dict(record.tags), owner=owner, addresses=addresses, ways=ways)
    return found if record.owner == owner else None


def place_environment(place: str, record: Path) -> dict[str, str]:
    """Return the environment in which a rig file takes its parts from the record of a place."""
    return {RECORD_VARIABLE: str(record), PLACE_VARIABLE: place}


@dataclass(frozen=True)
class SafePlace:
    """Makes places safe for the laboratory at ``root``.

    :param coordinator: address of the coordinator, for the records.
    :param rig_folder: where the rig files are that places name.
    :param rig: rig file of places that name none, or of every place if the job was told one.
    """

    root: Path
    coordinator: str
    rig_folder: Path
    rig: Path | None = None

    def make_safe(self, place: PlaceState, owner: str) -> str:
        """Make a place safe that ``owner`` has, or had; return why it is not safe, empty if it is."""
        rig = self.rig_of(place)
        if rig is None:
            return "no rig file says how it is made safe"
        if place.absent:
            return f"its exporter does not offer {', '.join(place.absent)}, so it is not known where they are"
        record = write_record(self.root, self.coordinator, place, owner)
        environment = {**os.environ, **place_environment(place.name, record)}
        command = [sys.executable, "-m", "hil.cli.main", "rig", "safe", str(rig)]
        try:
            done = subprocess.run(
                command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=SAFE_S, check=False
            )
        except subprocess.TimeoutExpired:
            return f"hil rig safe did not end within {SAFE_S:g} s"
        said = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        problem = said[0].rstrip(".") if said else f"hil rig safe ended with code {done.returncode}"
        return "" if done.returncode == 0 else problem

    def rig_of(self, place: PlaceState) -> Path | None:
        """Return the rig file that describes a place; None if it names none that is there."""
        if self.rig is not None:
            return self.rig
        name = place.tags.get("rig", "")
        path = self.rig_folder / f"{name}.yaml"
        return path if name and path.name == f"{name}.yaml" and path.is_file() else None

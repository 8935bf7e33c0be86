"""Which places of a fleet a run can use, and the rig file of each; what is the matter with the others is told.

Several laboratories may share a coordinator: the place of another, whose rig file is not here, is no mistake.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hil.bdd.language.document import shown
from hil.errors import ConfigurationError, nearest
from hil.fleet.marks import OUT, SERVICE
from hil.fleet.selection import RIG, Selection
from hil.fleet.states import NO_MATCH, PlaceState
from hil.report.text_format import on_a_line

if TYPE_CHECKING:
    from hil.fleet.safe_place import SafePlace
    from hil.rig.config.rig_file import RigFile

Read = Callable[[Path, PlaceState], "RigFile"]
"""Reads a rig file as it describes this place; raises ConfigurationError for a mistake in it."""


@dataclass(frozen=True)
class Kind:
    """Places that one rig file describes."""

    rig: RigFile
    places: Sequence[PlaceState]


def usable_places(
    fitting: Iterable[PlaceState], selection: Selection, safe: SafePlace, read: Read
) -> tuple[dict[str, Kind], list[str]]:
    """Return the places that can be used, by the tag ``rig``, and why others cannot.

    The tag is ``""`` if one rig file is told for all. Raises ConfigurationError if there is no place that can be used,
    or for a mistake in a rig file.
    """
    found: defaultdict[str, list[PlaceState]] = defaultdict(list)
    left_out = {}
    for place in fitting:
        if why := _why_not(place, safe):
            left_out[place.name] = why
        else:
            found["" if safe.rig else place.tags[RIG]].append(place)
    kinds = {}
    for tag, places in found.items():
        kind = _kind(places, safe, read)
        for place in places:
            if place not in kind.places:
                left_out[place.name] = _lacks(kind.rig, place)
        if kind.places:
            kinds[tag] = kind
    told = [on_a_line(f"place {name} is left out: {why}") for name, why in sorted(left_out.items())]
    if not kinds:
        raise ConfigurationError(
            "\n".join([f"no place with {selection} can be used", *told]),
            place="--place",
            remedy="Look at the rigs, and set their tags with labgrid-client; or name a rig file for all with --rig.",
        )
    return kinds, told


def _why_not(place: PlaceState, safe: SafePlace) -> str:
    if place.tags.get(SERVICE) == OUT:
        return place.comment or OUT
    if safe.rig_of(place) is None:
        there = _listed(each.stem for each in safe.rig_folder.glob("*.yaml"))
        folder = shown(safe.rig_folder)
        if not place.tags.get(RIG):
            return f"it has no tag {RIG}, which names one of the rig files of {folder}; there are: {there}"
        return f"its tag {RIG}={place.tags[RIG]} names no rig file of {folder}; there are: {there}"
    if NO_MATCH in place.absent:
        return "it has no part, since no exporter is matched to it; see labgrid-client add-match"
    return ""


def _kind(places: Sequence[PlaceState], safe: SafePlace, read: Read) -> Kind:
    """Return the places that offer what their rig file binds; those that are away may do so when they are back."""
    first = next((place for place in places if not place.absent), places[0])
    path = safe.rig_of(first) or Path()
    rig = read(path, first)
    able = [place for place in places if place.absent or not _missing(rig, place)]
    if able and first not in able:  # what a place offers is part of the rig
        rig = read(path, next((place for place in able if not place.absent), able[0]))
    return Kind(rig, able)


def _lacks(rig: RigFile, place: PlaceState) -> str:
    missing = _missing(rig, place)
    hint = nearest(missing[0], place.addresses).partition(". ")[2]
    return (
        f"it does not offer {_listed(missing)}, which {shown(rig.path)} binds; it offers {_listed(place.addresses)}"
        + (f". {hint}" if hint else "")
    )


def _missing(rig: RigFile, place: PlaceState) -> list[str]:
    return [name for name in rig.parts_of_place if name not in place.addresses]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"

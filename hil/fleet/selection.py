"""Which places a job asks for: ``--place 'rig=fleet,room=*'``, and the tags by which the coordinator finds them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Self

from hil.errors import ConfigurationError, nearest
from hil.fleet.marks import AWAY, IN, OUT, SERVICE
from hil.fleet.states import PlaceState

NAME: Final = "name"
"""Stands for the name of a place, as in labgrid's own reservations."""

RIG: Final = "rig"
"""The tag that names the rig file of a place: its file name without ``.yaml``."""

YES: Final = "yes"


@dataclass(frozen=True)
class Selection:
    """Tags that a place must have; ``*`` and ``?`` in a value stand for any characters and for one."""

    wanted: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``KEY=VALUE[,KEY=VALUE…]``; raises ConfigurationError."""
        wanted: dict[str, str] = {}
        for part in text.split(","):
            key, equals, value = (each.strip() for each in part.partition("="))
            if not (key and equals and value) or key in wanted:
                raise ConfigurationError(
                    f"'{part.strip()}' is no tag of a place; one is KEY=VALUE, several are parted by commas",
                    place="--place",
                    remedy="Write for example --place 'rig=fleet', or --place 'rig=*' for every place with that tag.",
                )
            wanted[key] = value
        return cls(wanted)

    def __str__(self) -> str:
        return ",".join(f"{key}={value}" for key, value in self.wanted.items())

    def fits(self, place: PlaceState) -> bool:
        """Tell whether a place has the tags."""
        told = {**place.tags, NAME: place.name}
        return all(key in told and fnmatchcase(told[key], value) for key, value in self.wanted.items())

    def among(self, places: Iterable[PlaceState]) -> list[PlaceState]:
        """Return the places that have the tags; raises ConfigurationError, with what there is, if none has them."""
        places = list(places)
        found = [place for place in places if self.fits(place)]
        if found:
            return found
        if not places:
            raise ConfigurationError(
                "the coordinator has no place", place="--place", remedy="Make one with labgrid-client, or hil fleet up."
            )
        tags = {f"{key}={value}" for place in places for key, value in {**place.tags, NAME: place.name}.items()}
        known = {tag for tag in tags if tag.partition("=")[0] in self.wanted} or tags
        raise ConfigurationError(f"no place has {self}{nearest(str(self), known)}", place="--place")

    def with_rig(self, rig: str) -> Selection:
        """Return the selection of those of its places that this rig file describes."""
        return Selection({**self.wanted, RIG: rig})


def filters_for(selection: Selection, places: Iterable[PlaceState]) -> tuple[dict[str, str], str]:
    """Return the tags by which the coordinator finds the places of a selection, and the tag that is to be set for it.

    The coordinator compares whole values. So where a pattern stands for several values, a tag is set on each place
    that fits, the same for each job that asks for the same; it is empty if none is needed.
    """
    places = list(places)
    filters: dict[str, str] = {SERVICE: IN}
    for key, value in selection.wanted.items():
        values = {{**place.tags, NAME: place.name}.get(key, "") for place in places if selection.fits(place)}
        if len(values) != 1:
            mark = f"fits_{zlib.crc32(str(selection).encode()):08x}"
            return {SERVICE: IN, mark: YES}, mark
        filters[key] = values.pop() if "*" in value or "?" in value else value
    return filters, ""


def changes_of_marks(selection: Selection, place: PlaceState, mark: str) -> dict[str, str]:
    """Return the tags of a place that are to be changed before a job asks for it; empty: none."""
    changes = {}
    fits = selection.fits(place)
    if mark and fits != (place.tags.get(mark) == YES):
        changes[mark] = YES if fits else ""
    if fits and place.tags.get(SERVICE) != OUT:
        service = AWAY if place.absent else IN
        if place.tags.get(SERVICE) != service and not (place.owner and service != IN):
            changes[SERVICE] = service
    return changes

"""Which places a job asks for: ``--place 'rig=fleet,room=*'``, and the tags by which the coordinator finds them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final, Self

from hil.errors import ConfigurationError, nearest
from hil.fleet.marks import AWAY, IN, OUT, SERVICE, is_mark
from hil.fleet.states import PlaceState

NAME: Final = "name"
"""Stands for the name of a place, as in labgrid's own reservations."""

RIG: Final = "rig"
"""The tag that names the rig file of a place: its file name without ``.yaml``."""

YES: Final = "yes"


FITS: Final = "fits_"
"""How the key of a tag begins that is set on each place that fits a selection."""


@dataclass(frozen=True)
class Selection:
    """Tags that a place must have; ``*`` and ``?`` in a value stand for any characters and for one.

    :param parts: names of resources that it must offer, too, unless it is away.
    """

    wanted: Mapping[str, str]
    parts: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``KEY=VALUE[,KEY=VALUE…]``; raises ConfigurationError."""
        wanted: dict[str, str] = {}
        for part in text.split(","):
            key, equals, value = (each.strip() for each in part.partition("="))
            if key in wanted:
                raise ConfigurationError(
                    f"'{key}' is there twice, as {key}={wanted[key]} and as {key}={value}; once is allowed",
                    place="--place",
                    remedy="Leave one of them out.",
                )
            if not (key and equals and value):
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
        """Tell whether a place has the tags, and the parts."""
        return self.has_tags(place) and (bool(place.absent) or self.parts <= place.addresses.keys())

    def has_tags(self, place: PlaceState) -> bool:
        """Tell whether a place has the tags."""
        told = _told(place)
        return all(key in told and _fits(told[key], value) for key, value in self.wanted.items())

    def among(self, places: Iterable[PlaceState]) -> list[PlaceState]:
        """Return the places that fit; raises ConfigurationError, with what there is, if none does."""
        places = list(places)
        found = [place for place in places if self.fits(place)]
        if found:
            return found
        if not places:
            raise ConfigurationError(
                "the coordinator has no place", place="--place", remedy="Make one with labgrid-client, or hil fleet up."
            )
        tags = [_told(place) for place in places]
        keys = {key for told in tags for key in told if not (is_mark(key) or key.startswith(FITS))}
        for key, value in self.wanted.items():
            values = {told[key] for told in tags if key in told}
            if not values:
                raise ConfigurationError(f"no place has a tag '{key}'{nearest(key, keys)}", place="--place")
            if not any(_fits(each, value) for each in values):
                known = {f"{key}={each}" for each in values}
                raise ConfigurationError(
                    f"no place has {key}={value}{nearest(f'{key}={value}', known)}", place="--place"
                )
        known = {f"{key}={told[key]}" for told in tags for key in self.wanted if key in told}
        lacking = f", with {', '.join(sorted(self.parts))}" if any(map(self.has_tags, places)) else ""
        raise ConfigurationError(
            f"no place has all of {self}{lacking}; there are places with {', '.join(sorted(known))}", place="--place"
        )

    def with_rig(self, rig: str) -> Selection:
        """Return the selection of those of its places that this rig file describes."""
        return replace(self, wanted={**self.wanted, RIG: rig})

    def with_parts(self, parts: Iterable[str]) -> Selection:
        """Return the selection of those of its places that offer these resources."""
        return replace(self, parts=frozenset(parts))


def _told(place: PlaceState) -> dict[str, str]:
    return {**place.tags, NAME: place.name}


def _fits(value: str, pattern: str) -> bool:
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def filters_for(selection: Selection, places: Iterable[PlaceState]) -> tuple[dict[str, str], str]:
    """Return the tags by which the coordinator finds the places of a selection, and the tag that is to be set for it.

    The coordinator compares whole values. So where a pattern stands for several values, a tag is set on each place
    that fits, the same for each job that asks for the same; it is empty if none is needed. Likewise where a place has
    the tags and lacks a part.
    """
    places = list(places)
    filters: dict[str, str] = {SERVICE: IN}
    fitting = [place for place in places if selection.fits(place)]
    lacking = [place for place in places if selection.has_tags(place) and place not in fitting]
    for key, value in selection.wanted.items():
        values = {_told(place).get(key, "") for place in fitting}
        if len(values) != 1 or lacking:
            asked = ",".join([str(selection), *sorted(selection.parts)])
            mark = f"{FITS}{zlib.crc32(asked.encode()):08x}"
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

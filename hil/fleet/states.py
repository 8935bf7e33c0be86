"""What the coordinator says of a place and of a reservation, at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

NO_MATCH: Final = "any part (no exporter is matched to it)"
"""Stands among what is absent, for a place that was made and got no match."""


@dataclass(frozen=True)
class PlaceState:
    """A place of the coordinator.

    :param owner: who has acquired it, as ``host/user``; empty: it is free.
    :param changed: when it was last changed, in seconds since 1970.
    :param reservation: token of the reservation that it is allocated to; empty: none.
    :param absent: resources that it should have and that no exporter offers now.
    :param addresses: what each of its resources is, by name: its class and its arguments.
    :param ways: what labgrid tells of the way to a resource, by name; only of those that are reached through ssh.
    """

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""
    owner: str = ""
    changed: float = 0.0
    reservation: str = ""
    absent: tuple[str, ...] = ()
    addresses: Mapping[str, tuple[str, Mapping[str, object]]] = field(default_factory=dict)
    ways: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


@dataclass(frozen=True)
class ReservationState:
    """A reservation at the coordinator.

    :param state: ``waiting``, ``allocated``, ``acquired``, ``expired`` or ``invalid``.
    :param place: the place that it is allocated; empty: none yet.
    :param filters: tags that the place must have.
    :param created: when it was made, in seconds since 1970.
    """

    token: str
    owner: str
    state: str
    place: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    priority: float = 0.0
    created: float = 0.0

    def comes_before(self, other: ReservationState) -> bool:
        """Tell whether the coordinator serves this one first, if one place fits both."""
        return (-self.priority, self.created, self.token) < (-other.priority, other.created, other.token)

"""Deadlines by name, served in a fixed order when several are due at one instant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

Name = TypeVar("Name")
_DIGITS = 6
"""Deadlines are kept to the microsecond: sums of seconds as floats would miss an equal instant by less."""


class Timers(Generic[Name]):
    """The deadlines of one side.

    :param order: all names; of several that are due, the first here is served first.
    """

    def __init__(self, order: Iterable[Name]) -> None:
        self._order = tuple(order)
        self._at: dict[Name, float] = {}

    def start(self, name: Name, at: float) -> None:
        """Set a deadline; one of this name that was set before is forgotten."""
        self._at[name] = round(at, _DIGITS)

    def stop(self, *names: Name) -> None:
        """Forget these deadlines, set or not."""
        for name in names:
            self._at.pop(name, None)

    def stop_all(self) -> None:
        """Forget every deadline."""
        self._at.clear()

    def runs(self, name: Name) -> bool:
        """Return whether this deadline is set."""
        return name in self._at

    def take_due(self, now: float) -> Name | None:
        """Return the first deadline that is due, which is forgotten; None if none is."""
        due = [name for name in self._order if self._at.get(name, now + 1) <= now]
        if not due:
            return None
        earliest = min(due, key=lambda name: self._at[name])
        self.stop(earliest)
        return earliest

    def next(self) -> float | None:
        """Return the earliest deadline; None if none is set."""
        return min(self._at.values(), default=None)

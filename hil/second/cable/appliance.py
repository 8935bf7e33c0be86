"""Whether the appliance behind the cable is finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.second.terms import Policy


class Appliance:
    """An appliance that drew power and then drew none for ``appliance_idle_s`` is finished.

    :param power_w: the power of now, in W.
    :param live: whether there is mains voltage; a reading without says nothing of the appliance.
    """

    def __init__(self, power_w: Callable[[], float], live: Callable[[], bool], policy: Policy) -> None:
        self._power_w = power_w
        self._live = live
        self._policy = policy
        self._drew = False
        self._idle_since: float | None = None

    def begin(self, *, drew: bool) -> None:
        """A session begins, in which the appliance counts as one that drew power already, or does not."""
        self._drew = drew
        self._idle_since = None

    def read(self, now: float) -> None:
        """Take a reading."""
        draws = self._power_w() >= self._policy.idle_power_w
        if draws or not self._live():
            self._drew = self._drew or draws
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = now

    @property
    def finished_at(self) -> float | None:
        """When it is finished if nothing changes; None if it is in use, or was not yet."""
        if not self._drew or self._idle_since is None:
            return None
        return round(self._idle_since + self._policy.appliance_idle_s, 6)

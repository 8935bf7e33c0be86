"""Whether the lab meter's energy is the integral of its own power: what one of them says the other must say too.

Both come with one reading and from one update, so between two readings with one update between them the energy grows by
the newer power times the update period. What is not known is added to the margin: updates that fell between two
readings, a change of power within one, rounding, and the accuracy of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hil.ports import Reading

WINDOW_S = 30.0
"""After which the sums begin anew: what an instrument may be wrong by at zero power grows with time."""

OF_POWER = 0.01
"""Part of the energy by which both may differ: ten times the class of the meters that have a driver."""

OF_COUNT = 4e-5
"""Part of all energy counted so far that two readings may lose by rounding to five digits or more."""

MISSED = 1.5
"""Two readings that are so many update periods apart have an update between them that was not read."""


@dataclass
class _Window:
    """What was summed up since ``since`` (s), when the meter had counted ``energy`` (Wh)."""

    since: float
    energy: float
    expected: float = 0.0
    """J: power over time as read."""
    through: float = 0.0
    """J: the same without sign."""
    unseen: float = 0.0
    """s: updates that were not read."""
    changes: float = 0.0
    """W: all steps of power together."""
    largest: float = 0.0
    """W: the largest power, without sign."""


class EnergyBalance:
    """Takes the readings of a scenario one by one.

    :param period: update period in s; :param highest: power in W that no update can exceed.
    :param zero: W by which power and the growth of energy may differ without load.
    :param timed: whether the integrated time moves with each update; if not, the bench's clock must do.
    """

    _window: _Window

    def __init__(self, period: float, highest: float, zero: float, *, timed: bool) -> None:
        self._period = period
        self._highest = highest
        self._zero = zero
        self._timed = timed
        self._last: tuple[Reading, float] | None = None

    def check(self, reading: Reading, now: float) -> str:
        """Take the next reading, had at ``now`` (s); return what is wrong, empty if nothing is."""
        last = self._last
        if last is not None and reading == last[0]:  # the same update once more; whether it stands is asked elsewhere
            return ""
        self._last = (reading, now)
        if last is None:
            self._window = _Window(now, reading.energy)
            return ""
        window = self._window
        self._add(window, last[0], reading, now - last[1])
        elapsed = now - window.since
        joules = (reading.energy - window.energy) * 3600
        margin = (
            OF_POWER * window.through
            + self._zero * (elapsed + self._period)
            + (window.changes + 2 * window.largest) * 2 * self._period
            + OF_COUNT * abs(reading.energy) * 3600
        )
        low, high = window.expected - margin, window.expected + margin + self._highest * window.unseen
        if elapsed > WINDOW_S:
            self._window = _Window(now, reading.energy)
        if low <= joules <= high:
            return ""
        return (
            f"its energy grew by {joules / 3600:.3f} Wh in {elapsed:.1f} s, and its power makes it"
            f" {max(low / 3600, 0.0):.3f} to {high / 3600:.3f} Wh"
        )

    def _add(self, window: _Window, before: Reading, reading: Reading, seconds: float) -> None:
        """Sum up what a reading adds to the one before it, which was had so many seconds ago."""
        passed = reading.integrated - before.integrated if self._timed else seconds
        power = reading.power
        size = abs(power)
        if passed > MISSED * self._period:
            missed = passed - self._period
            window.unseen += missed
            passed -= missed
        window.expected += power * passed
        window.through += size * passed
        window.changes += abs(power - before.power)
        if size > window.largest or abs(before.power) > window.largest:
            window.largest = max(size, abs(before.power))

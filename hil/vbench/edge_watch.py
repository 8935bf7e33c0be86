"""Stops of lockstep time after an edge of the voltage at the meter, for a controller that follows what that reads."""

from __future__ import annotations

LOOKS = 5
"""Readings after an edge at each of which time stops: an edge shows in the first or second, as they are means."""


class EdgeWatch:
    """Told of the voltage whenever a reading is taken; tells whether time stops there.

    :param level: volts (rms) below which the meter's terminals count as dead; 0: time never stops.
    """

    def __init__(self, level: float = 0.0) -> None:
        self._level = level
        self._live = False
        self._looks = 0

    def stops(self, voltage: float) -> bool:
        """Take the voltage at the next reading."""
        live = self._level > 0 and voltage >= self._level
        if live is not self._live:
            self._live, self._looks = live, LOOKS
        if not self._looks:
            return False
        self._looks -= 1
        return True

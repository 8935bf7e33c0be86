"""How old a reading of the lab meter is, by the meter's own clock: the time over which it says it has integrated.

A reading must not be older than its bounds in the evidence say. An update period that is known, and the integrator's
start, tell how old it should be; the integrated time, where it moves with each update, tells how old it is.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hil.ports import Reading

CLOCK_DRIFT = 1e-3
"""The meter's seconds and ours may differ by so much; a quartz is a hundred times better."""

WINDOW_S = 30.0
"""For so long, and once more, the start of the integration is remembered: drift is not to outgrow an update period."""


class ReadingAge:
    """Knows since when the meter has integrated, as well as its readings tell.

    :param prepared: an instant, s, at which the integrator ran already; infinite if there is none.
    """

    def __init__(self, prepared: float = math.inf) -> None:
        self._began = -math.inf
        self._earlier = self._origin = prepared
        """Not before the integration began: the bench's time less the integrated time, at its least."""

    def of(self, reading: Reading, now: float) -> float:
        """Return by how many seconds at least what it tells ended before ``now``, at which it was had."""
        origin = now - reading.integrated
        if now - self._began > WINDOW_S:
            self._began = now
            self._earlier, self._origin = self._origin, origin
        self._origin = min(self._origin, origin)
        return max(0.0, origin - min(self._earlier, self._origin) - CLOCK_DRIFT * WINDOW_S)

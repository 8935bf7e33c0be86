"""Whether the power was interrupted, by the voltage at the lab meter: it tells of the socket's contact under any load.

The rms voltage of a window falls with the share of it that was without voltage: V²/V₀² is the share with. A sag of the
mains looks the same; but a load that was told to draw one power goes on drawing it, so that the power of the window
tells the two apart. Where readings come less often than windows end, the energy bounds the windows between them
instead. Where they come more often, several readings tell of one window. Spells within one window count together.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from itertools import zip_longest
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from hil.evidence.documents import Kind
from hil.evidence.event_intervals import DEAD_V, TRACE_V
from hil.evidence.observations import Timed
from hil.scenario.measurements.lab import digit_wh, mean_power_uncertainty, voltage_uncertainty
from hil.scenario.measurements.windows import Grid, windows
from hil.scenario.stimuli.mains_plug_and_load import MAINS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.evidence.documents import Event
    from hil.scenario.measurements.windows import Window
    from hil.scenario.observer import Observer

SHORTEST_INTERRUPTION_S = 0.02
"""Shortest interruption that counts: one cycle of 50 Hz; an rms value covers at least half a cycle (IEC 61000-4-30)."""

WHOLE = 1 - 1e-3
"""A stretch that is off for at least this share counts as off throughout, like one below ``TRACE_V``."""


class _Stretch(NamedTuple):
    """Consecutive time of ``length`` seconds, of which ``off`` are without voltage."""

    length: float
    off: float


def longest_interruption(observer: Observer, _: float) -> Timed:
    """Return the longest time without voltage, in seconds, from the first window with voltage to the last.

    Raises EvidenceMissing, or DeviceIdle if the device is to blame, if there never was any.
    """
    seen = windows(observer)
    live = [index for index, each in enumerate(seen) if each.voltage >= DEAD_V]
    if not live:
        raise observer.no_evidence("there was never any voltage at the lab meter")
    return _Stretches(observer, seen).longest(seen[live[0] : live[-1] + 1])


class _Stretches:
    """Finds what is without voltage; the uncertainties are those of the highest readings of the scenario."""

    def __init__(self, observer: Observer, seen: Sequence[Window]) -> None:
        self._observer = observer
        self._grid = Grid(observer)
        self._period = self._grid.period
        highest = max(seen, key=attrgetter("power"))
        self._most_w, self._u_w = highest.power, mean_power_uncertainty(observer, highest.first)
        self._u_v = voltage_uncertainty(observer, max(seen, key=attrgetter("voltage")).first)
        mains = [each for each in observer.recorder.events if each.kind is Kind.FAULT and each.source == MAINS]
        self._changes = [
            (each.t, math.inf if after is None else after.t)
            for each, after in zip_longest(mains, mains[1:])
            if "restored" not in _what(each)
        ]
        """When the bench had other mains, or none."""
        self._told = sorted(each.t for each in observer.recorder.events if each.kind is Kind.LOAD)
        """When the load was told what to draw."""

    def longest(self, seen: Sequence[Window]) -> Timed:
        """Return the longest time without voltage in a row of windows, of which the first and the last are live.

        Of the first window a part is before the voltage came, of the last one a part is after it went: both are left
        out.
        """
        least: list[_Stretch] = []
        most: list[_Stretch] = []
        grid = self._grid
        for index in range(1, len(seen)):
            fewest, at_most = grid.updates(seen[index - 1], seen[index])
            if at_most > 1:
                low, high = self._missed(seen[index - 1], seen[index], max(0, fewest - 1), at_most - 1)
                least.append(low)
                most.append(high)
            if index < len(seen) - 1:
                low, high = self._within(seen, index)
                certain = fewest >= 1 and not self._disturbed(seen[index])
                least.append(low if certain else _Stretch(low.length, 0.0))
                most.append(high)
        return Timed(_longest(least), _longest(most))

    def _disturbed(self, window: Window) -> bool:
        """Tell whether the bench itself changed the mains in this window: a dip of voltage is no interruption."""
        if not self._changes:
            return False
        begin, end = window.first.t - window.first.before, window.last.t + window.last.after
        return any(since <= end and begin <= until for since, until in self._changes)

    def _within(self, seen: Sequence[Window], index: int) -> tuple[_Stretch, _Stretch]:
        """Return how long a window was off, at least and at most: by the live ones beside it, two on either side."""
        window, before, after = seen[index], seen[max(0, index - 2) : index], seen[index + 1 : index + 3]
        voltage, length, u = window.voltage, self._period, self._u_v
        if voltage < TRACE_V:
            shortest, longest = (count * length for count in self._grid.row(window))
            return _Stretch(shortest, WHOLE * shortest), _Stretch(longest, longest)
        sides = [max(each.voltage for each in side) for side in (before, after)]
        beside = [each for each in sides if each >= DEAD_V]
        if not beside:  # nothing tells what voltage it has when it has any
            return _Stretch(length, 0.0), _Stretch(length, length)
        low = max(0.0, voltage - u) / (max(*beside, voltage) + u)
        high = min(1.0, (voltage + u) / (min(beside) - u))
        least = 1 - high**2
        if voltage >= DEAD_V:  # less is an interruption, whatever the power
            least = min(least, self._without_power(window, before, after))
        return _Stretch(length, least * length), _Stretch(length, (1 - low**2) * length)

    def _without_power(self, window: Window, before: Sequence[Window], after: Sequence[Window]) -> float:
        """Return the share of a window that was without power at least, by the windows beside it.

        1 where the power tells nothing: there is too little of it, or the load need not have drawn one power all the
        time. What a load draws more after a gap makes it less, never more.
        """
        drawn = min(max(each.power for each in side) for side in (before, after))
        if drawn <= self._observer.off_w + self._u_w or not self._is_steady(before[0].first.t, after[-1].first.t):
            return 1.0
        return max(0.0, 1 - (max(0.0, window.power) + self._u_w) / (drawn - self._u_w))

    def _missed(self, earlier: Window, later: Window, fewest: int, most: int) -> tuple[_Stretch, _Stretch]:
        """Return how long the windows between two that were read were off, at least and at most: by their energy.

        No power is reckoned above the highest reading of the scenario; and where the load drew one power all the time,
        none below the lower of both readings.

        :param fewest: windows between them at least, ``most``: at most.
        """
        shortest, longest, off_w = fewest * self._period, most * self._period, self._observer.off_w
        joules = (later.energy_wh - earlier.energy_wh) * 3600 - later.power * self._period
        unsure = self._u_w * (longest + self._period) + 2 * digit_wh(self._observer, later.energy_wh) * 3600
        low, high, beside = 0.0, longest, min(earlier.power, later.power)
        if self._most_w > off_w:
            high = longest - max(0.0, joules - unsure) / (self._most_w + self._u_w)
        if beside > off_w + self._u_w and self._is_steady(earlier.first.t, later.first.t):
            low = shortest - (joules + unsure) / (beside - self._u_w)
        return _Stretch(shortest, min(max(0.0, low), shortest)), _Stretch(longest, min(max(0.0, high), longest))

    def _is_steady(self, start: float, end: float) -> bool:
        """Tell whether the load was told to draw one power all the time."""
        plan = self._observer.plan
        if plan.load_profile is not None or plan.load_power_w is None:
            return False
        return bisect_left(self._told, start - 1) == bisect_right(self._told, end)


def _what(event: Event) -> str:
    return str(event.data["what"])


def _longest(stretches: Sequence[_Stretch]) -> float:
    """Return the longest run of seconds off: it goes on into the next stretch from one that is off to its end."""
    longest = run = 0.0
    for each in stretches:
        run += each.off
        if run > longest:
            longest = run
        if each.off < WHOLE * each.length:
            run = each.off
    return longest

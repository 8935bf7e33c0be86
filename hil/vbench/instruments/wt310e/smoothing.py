"""Averaging of readings and the MAX hold feature of the WT310E (IM WT310E-01EN, chapters 2 and 4).

Averaged are U, I and P; S, Q and what else follows is computed from their averages.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hil.vbench.instruments.wt310e.replies import Reading
    from hil.vbench.instruments.wt310e.settings import Settings


class Smoothing:
    """Follows one reading after the other."""

    def __init__(self) -> None:
        self._last: deque[Reading] = deque()
        self._mean: Reading | None = None
        self._highest: Reading | None = None

    def forget(self) -> None:
        """Begin anew, as after a change of range or of the update interval."""
        self._last.clear()
        self._mean = None

    def shown(self, reading: Reading, settings: Settings) -> Reading:
        """Take a reading; return what the instrument shows of it."""
        if settings.averaging:
            reading = self._averaged(reading, settings.averaging_type, settings.averaging_count)
        elif self._last or self._mean:
            self.forget()
        if settings.max_hold:
            return self._held(reading)
        self._highest = None
        return reading

    def _averaged(self, reading: Reading, kind: str, count: int) -> Reading:
        if None in reading[:3]:
            self.forget()
            return reading
        if kind == "LIN":
            self._last.append(reading)
            while len(self._last) > count:
                self._last.popleft()
            return _mean([*self._last])
        # the first reading is its own average, and each later one moves it by the count-th part of the difference
        before = self._mean or reading
        moved = [old + (new - old) / count for old, new in zip(_triple(before), _triple(reading), strict=True)]
        self._mean = reading._replace(voltage=moved[0], current=moved[1], power=moved[2])
        return self._mean

    def _held(self, reading: Reading) -> Reading:
        if None in reading[:3]:
            return reading
        if self._highest is not None:
            highest = [max(pair) for pair in zip(_triple(self._highest), _triple(reading), strict=True)]
            reading = reading._replace(voltage=highest[0], current=highest[1], power=highest[2])
        self._highest = reading
        return reading


def _mean(readings: list[Reading]) -> Reading:
    sums = [sum(column) for column in zip(*map(_triple, readings), strict=True)]
    voltage, current, power = (each / len(readings) for each in sums)
    return readings[-1]._replace(voltage=voltage, current=current, power=power)


def _triple(reading: Reading) -> tuple[float, float, float]:
    return reading.voltage or 0.0, reading.current or 0.0, reading.power or 0.0

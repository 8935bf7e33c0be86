"""What a DL3021 keeps of its measurements: largest and smallest since the input was switched, and a waveform."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.plant.terminals import ElectronicLoadState

POINTS: Final = 400
"""Of the waveform's cache (2-16)."""


class Extremes:
    """Smallest and largest voltage and current; since when they count is not in the manual (u)."""

    def __init__(self) -> None:
        self._bounds: dict[str, tuple[float, float]] = {}

    def take(self, **values: float) -> None:
        """Widen the bounds by the present values."""
        for name, value in values.items():
            low, high = self._bounds.get(name, (value, value))
            self._bounds[name] = min(low, value), max(high, value)

    def smallest(self, name: str) -> float:
        """Return the smallest value; 0 if there was none."""
        return self._bounds.get(name, (0.0, 0.0))[0]

    def largest(self, name: str) -> float:
        """Return the largest value, likewise."""
        return self._bounds.get(name, (0.0, 0.0))[1]


class Waveform:
    """The current of the last window, in points of equal distance, while the waveform is on display.

    :param window: returns the length of the window in s.
    :param now: returns the present instant in s.
    """

    def __init__(self, state: ElectronicLoadState, window: Callable[[], float], now: Callable[[], float]) -> None:
        self._state = state
        self._window = window
        self._now = now
        self._turn = 0
        self._points: deque[float] = deque(maxlen=POINTS)

    def start(self) -> None:
        """Begin with an empty cache."""
        self._points.clear()
        self._turn += 1
        self._take(self._turn)

    def stop(self) -> None:
        """Take no further point; the cache stays."""
        self._turn += 1

    def points(self) -> list[float]:
        """Return the cache, filled up with zeros in front."""
        return [0.0] * (POINTS - len(self._points)) + list(self._points)

    def _take(self, turn: int) -> None:
        if turn == self._turn:
            self._points.append(self._state.reading()[1])
            self._state.call_at(self._now() + self._window() / POINTS, lambda: self._take(turn))

"""Steps that a load takes one after the other, at their instants in virtual time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.vbench.instruments.load_base import NOTICED, half_ramp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hil.vbench.plant.terminals import ElectronicLoadState


@dataclass(frozen=True)
class Step:
    """A level, for how many seconds (infinity: until something else comes), and how it is reached, in A/µs."""

    level: float
    seconds: float
    slew: float = math.inf


class Player:
    """Takes steps until they end or it is stopped.

    :param now: returns the present instant in seconds.
    """

    def __init__(self, state: ElectronicLoadState, now: Callable[[], float]) -> None:
        self._state = state
        self._now = now
        self._turn = 0
        self._due = 0.0
        self._level = 0.0
        self.running = False

    def play(
        self, steps: Iterator[Step], draw: Callable[[float], None], ended: Callable[[], None], *, level: float = 0.0
    ) -> None:
        """Begin now; ``draw`` acts on the plant, ``ended`` is called after the last step.

        :param level: where the ramp to the first step begins.
        """
        self.stop()
        self.running = True
        self._due, self._level = self._now(), level
        self._next(self._turn, steps, draw, ended)

    def stop(self) -> None:
        """Take no further step; the level stays."""
        self.running = False
        self._turn += 1

    def _next(self, turn: int, steps: Iterator[Step], draw: Callable[[float], None], ended: Callable[[], None]) -> None:
        if turn != self._turn:
            return
        step = next(steps, None)
        if step is None:
            self.running = False
            ended()
            return
        begun = self._due
        middle = min(half_ramp(step.level - self._level, step.slew), step.seconds / 2.0)
        self._level = step.level
        if middle < NOTICED:
            draw(step.level)
        else:
            self._state.call_at(begun + middle, lambda: draw(step.level) if turn == self._turn else None)
        if step.seconds < math.inf:
            self._due = begun + step.seconds
            self._state.call_at(self._due, lambda: self._next(turn, steps, draw, ended))

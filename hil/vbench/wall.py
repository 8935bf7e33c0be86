"""A bench without a controller lives on the wall clock, so that a person with ``lxi`` or ``mbpoll`` meets it alive."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from hil.vbench.bench import Bench

WALL_STEP = 0.02
"""Seconds between two looks at the wall clock while there is no controller."""


class WallFollower:
    """Moves virtual time along with the loop's clock while nobody controls it."""

    def __init__(self, bench: Bench, loop: asyncio.AbstractEventLoop) -> None:
        self._bench = bench
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._last = 0.0

    def start(self) -> None:
        if self._timer is None:
            self._last = self._loop.time()
            self._timer = self._loop.call_later(WALL_STEP, self._tick)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = self._loop.call_later(WALL_STEP, self._tick)
        now = self._loop.time()
        # A machine that slept must not make the bench run through the night at once.
        elapsed = min(now - self._last, 1.0)
        self._last = now
        self._bench.follow(self._bench.now() + elapsed)

"""A bench without a controller lives on the wall clock, so that a person with ``lxi`` or ``mbpoll`` meets it alive."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from hil.vbench.bench import Bench

WALL_STEP = 0.02
"""Seconds between two looks at the wall clock while there is no controller."""

STOOD_STILL = 0.25
"""Seconds between two looks that are no busy machine's any more: this process did not run."""

PROCESS_STEP = 0.005
"""The same where devices are processes: what they switch and send takes effect at the next look."""


class WallFollower:
    """Moves virtual time along with the loop's clock while no controller is connected."""

    def __init__(self, bench: Bench, loop: asyncio.AbstractEventLoop) -> None:
        self._bench = bench
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._last = 0.0
        self._stood_still: list[tuple[float, float]] = []
        """For how many seconds the process did not run, and until which instant of the loop."""

    def stood_still(self) -> list[tuple[float, float]]:
        """Return for how many seconds this process did not run while time followed the clock, and how long ago."""
        self.catch_up()
        return [(seconds, self._loop.time() - until) for seconds, until in self._stood_still]

    def start(self) -> None:
        """Let time follow the wall clock from this instant on; a second time changes nothing."""
        if self._timer is None:
            self._last = self._loop.time()
            self._timer = self._loop.call_later(self._step(), self._tick)

    def restart(self) -> None:
        """Begin at the zero of a new model."""
        self.stop()
        self._stood_still.clear()
        self.start()

    def catch_up(self) -> None:
        """Move to the present instant now, if time follows the wall clock; not from within an event."""
        if self._timer is not None:
            self._follow()

    def stop(self) -> None:
        """Let time stand still; a second time changes nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = self._loop.call_later(self._step(), self._tick)
        self._follow()

    def _step(self) -> float:
        return PROCESS_STEP if self._bench.model.on_the_wall else WALL_STEP

    def _follow(self) -> None:
        now = self._loop.time()
        # A machine that slept must not make the bench run through the night at once.
        elapsed = min(now - self._last, 1.0)
        if now - self._last > STOOD_STILL:
            self._stood_still.append((now - self._last, now))
        self._last = now
        self._bench.follow(self._bench.now() + elapsed)

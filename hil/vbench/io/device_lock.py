"""The exclusive lock of one instrument, which clients over VXI-11 and HiSLIP may hold and wait for."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class DeviceLock:
    """The exclusive lock of one instrument; those who do not hold it may wait."""

    def __init__(self) -> None:
        self.holder: object | None = None
        self._waiting: deque[tuple[object, Callable[[bool], None], asyncio.TimerHandle]] = deque()

    def is_free_for(self, who: object) -> bool:
        """Tell whether no other client holds it."""
        return self.holder is None or self.holder is who

    def when_free(self, who: object, patience: float, proceed: Callable[[bool], None]) -> None:
        """Call ``proceed(True)`` once no other client holds it; ``proceed(False)`` after ``patience`` seconds."""
        if self.is_free_for(who):
            proceed(True)
        elif patience <= 0:
            proceed(False)
        else:
            timer = asyncio.get_running_loop().call_later(patience, self._give_up, who, proceed)
            self._waiting.append((who, proceed, timer))

    def take(self, who: object, patience: float, proceed: Callable[[bool], None]) -> None:
        """Likewise, and hold it from then on."""

        def hold(free: bool) -> None:
            if free:
                self.holder = who
            proceed(free)

        self.when_free(who, patience, hold)

    def release(self, who: object) -> bool:
        """Hold it no longer; tell whether ``who`` held it."""
        if self.holder is not who:
            return False
        self.holder = None
        while self._waiting and self.holder is None:
            _, proceed, timer = self._waiting.popleft()
            timer.cancel()
            proceed(True)
        return True

    def _give_up(self, who: object, proceed: Callable[[bool], None]) -> None:
        self._waiting = deque(each for each in self._waiting if each[:2] != (who, proceed))
        proceed(False)

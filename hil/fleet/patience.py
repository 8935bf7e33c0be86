"""Waits for a coordinator that is away: each wait has the same end, and says what it waits for, since when, until when.

Most coordinators that go away are restarted, and are back within seconds. One that is gone for good must not keep a run
from its end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hil.clock import utc_now
from hil.fleet.marks import clock_time

if TYPE_CHECKING:
    from hil.fleet.coordinator import Coordinator, CoordinatorGone

AWAY_S: Final = 40.0
"""For a coordinator to come back, from the first call on that it did not answer.

The last try comes on top, 14 s where nothing answers at all: less than 60 s in all.
"""


@dataclass(frozen=True)
class Patience:
    """Waits for a coordinator to come back.

    :param say: told what is waited for; called for each try.
    :param purpose: what the coordinator is needed for.
    """

    coordinator: Coordinator
    say: Callable[[str], None]
    purpose: str

    def wait(self, gone: CoordinatorGone) -> None:
        """Let a moment pass before the next try; raises ``gone`` if the coordinator has been away too long."""
        now = utc_now().timestamp()
        since = self.coordinator.away_since or now
        if now >= since + AWAY_S:
            raise gone
        self._tell(gone.what, since)
        self.coordinator.rest()

    def tell_if_away(self) -> None:
        """Tell what is waited for if the coordinator has not answered the last call: the next one may take a while."""
        if (since := self.coordinator.away_since) is not None:
            self._tell("it does not answer", since)

    def _tell(self, what: str, since: float) -> None:
        until = clock_time(since + AWAY_S)
        where = f"coordinator {self.coordinator.address}"
        self.say(f"waits for {where}, {self.purpose}: {what} since {clock_time(since)}; until {until}")

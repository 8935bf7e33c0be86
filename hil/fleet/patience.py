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

The last try (9 s where nothing answers at all) and the end of the connection (8 s) come on top: less than 60 s in all.
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
        until = since + AWAY_S
        if now >= until:
            raise gone
        self.say(
            f"waits for {gone.place}, {self.purpose}: {gone.what} since {clock_time(since)}; until {clock_time(until)}"
        )
        self.coordinator.rest()

"""The items that a process with a bench was assigned, and the one that follows.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from hil.bdd.pytest_plugin.several_benches.messages import Assign, Later, NoMore, Stop, Wants

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    import pytest


class ItemQueue:
    """What this process was assigned and has not begun."""

    def __init__(self, link: Connection) -> None:
        self._link = link
        self.assigned: deque[Assign] = deque()
        self._more = True
        self._later = 0
        """How many answers said that there is nothing now."""
        self._stopped = False

    def fill(self, wanted: int) -> bool:
        """Take in what was assigned, and wait for the answers that must come; tell whether there is an item to run."""
        while not self._stopped and (
            self._link.poll() or (self._more and (not self.assigned or len(self.assigned) + self._later < wanted))
        ):
            self.take()
        return bool(self.assigned) and not self._stopped

    def take(self) -> None:
        """Take in one message of the process of the run."""
        match self._link.recv():
            case Assign() as another:
                self.assigned.append(another)
                self._later = max(0, self._later - 1)
            case Later():
                self._later += 1
            case NoMore():
                self._more = False
            case Stop():
                self._stopped = True

    def ask(self) -> Assign | None:
        """Ask what follows now; None if there is nothing now, or nothing more."""
        self._link.send(Wants())
        self.take()
        return self.assigned[0] if self.assigned else None


class Following:
    """The item that follows on a place. It is asked for when the fixtures of the item before are torn down and no
    sooner, since another place may be free by then.
    """

    def __init__(self, session: pytest.Session, queue: ItemQueue) -> None:
        self._session = session
        self._queue = queue
        self._chain: list[Any] | None = None

    def __bool__(self) -> bool:
        return bool(self.listchain())

    def listchain(self) -> list[Any]:
        """Return the item with all that it stands in, as pytest asks; empty if none follows."""
        if self._chain is None:
            next_one = self._queue.ask()
            self._chain = [] if next_one is None else self._session.items[next_one.index].listchain()
        return self._chain

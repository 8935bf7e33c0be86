"""Where the connections of an instrument end: at the instrument, or at what a seeded fault makes of it.

In lockstep the controller may have lines sent ahead of their time: it tells at which instants they reach the
instrument, and until then they are under way.
"""

from __future__ import annotations

from collections import deque
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hil.vbench.plant.terminals import VirtualInstrument

HANGING, BABBLING, RESET = "hangs", "answers garbage", "loses its connection"
FAULTS = (HANGING, BABBLING, RESET)

NONSENSE = "\x1b4.2E+,banana"


class Connection(Protocol):
    """A client of the instrument."""

    def abort(self) -> None:
        """End the connection at once."""

    def answer(self, text: str) -> None:
        """Send ``text`` and a line end."""


class InstrumentPort:
    """``execute`` takes one line and returns the reply or None.

    :param on_complete: called when the last line has come that was expected, and when a connection has ended.
    """

    execute: Callable[[str], str | None]

    def __init__(self, instrument: VirtualInstrument, on_complete: Callable[[], None]) -> None:
        self._instrument = instrument
        self.connections: set[Connection] = set()
        """Those over TCP that are open now."""
        self.arrivals: deque[float] = deque()
        """Instants at which the lines reach the instrument that come next, or came ahead of their time."""
        self._under_way: deque[tuple[Connection, str]] = deque()
        self._replies: list[tuple[Connection, str]] = []
        self.on_complete = on_complete
        self.mend()

    def expect(self, arrivals: Sequence[float]) -> None:
        """Let the next lines reach the instrument at these instants."""
        self.arrivals += arrivals

    @property
    def complete(self) -> bool:
        """Whether all lines have come that are expected, or no connection is open that could send them."""
        return len(self._under_way) == len(self.arrivals) or not self.connections

    def receive(self, connection: Connection, line: str) -> None:
        """Take a line over TCP."""
        missing = len(self.arrivals) - len(self._under_way)
        if missing > 0:
            self._under_way.append((connection, line))
            if missing == 1 or not self.connections:
                self.on_complete()
        elif (reply := self.execute(line)) is not None:
            connection.answer(reply)

    def deliver(self) -> None:
        """The instant of the first of ``arrivals`` has come; :meth:`answer` sends what the instrument replies."""
        self.arrivals.popleft()
        if self._under_way:
            connection, line = self._under_way.popleft()
            if (reply := self.execute(line)) is not None:
                self._replies.append((connection, reply))

    def answer(self) -> None:
        """Send the replies to all lines that were delivered, in one go."""
        replies, self._replies = self._replies, []
        for connection, each in groupby(replies, itemgetter(0)):
            if connection in self.connections:
                connection.answer("\n".join([reply for _, reply in each]))

    def forget(self) -> None:
        """Expect no line any more, and lose those that are under way."""
        self.arrivals.clear()
        self._under_way.clear()

    def mend(self) -> None:
        """Work again."""
        self.execute = self._instrument.execute

    def fail(self, fault: str) -> None:
        """Fail from now on in one of the ways of ``FAULTS``; a connection that is lost can be opened again."""
        if fault == HANGING:
            self.execute = lambda line: None
        elif fault == BABBLING:
            self.execute = lambda line: NONSENSE if "?" in line else None
        else:
            for connection in list(self.connections):
                connection.abort()

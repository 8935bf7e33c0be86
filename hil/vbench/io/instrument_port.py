"""Where the connections of an instrument end: at the instrument, or at what a seeded fault makes of it.

In lockstep the controller may have lines sent ahead of their time: it tells at which instants they reach the
instrument, and until then they are under way.
"""

from __future__ import annotations

from collections import deque
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Protocol

from hil.vbench.io.device_lock import DeviceLock
from hil.vbench.io.front_panel import FrontPanel
from hil.vbench.plant.terminals import Pause

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
        self.sessions: set[Connection] = set()
        """Those over VXI-11 and HiSLIP, which have no part in lockstep."""
        self.lock = DeviceLock()
        """Of the sessions; raw sockets know no locks."""
        self.arrivals: deque[float] = deque()
        """Instants at which the lines reach the instrument that come next, or came ahead of their time."""
        self._under_way: deque[tuple[Connection, str]] = deque()
        self._replies: list[tuple[Connection, str]] = []
        self.on_complete = on_complete
        self.panel: FrontPanel = getattr(instrument, "panel", None) or FrontPanel()
        """Whether its keys are locked, for interfaces that can tell it."""
        self._pause: tuple[Connection, Pause] | None = None
        self._behind: deque[tuple[Connection, str]] = deque()
        """Lines that came while another one waits inside the instrument, which takes one at a time."""
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
        else:
            self.take(connection, line)

    def take(self, connection: Connection, line: str) -> None:
        """Take a line at the present instant; what it is answered goes to ``connection``."""
        if self._pause is not None:
            self._behind.append((connection, line))
            return
        try:
            reply = self.execute(line)
        except Pause as pause:
            self._pause = connection, pause
            return
        if reply is not None:
            connection.answer(reply)

    @property
    def waits(self) -> bool:
        """Whether a line waits inside the instrument."""
        return self._pause is not None

    def go_on(self) -> None:
        """Go on with the line that waits, if that has happened which it waits for, and with those behind it."""
        while self._pause is not None and self._pause[1].ended():
            (connection, pause), self._pause = self._pause, None
            try:
                reply = pause.go_on()
            except Pause as another:
                self._pause = connection, another
                continue
            if reply is not None:
                connection.answer(reply)
            self._take_those_behind()

    def clear(self, connection: Connection) -> None:
        """Forget what ``connection`` has sent that waits (device clear, or its end)."""
        self._behind = deque(each for each in self._behind if each[0] is not connection)
        if self._pause is not None and self._pause[0] is connection:
            self._pause = None
            self._take_those_behind()

    def status_byte(self) -> int:
        """Return the status byte as a serial poll reads it; a line that waits does not hold it up."""
        reply = self._instrument.execute("*STB?") or "0"
        return int(reply) if reply.isdecimal() else 0

    def _take_those_behind(self) -> None:
        while self._pause is None and self._behind:
            self.take(*self._behind.popleft())

    def deliver(self) -> None:
        """The instant of the first of ``arrivals`` has come; :meth:`answer` sends what the instrument replies."""
        self.arrivals.popleft()
        if self._under_way:
            connection, line = self._under_way.popleft()
            if self._pause is not None:
                self._behind.append((connection, line))
                return
            try:
                reply = self.execute(line)
            except Pause as pause:
                self._pause = connection, pause
                return
            if reply is not None:
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
        """Work again; a line that waits is forgotten, with those behind it."""
        self._pause = None
        self._behind.clear()
        self.execute = self._instrument.execute

    def fail(self, fault: str) -> None:
        """Fail from now on in one of the ways of ``FAULTS``; a connection that is lost can be opened again."""
        self._pause = None
        self._behind.clear()
        if fault == HANGING:
            self.execute = lambda line: None
        elif fault == BABBLING:
            self.execute = lambda line: NONSENSE if "?" in line else None
        else:
            for connection in [*self.connections, *self.sessions]:
                connection.abort()

"""Where the connections of an instrument end: at the instrument, or at what a seeded fault makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.sockets import ByteProtocol
    from hil.vbench.terminals import VirtualInstrument

HANGING, BABBLING, RESET = "hangs", "answers garbage", "loses its connection"
FAULTS = (HANGING, BABBLING, RESET)

NONSENSE = "\x1b4.2E+,banana"


class InstrumentPort:
    """``execute`` takes one line and returns the reply or None."""

    execute: Callable[[str], str | None]

    def __init__(self, instrument: VirtualInstrument) -> None:
        self._instrument = instrument
        self.connections: set[ByteProtocol] = set()
        """Those over TCP that are open now."""
        self.mend()

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

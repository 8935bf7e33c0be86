"""K1 to K4: any digital output of labgrid as a relay that is read back."""

from __future__ import annotations

from typing import Protocol

from labgrid.driver.exception import ExecutionError

from hil.errors import RigFault


class DigitalOutput(Protocol):
    """labgrid's DigitalOutputProtocol."""

    name: str

    def get(self) -> bool: ...

    def set(self, status: bool) -> None: ...


class CoilRelay:
    """Implements :class:`hil.ports.Relay` over an active labgrid driver."""

    def __init__(self, output: DigitalOutput) -> None:
        self._output = output
        self.name = output.name

    def set(self, *, closed: bool) -> None:
        try:
            self._output.set(closed)
        except (ExecutionError, OSError, ValueError) as error:
            raise self._dead("switched", error) from error
        if self.is_closed() is not closed:
            raise RigFault(
                f"told to {'close' if closed else 'open'} and reads back {'open' if closed else 'closed'}",
                place=f"relay {self.name}",
                remedy="Check the relay board and its wiring.",
            )

    def is_closed(self) -> bool:
        try:
            return bool(self._output.get())
        except (ExecutionError, OSError, ValueError) as error:
            raise self._dead("read", error) from error

    def _dead(self, verb: str, error: Exception) -> RigFault:
        return RigFault(
            f"the relay cannot be {verb} ({error})",
            place=f"relay {self.name}",
            remedy="Check the relay board's address and supply.",
        )

"""K1 to K4: any digital output of labgrid as a relay that is read back."""

from __future__ import annotations

from typing import Any, Protocol

from labgrid.driver.exception import ExecutionError
from pyModbusTCP.constants import MB_CONNECT_ERR

from hil.errors import ConfigurationError, RigFault


class DigitalOutput(Protocol):
    """labgrid's DigitalOutputProtocol."""

    name: str

    def get(self) -> bool:
        """Read the output."""

    def set(self, status: bool) -> None:
        """Switch the output."""


class CoilRelay:
    """Implements :class:`hil.ports.Relay` over an active labgrid driver."""

    def __init__(self, output: DigitalOutput) -> None:
        self._output = output
        self.name = output.name

    def set(self, *, closed: bool) -> None:
        """See :class:`hil.ports.Relay`; raises RigFault if the coil does not answer or obey."""
        try:
            self._output.set(closed)
        except (ExecutionError, OSError, ValueError) as error:
            raise self._dead("switched", error) from error
        # labgrid lets a write pass that failed; to read back what was never told would only wait once more
        if getattr(getattr(self._output, "client", None), "last_error", None) == MB_CONNECT_ERR:
            raise self._dead("switched", ConnectionError("its board takes no connection"))
        if self.is_closed() is not closed:
            raise RigFault(
                f"told to {'close' if closed else 'open'} and reads back {'open' if closed else 'closed'}",
                place=f"relay {self.name}",
                remedy="Check the relay board and its wiring.",
            )

    def is_closed(self) -> bool:
        """See :class:`hil.ports.Relay`; raises RigFault if the coil does not answer."""
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


class MirrorContact:
    """The contact of a contactor that moves with its main contacts (IEC 60947-4-1, Annex F), on the board of its coil.

    :param output: the active labgrid driver of the coil, on Modbus; :param number: of the discrete input.
    :raises ConfigurationError: the driver has no Modbus client.
    """

    def __init__(self, output: Any, number: int) -> None:
        self.name: str = output.name
        self._client = getattr(output, "client", None)
        self._number = number
        if not hasattr(self._client, "read_discrete_inputs"):
            raise ConfigurationError(
                "a mirror contact is read from the relay's Modbus board, and this relay has none",
                place=f"options.rig.mirror_contacts.{self.name}",
                remedy="Leave it out; welded contacts of K1 and K2 are then found by the meter alone.",
            )

    def is_closed(self) -> bool:
        """Read it; raises RigFault if the board does not answer."""
        try:
            read = self._client.read_discrete_inputs(self._number)  # type: ignore[union-attr]  # looked at above
        except (OSError, ValueError) as error:
            read, why = None, f" ({error})"
        else:
            why = ""
        if not read:
            raise RigFault(
                f"the mirror contact cannot be read{why}",
                place=f"relay {self.name}",
                remedy="Check the relay board's address and supply.",
            )
        return bool(read[0])

    def refuse(self, *, told: bool) -> RigFault:
        """Return the error for a contact that is not where its coil was told to have it."""
        if told:
            return RigFault(
                "reads back closed and its mirror contact is open: it does not close, or not with this coil",
                place=f"relay {self.name}",
                remedy="See whether the rig file names its own coil and its own mirror contact, then look at the"
                " wiring and at the contactor.",
            )
        return RigFault(
            "reads back open and its mirror contact is closed: it is welded shut, or not switched by this coil",
            place=f"relay {self.name}",
            remedy="Switch the mains off by hand and look at the contactor.",
        )

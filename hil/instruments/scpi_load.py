"""What electronic loads have in common: an input, switched and read back, settings that are read back, an error queue,
and limits that they keep by themselves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from hil.errors import AuthorError
from hil.instruments.scpi import (
    ERROR_QUERY,
    query_integer,
    query_number,
    query_switch,
    read_back,
    read_errors,
    refuse_errors,
)
from hil.ports import Protection
from hil.units import Watt, format_quantity

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.instruments.transport import Transport
    from hil.ports import Identity

CONDITION = "STAT:QUES:COND?"
"""What holds now of voltage fault, over current, over power and the like; the bits differ from maker to maker."""


@dataclass(frozen=True)
class Function:
    """One mode of operation.

    :param scpi: its SCPI name; ``unit``: of its setpoint.
    :param resolution: smallest step of the setpoint (u).
    :param lowest: with ``highest``, the limits of the setpoint by itself.
    """

    scpi: str
    unit: str
    resolution: float
    lowest: float = 0.0
    highest: float = math.inf


class ScpiLoad:
    """Implements what of :class:`hil.ports.Load` is alike for all; a dialect adds its settings."""

    input_command: ClassVar[str]
    """Switches the input with ``1`` or ``0`` behind it, and asks for its state with ``?``."""

    power_query: ClassVar[str]
    """Asks for the power that it measures at its terminals, in W."""

    source: ClassVar[str] = ""
    """Stands before the name of a function in each of its headers."""

    level: ClassVar[str] = ""
    """Stands behind the name of a function in the header of its setpoint."""

    behind_adapter = False

    error_query: ClassVar[str] = ERROR_QUERY
    """Asks for the oldest entry of the error queue."""

    read_back_tolerance: ClassVar[float]
    """Relative difference by which a setting may come back: the load rounds to its resolution."""

    def __init__(self, transport: Transport, identity: Identity) -> None:
        self.identity = identity
        self._transport = transport
        self._told_on = False

    def set_input(self, *, on: bool) -> None:
        """Switch the input and read it back; raises RigFault if it is not as told or an error is in the queue."""
        command = f"{self.input_command} {on:d}"
        self._transport.write(command)
        self._told_on = on
        # the read-back comes first: an old error must not hide that the input did not follow
        if self.input_is_on() is not on:
            raise self._transport.fault(
                f"{self.input_command}?",
                f"{not on:d}",
                f"the input did not switch {'on' if on else 'off'} after '{command}', error queue: {self._in_queue()}",
                "Cut the mains by hand, then look for a tripped protection.",
            )
        refuse_errors(self._transport, command, self.error_query)

    def input_is_on(self) -> bool:
        """Ask the load whether its input is on."""
        return query_switch(self._transport, f"{self.input_command}?")

    def read_power(self) -> Watt:
        """Return the power that it measures itself, in W; raises RigFault if it gives no number."""
        return Watt(query_number(self._transport, self.power_query))

    def opened_by_itself(self) -> str:
        """Return why the input is off although it was told on, else an empty text; see :class:`hil.ports.Load`.

        Some loads put a trip into the error queue, others only into the QUEStionable register (SCPI-99).
        """
        if not self._told_on or self.input_is_on():
            return ""
        return f"{self._in_queue()} (questionable condition {query_integer(self._transport, CONDITION)})"

    def errors(self) -> list[str]:
        """Read the error queue empty, each entry as ``code,text``."""
        return read_errors(self._transport, self.error_query)

    def close(self) -> None:
        """Give up the connection; the input stays as it is."""
        self._transport.close()

    def _in_queue(self) -> str:
        return "; ".join(self.errors()) or "none"

    def _set(self, command: str) -> None:
        """Send ``command``; raises RigFault if it left an error in the queue."""
        self._transport.write(command)
        refuse_errors(self._transport, command, self.error_query)

    def _operate(self, function: Function, value: float) -> None:
        """Set ``function`` and its setpoint, and read the setpoint back.

        Raises AuthorError, and sends nothing, for a setpoint beyond the function's limits.
        """
        if not function.lowest <= value <= function.highest:
            raise self._beyond(value, function.unit, f"{function.lowest:g} to {function.highest:g} {function.unit}")
        # the setpoint before the function: with the input on, an old setpoint must not act for a moment
        setpoint = f"{self.source}{function.scpi}{self.level}"
        self._set(f"{setpoint} {value:.7g}")
        self._set(f"{self.source}FUNC {function.scpi}")
        self._read_back(f"{setpoint}?", value, f"the setpoint {value:.7g} {function.unit}", function.resolution)

    def _beyond(self, value: float, unit: str, allowed: str) -> AuthorError:
        """Return what is raised for a setpoint that this load does not take."""
        return AuthorError(
            f"{value:g} {unit} is beyond this load, which takes {allowed}",
            place=self._transport.place,
            remedy="Ask for less, or use a bench with a larger load.",
        )

    def _arm(self, function: Function, limit: float) -> None:
        """Set the level of a function's protection and switch it on; both are read back."""
        header = f"{self.source}{function.scpi}:PROT"
        for setting, value in (("", limit), (":STAT", 1.0)):
            self._set(f"{header}{setting} {value:.7g}")
            self._read_back(f"{header}{setting}?", value, f"the protection {value:g}")

    def _read_back(self, query: str, value: float, what: str, resolution: float = 0.0) -> None:
        """Raise RigFault unless ``query`` is answered by ``value``, within tolerance and ``resolution``."""
        read_back(
            self._transport,
            query,
            value,
            tolerance=self.read_back_tolerance * value + resolution,
            what=what,
            remedy="Check the load's range.",
        )


def keep(limit: float | None, rating: float, unit: str, arm: Callable[[float], None] | None = None) -> list[Protection]:
    """Have a load keep ``limit`` by itself and say what became of that; nothing if there is none.

    :param rating: what the load keeps anyway; a limit at or above it is left to that.
    :param arm: arms the protection and reads it back; None: the dialect has none.
    """
    if limit is None:
        return []
    words, rated = format_quantity(limit, unit), format_quantity(rating, unit)
    if limit >= rating:
        return [Protection(f"{words}: left to the load's own rating of {rated}", armed=False)]
    if arm is None:
        return [Protection(f"{words}: this dialect has no protection for it; the rating of {rated} holds", armed=False)]
    arm(limit)
    return [Protection(words)]

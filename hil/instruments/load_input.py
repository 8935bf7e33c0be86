"""What electronic loads have in common: an input, switched and read back, and limits that they keep by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.instruments.scpi import query_integer, read_errors, refuse_errors
from hil.ports import Protection
from hil.units import format_quantity

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.instruments.transport import Transport

CONDITION = "STAT:QUES:COND?"
"""What holds now of voltage fault, over current, over power and the like; the bits differ from maker to maker."""


class LoadInput:
    """Switches a load's input and remembers what it was told.

    :param command: switches it with ``1`` or ``0`` behind it, and asks for its state with ``?``.
    :param error_query: asks for the oldest entry of the error queue.
    """

    def __init__(self, transport: Transport, command: str, error_query: str) -> None:
        self._transport = transport
        self._command = command
        self._error_query = error_query
        self._told_on = False

    def switch(self, *, on: bool) -> None:
        """Switch the input and read it back; raises RigFault if it is not as told or an error is in the queue."""
        command = f"{self._command} {on:d}"
        self._transport.write(command)
        self._told_on = on
        # the read-back comes first: an old error must not hide that the input did not follow
        if self.is_on() is not on:
            raise self._transport.fault(
                f"{self._command}?",
                f"{not on:d}",
                f"the input did not switch {'on' if on else 'off'} after '{command}', error queue: {self._errors()}",
                "Cut the mains by hand, then look for a tripped protection.",
            )
        refuse_errors(self._transport, command, self._error_query)

    def is_on(self) -> bool:
        """Ask the load whether its input is on."""
        query = f"{self._command}?"
        reply = self._transport.query(query)
        if reply not in {"0", "1"}:
            raise self._transport.fault(query, reply, "0 or 1 was awaited", "Check firmware and dialect.")
        return reply == "1"

    def opened_by_itself(self) -> str:
        """Return why the input is off although it was told on, else an empty text.

        Some loads put a trip into the error queue, others only into the QUEStionable register (SCPI-99).
        """
        if not self._told_on or self.is_on():
            return ""
        return f"{self._errors()} (questionable condition {query_integer(self._transport, CONDITION)})"

    def _errors(self) -> str:
        return "; ".join(read_errors(self._transport, self._error_query)) or "none"


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

"""Status reporting of IEEE 488.2 and SCPI-99: event register, status byte, error queue.

Not modelled: MAV (a raw socket has no output queue that could be asked). The QUEStionable and OPERation registers are
there for instruments that have them.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGES: Final[dict[int, str]] = {
    0: "No error",
    -101: "Invalid character",
    -102: "Syntax error",
    -104: "Data type error",
    -108: "Parameter not allowed",
    -109: "Missing parameter",
    -112: "Program mnemonic too long",
    -113: "Undefined header",
    -114: "Header suffix out of range",
    -121: "Invalid character in number",
    -123: "Exponent too large",
    -124: "Too many digits",
    -131: "Invalid suffix",
    -138: "Suffix not allowed",
    -141: "Invalid character data",
    -151: "Invalid string data",
    -158: "String data not allowed",
    -161: "Invalid block data",
    -168: "Block data not allowed",
    -178: "Expression data not allowed",
    -211: "Trigger ignored",
    -221: "Settings conflict",
    -222: "Data out of range",
    -223: "Too much data",
    -224: "Illegal parameter value",
    -252: "Missing media",
    -254: "Media full",
    -256: "File name not found",
    -257: "File name error",
    -300: "Device-specific error",
    -350: "Queue overflow",
    -363: "Input buffer overrun",
}
"""Error numbers and texts of SCPI-99, volume 2, chapter 21.8."""

OPERATION_COMPLETE: Final = 1 << 0
QUERY_ERROR: Final = 1 << 2
DEVICE_ERROR: Final = 1 << 3
EXECUTION_ERROR: Final = 1 << 4
COMMAND_ERROR: Final = 1 << 5
POWER_ON: Final = 1 << 7

ERROR_AVAILABLE: Final = 1 << 2
QUESTIONABLE_SUMMARY: Final = 1 << 3
EVENT_SUMMARY: Final = 1 << 5
MASTER_SUMMARY: Final = 1 << 6
OPERATION_SUMMARY: Final = 1 << 7

_EVENT_BIT: Final = {1: COMMAND_ERROR, 2: EXECUTION_ERROR, 3: DEVICE_ERROR, 4: QUERY_ERROR}

QUEUE_LENGTH: Final = 20
"""Errors kept; SCPI-99 asks for at least two. The last place is taken by -350 when more arrive."""


class ScpiError(Exception):
    """An error for the instrument's own error queue; never leaves the instrument.

    :param message: text of a code that is the instrument's own, not SCPI-99's.
    """

    def __init__(self, code: int, detail: str = "", *, message: str = "") -> None:
        message = message or MESSAGES[code]
        super().__init__(f"{message};{detail}" if detail else message)
        self.code = code


class ConditionRegister:
    """QUEStionable or OPERation of SCPI-99: what holds now, and what came to hold since the last look.

    :param summary_bit: the register's bit of the status byte.
    """

    def __init__(self, summary_bit: int) -> None:
        self._summary_bit = summary_bit
        self.enable = 0
        self._condition = 0
        self._events = 0

    @property
    def condition(self) -> int:
        """The condition register: what holds now."""
        return self._condition

    @condition.setter
    def condition(self, bits: int) -> None:
        """Each bit that rises leaves its event."""
        self._events |= bits & ~self._condition
        self._condition = bits

    def read_events(self) -> int:
        """``[:EVENt]?``: return and clear the events; the condition stays."""
        events, self._events = self._events, 0
        return events

    def summary(self) -> int:
        """Return the register's bit of the status byte."""
        return self._summary_bit if self._events & self.enable else 0


def string(text: str) -> str:
    """Return a string as replies write it (IEEE 488.2, 8.7.8): in quotes, and quotes in it doubled."""
    return '"' + text.replace('"', '""') + '"'


def quoted(code: int, message: str) -> str:
    """Return an entry as SCPI-99 writes it: ``-113,"Undefined header"``."""
    return f"{code},{string(message)}"


class Status:
    """ESR, ESE, SRE, STB and the error queue of one instrument.

    :param entry: writes an error as this instrument's dialect does.
    :param more_summaries: returns the status byte's bits of registers that the instrument has beyond these.
    """

    def __init__(
        self, entry: Callable[[int, str], str] = quoted, more_summaries: Callable[[], int] = lambda: 0
    ) -> None:
        self._entry = entry
        self._queue: deque[tuple[int, str]] = deque()
        self._service_enable = 0
        self.event_enable = 0
        self._events = POWER_ON
        self.questionable = ConditionRegister(QUESTIONABLE_SUMMARY)
        self.operation = ConditionRegister(OPERATION_SUMMARY)
        self._more_summaries = more_summaries

    def power_on(self) -> None:
        """Go back to the power-on state: nothing enabled, queue empty, PON set in the event register."""
        self.clear()
        self._service_enable = 0
        self.event_enable = 0
        self._events = POWER_ON
        self.questionable = ConditionRegister(QUESTIONABLE_SUMMARY)
        self.operation = ConditionRegister(OPERATION_SUMMARY)

    def clear(self) -> None:
        """``*CLS``: empty event registers and error queue; the enable registers stay."""
        self._queue.clear()
        self.questionable.read_events()
        self.operation.read_events()
        self._events = 0

    @property
    def service_enable(self) -> int:
        """The service request enable register (``*SRE``)."""
        return self._service_enable

    @service_enable.setter
    def service_enable(self, mask: int) -> None:
        """Bit 6 cannot be enabled: it is the summary itself (IEEE 488.2, 11.3.2)."""
        self._service_enable = mask & ~MASTER_SUMMARY

    def operation_complete(self) -> None:
        """``*OPC``: no command of these instruments overlaps, so it is complete at once."""
        self._events |= OPERATION_COMPLETE

    def report(self, error: ScpiError) -> None:
        """Put an error into the queue and set its bit in the event register."""
        self._events |= _EVENT_BIT.get(-error.code // 100, EXECUTION_ERROR)
        if len(self._queue) < QUEUE_LENGTH:
            self._queue.append((error.code, str(error)))
        else:
            self._events |= DEVICE_ERROR
            self._queue[-1] = (-350, MESSAGES[-350])

    def next_error(self) -> str:
        """``SYSTem:ERRor?``: return and remove the oldest error, or the entry that says there is none."""
        return self._entry(*self._oldest())

    def next_code(self) -> str:
        """``SYSTem:ERRor:CODE?``: return the number alone of the oldest error and remove it."""
        return str(self._oldest()[0])

    def all_errors(self) -> str:
        """``SYSTem:ERRor:ALL?``: return and remove all errors, the oldest first."""
        return ",".join(self._entry(*error) for error in self._all())

    def all_codes(self) -> str:
        """``SYSTem:ERRor:CODE:ALL?``: return the numbers alone of all errors and remove them."""
        return ",".join(str(code) for code, _ in self._all())

    def error_count(self) -> str:
        """``SYSTem:ERRor:COUNt?``: return how many errors are in the queue."""
        return str(len(self._queue))

    def _oldest(self) -> tuple[int, str]:
        return self._queue.popleft() if self._queue else (0, MESSAGES[0])

    def _all(self) -> list[tuple[int, str]]:
        errors = [*self._queue] or [(0, MESSAGES[0])]
        self._queue.clear()
        return errors

    def read_events(self) -> int:
        """``*ESR?``: return and clear the event register."""
        events, self._events = self._events, 0
        return events

    def status_byte(self) -> int:
        """``*STB?``: return the status byte with the master summary in bit 6; clears nothing."""
        byte = self._more_summaries() | self.questionable.summary() | self.operation.summary()
        if self._queue:
            byte |= ERROR_AVAILABLE
        if self._events & self.event_enable:
            byte |= EVENT_SUMMARY
        return byte | MASTER_SUMMARY if byte & self._service_enable else byte

"""What SCPI instruments have in common: numbers, identity, status and error queue (IEEE 488.2, SCPI-99)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hil.errors import RigFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hil.instruments.transport import Transport

ESR_ERRORS = 0b0011_1100
"""Bits of ``*ESR?`` that tell of an error: query 4, device 8, execution 16, command 32 (IEEE 488.2 §11.5.1)."""

LONGEST_QUEUE = 64
"""Entries after which an error queue is held never to end; instruments keep 10 to 32."""

ERROR_QUERY = "SYST:ERR?"
"""SCPI-99's question for the oldest entry of the error queue; some dialects have another."""

INFINITY = 9.9e37
"""SCPI's infinity, an overload (SCPI-99 §7.2.1)."""

NOT_A_NUMBER = 9.91e37
"""SCPI's NAN (SCPI-99 §7.2.1)."""

_NUMBER = re.compile(r"[+-]?+(?:[0-9]++\.?+[0-9]*+|\.[0-9]++)(?:[eE][+-]?+[0-9]{1,3}+)?+")
_NUMBERS = re.compile(rf"{_NUMBER.pattern}(?:,{_NUMBER.pattern})*+")
"""Nothing in them can be read in two ways, so they never go back (``+`` behind a repetition)."""

_ERROR = re.compile(r"([+-]?\d+)(?:\s*,\s*(.*))?")


def parse_number(text: str) -> float:
    """Return the value of an NR1, NR2 or NR3 number; no spaces, no words.

    Raises ValueError that says why it is none: no data, overload, or text.
    """
    if _NUMBER.fullmatch(text) is None:
        word = text.strip().upper().lstrip("+-")
        if word == "NAN":
            raise ValueError("no valid data")
        if word in {"INF", "INFINITY", "OVER", "OVERLOAD", "OL"}:
            raise ValueError("overload")
        raise ValueError("not a number")
    value = float(text)
    if abs(value) >= INFINITY:
        raise ValueError("no valid data" if value == NOT_A_NUMBER else "overload")
    return value


def query_number(transport: Transport, command: str) -> float:
    """Return the number that ``command`` asks for; raises RigFault if it is none."""
    reply = transport.query(command)
    try:
        return parse_number(reply)
    except ValueError as error:
        raise transport.fault(command, reply, f"a number was awaited, found {error}", "Check the dialect.") from None


def query_switch(transport: Transport, command: str) -> bool:
    """Return whether what ``command`` asks for is on, in any spelling of a boolean; raises RigFault if it is none."""
    reply = transport.query(command)
    spelling = reply.strip().upper().lstrip("+")
    if spelling not in {"0", "1", "OFF", "ON"}:
        raise transport.fault(command, reply, "0 or 1, OFF or ON was awaited", "Check firmware and dialect.")
    return spelling in {"1", "ON"}


def query_integer(transport: Transport, command: str, *, timeout: float | None = None) -> int:
    """Return the non-negative whole number that ``command`` asks for; raises RigFault if it is none."""
    reply = transport.query(command, timeout=timeout)
    digits = reply.removeprefix("+")
    if not digits.isdecimal():
        raise transport.fault(command, reply, "a whole number was awaited", "Check the dialect.")
    return int(digits)


def read_back(
    transport: Transport,
    query: str,
    value: float,
    *,
    tolerance: float,
    what: str,
    remedy: str,
    wrong: str = "was not taken",
) -> None:
    """Raise RigFault unless the number that ``query`` asks for is ``value`` within ``tolerance``.

    :param what: names the setting: ``the setpoint 1300 W``; ``wrong`` says what became of it.
    """
    read = query_number(transport, query)
    if abs(read - value) > tolerance:
        raise transport.fault(query, f"{read:g}", f"{what} {wrong}", remedy)


def wait_for_completion(transport: Transport, *, timeout: float | None = None) -> None:
    """Ask ``*OPC?``, which answers ``1`` when all commands before it are carried out."""
    if query_integer(transport, "*OPC?", timeout=timeout) != 1:
        raise transport.fault("*OPC?", "not 1", "the instrument is not done with its commands", "Check the dialect.")


def read_errors(transport: Transport, query: str = ERROR_QUERY) -> list[str]:
    """Read the error queue empty, oldest first, each entry as ``code,text``; ``query`` asks for one entry."""
    errors: list[str] = []
    while len(errors) < LONGEST_QUEUE:
        reply = transport.query(query)
        match = _ERROR.fullmatch(reply)
        if match is None:
            raise transport.fault(query, reply, "no entry of an error queue (code,text)", "Check the dialect.")
        if int(match[1]) == 0:
            return errors
        errors.append(reply)
    raise transport.fault(query, errors[-1], "the error queue never ends", "Restart the instrument.")


def refuse_errors(transport: Transport, command: str, query: str = ERROR_QUERY) -> None:
    """Raise RigFault if the error queue is not empty after ``command``."""
    errors = read_errors(transport, query)
    if errors:
        raise RigFault(
            f"'{command}' left errors in the queue: {'; '.join(errors)}",
            place=transport.place,
            remedy="Look up the code in the instrument's manual; check firmware and dialect.",
        )


def parse_fields(
    transport: Transport, command: str, reply: str, quantities: Sequence[str], remedies: Mapping[str, str]
) -> list[float]:
    """Return one number for each of ``quantities`` from a reply of fields between commas.

    Spaces around a field and a comma behind the last one change nothing.
    Raises RigFault, with the remedy for its reason, that names the quantity which is overloaded, has no data or is no
    number; or if there are more or fewer fields.
    """
    fields = reply.split(",")
    if len(fields) == len(quantities) + 1 and not fields[-1].strip():
        del fields[-1]  # some put a comma behind the last value too
    if len(fields) != len(quantities):
        raise transport.fault(
            command, reply, f"{len(quantities)} values were awaited, found {len(fields)}", "Prepare the meter again."
        )
    if _NUMBERS.fullmatch(reply) is not None:  # the usual case in one go: a meter is read ten times a second
        values = list(map(float, fields))
        if min(values) > -INFINITY and max(values) < INFINITY:
            return values
    values = []
    for quantity, field in zip(quantities, fields, strict=True):
        try:
            values.append(parse_number(field.strip()))
        except ValueError as error:
            remedy = remedies.get(str(error), "Check firmware and dialect of the meter.")
            raise transport.fault(command, reply, f"{quantity}: {error} ('{field}')", remedy) from None
    return values


def refuse_status(transport: Transport, doing: str, query: str = ERROR_QUERY) -> None:
    """Raise RigFault if the event status register or the error queue tells of an error; reading clears both."""
    status = query_integer(transport, "*ESR?")
    errors = read_errors(transport, query)
    if status & ESR_ERRORS or errors:
        raise RigFault(
            f"{doing} left '*ESR?' at {status} and these errors in the queue: {'; '.join(errors) or 'none'}",
            place=transport.place,
            remedy="Look up the code in the instrument's manual; check firmware and dialect.",
        )

"""The structured console of a device on a real machine: one JSON object a line, nothing secret in it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable

import serial

from hil.devices.hardware.serial_link import LINK_BAUD
from hil.errors import RigFault

_LINE = re.compile(r"(?:\[\s*[\d.]+\] )?(?:socket|cable): (.*)")
_CONTACT = re.compile(r"contact (closed|open) \((.*)\)")


class StructuredConsole:
    """Implements :class:`hil.devices.board.SerialOut` for a program's text, and takes the host's own events.

    Each line has ``t`` (seconds since the program began), ``role``, ``event`` and the event's own fields. A program's
    text becomes an event ``contact`` (``closed``, ``reason``), ``ready``, ``halted`` or ``note`` (``text``).

    :param send: writes bytes and never raises: a console without a reader must not stop the device.
    """

    def __init__(self, role: str, send: Callable[[bytes], None], now: Callable[[], float]) -> None:
        self._role = role
        self._send = send
        self._now = now
        self._rest = b""

    def write(self, data: bytes) -> None:
        """Take text of the program; each whole line becomes an event."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._tell(line.decode(errors="replace").rstrip("\r"))

    def event(self, event: str, **fields: object) -> None:
        """Write one line."""
        document = {"t": round(self._now(), 3), "role": self._role, "event": event, **fields}
        self._send(json.dumps(document, ensure_ascii=False).encode() + b"\r\n")

    def _tell(self, line: str) -> None:
        found = _LINE.fullmatch(line)
        text = found[1] if found else line
        if contact := _CONTACT.fullmatch(text):
            self.event("contact", closed=contact[1] == "closed", reason=contact[2])
        elif text == "ready":
            self.event("ready")
        elif text.startswith("halted: "):
            self.event("halted", text=text.removeprefix("halted: "))
        else:
            self.event("note", text=text)


class PlainConsole:
    """The console of a program of one's own: its text as it is. What the host has to say goes to standard error."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send

    def write(self, data: bytes) -> None:
        """Pass text of the program on."""
        self._send(data)

    def event(self, event: str, **fields: object) -> None:
        """Tell a failure; nothing else of the host belongs on this console."""
        if event == "failed":
            sys.stderr.write(f"{fields['text']}\n")


def open_sink(path: str) -> Callable[[bytes], None]:
    """Return what writes to the console at ``path``, ``-`` for standard output; raises RigFault if there is none."""
    if path == "-":
        return _to_stdout
    try:
        port = serial.Serial(path, LINK_BAUD, timeout=0, write_timeout=0, exclusive=True)
    except (OSError, ValueError) as error:
        raise RigFault(f"cannot be opened ({error})", place=f"console {path}", remedy="Check the path.") from None

    def to_port(data: bytes) -> None:
        try:
            port.write(data)
        except OSError:  # unplugged or full
            return

    return to_port


def _to_stdout(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError:  # its reader has gone
        return

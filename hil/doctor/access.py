"""Whether this user may open a device file; whether something listens at an address. Nothing is opened or sent."""

from __future__ import annotations

import contextlib
import grp
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hil.doctor.finding import DEADLINE_S, ok, problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.doctor.finding import Sight


def may_open(path: Path) -> bool:
    """Tell whether this process may read and write ``path``. It is not opened: that may reset a device."""
    return os.access(path, os.R_OK | os.W_OK, effective_ids=True)


def how_to_open(paths: Sequence[Path]) -> str:
    """Return what lets this user open these device files."""
    groups = sorted({_group(path) for path in paths} - {"root"})
    if not groups:
        return "Add a udev rule that gives them to a group of yours, e.g. GROUP=dialout, MODE=0660."
    return f"sudo usermod -aG {','.join(groups)} $USER, then log in anew."


def device_file(path: Path) -> Sight:
    """Look at a device file that a rig uses."""
    if not path.exists():
        return problem(f"{path} is not there", "Connect it, or mend the rig file; /dev/serial/by-path names ports.")
    if not path.is_char_device():
        return problem(f"{path} is no device", "Mend the rig file: it wants the port's device file.")
    if not may_open(path):
        return problem(f"{path} may not be opened by this user", how_to_open([path]))
    if other := holder(path):
        return problem(f"{path} is open in {other}", "End that program, or give the rig another port.")
    return ok(f"{path} may be opened")


def holder(path: Path) -> str:
    """Return which other process has ``path`` open, by number and name; empty if none that this user may look into."""
    file = path.resolve()
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        process = descriptor.parents[1]
        with contextlib.suppress(OSError):
            if process.name != str(os.getpid()) and descriptor.readlink() == file:
                return f"process {process.name} ({(process / 'comm').read_text(encoding='utf-8').strip()})"
    return ""


def listens(host: str, port: int, remedy: str) -> Sight:
    """Look whether a TCP connection can be made; it is closed at once, without a byte.

    :param remedy: what to look at if it cannot.
    """
    try:
        socket.create_connection((host, port), 0.8 * DEADLINE_S).close()
    except OSError as error:
        return problem(f"{host}:{port} does not answer ({error.strerror or error})", remedy)
    return ok(f"{host}:{port} takes a connection")


def host_and_port(address: str, port: int) -> tuple[str, int]:
    """Return host and port of ``HOST``, ``HOST:PORT`` or ``[HOST]:PORT``; raises ValueError for anything else.

    :param port: if the address names none.
    """
    parts = urlsplit(f"//{address}")
    if not parts.hostname or parts.netloc != address:
        raise ValueError(f"'{address}' is no HOST:PORT")
    return parts.hostname, parts.port or port


def _group(path: Path) -> str:
    number = path.stat().st_gid
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)

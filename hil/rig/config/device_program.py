"""Devices that are programs of their own: what their commands name, and what is wrong with that at the desk."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hil.yaml_file import Keys

PORTS = ("link", "console", "meter", "relay", "storage")
"""What a command may ask for in braces: the ports of a program that does not speak the lockstep device protocol."""

_IN_BRACES = re.compile(r"\{([^{}\s]*)\}")


def wrong_command(
    command: Sequence[str], folder: Path, *, virtual: bool, real_time: bool
) -> Iterator[tuple[Keys, str]]:
    """Yield what is wrong with a device's command, and which word of it.

    :param folder: in which it is run.
    """
    if not virtual:
        yield (), "the bench starts a device only if it is simulated: a physical device is connected to its lines"
        return
    if (program := found(command[0], folder)) is None:
        yield (0,), f"'{command[0]}' is not found in {folder} nor on the PATH"
    elif not os.access(program, os.X_OK):
        yield (0,), f"'{command[0]}' cannot be executed: chmod +x {program}"
    for number, word in enumerate(command):
        for name in _IN_BRACES.findall(word):
            if name not in PORTS:
                yield (number,), f"'{{{name}}}' is no port of a device{nearest(name, PORTS)}"
            elif not real_time:
                what = f"'{{{name}}}' is a port in real time; this bench keeps its own time"
                yield (number,), f"{what}. Set clock: wall, or let the program speak the lockstep device protocol"


def has_ports(command: Sequence[str]) -> bool:
    """Tell whether a command asks for serial ports, and does not speak the lockstep device protocol."""
    return any(name in PORTS for word in command for name in _IN_BRACES.findall(word))


def found(program: str, folder: Path) -> Path | None:
    """Return the file that the first word of a command names; None if there is none."""
    if "/" in program:
        path = folder / program
        return path if path.is_file() else None
    name = shutil.which(program)
    return None if name is None else Path(name)


def described_program(command: Sequence[str], folder: Path) -> dict[str, Any]:
    """Return what ``run.json`` says of a device's program: its command, and the SHA-256 of each file named there."""
    program = found(command[0], folder)
    named = [(word, folder / word) for word in command[1:]]
    files = [] if program is None else [(command[0], program)]
    files += [(word, path) for word, path in named if path.is_file()]
    return {
        "command": list(command),
        "files": [{"name": word, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for word, path in files],
    }

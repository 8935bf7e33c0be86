"""The program of the virtual bench is started, on a loopback address of its own."""

from __future__ import annotations

import ipaddress
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import orjson

from hil.child_process import ChildProcess
from hil.errors import ConfigurationError, ExitCode, RigFault

START_TIMEOUT_S = 15.0
"""From start to its ready line; a loaded machine needs 2 s to import everything."""

END_TIMEOUT_S = 5.0
"""From the end of its input to its own end."""

TRIES = 8
"""How many loopback addresses are tried when none is given and other benches hold their ports."""

PROGRAMS_VARIABLE = "HIL_DEVICE_PROGRAMS"
"""``module:callable`` that builds the programs of the simulated devices instead of the reference ones
(:class:`hil.devices.board.ProgramFactory`): for somebody who develops a firmware, and for tracing."""


def start(address: str, choice: Sequence[str]) -> tuple[ChildProcess, str, dict[str, Any]]:
    """Start the bench on ``address``, or on a free one; return its process, its address and its ready line.

    :param choice: further options of ``python -m hil.vbench``.
    :raises ConfigurationError: it refuses an option; :raises RigFault: it does not start.
    """
    tries = [address] if address else [loopback_address(number) for number in range(TRIES)]
    choice = list(choice)
    if programs := os.environ.get(PROGRAMS_VARIABLE):
        choice.append(f"--programs={programs}")
    words = ""
    for candidate in tries:
        process = ChildProcess(
            "virtual bench",
            [sys.executable, "-m", "hil.vbench", "--with-parent", "--address", candidate, *choice],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        ready = _ready_line(process)
        if ready is not None:
            return process, candidate, ready
        process.end(END_TIMEOUT_S)
        words = process.last_words()
        if process.returncode != ExitCode.RIG_FAULT:  # that is what it says of a port that is taken
            break
    if process.returncode == ExitCode.AUTHOR_ERROR:
        raise ConfigurationError(
            words.removeprefix("hil vbench: "), remedy="Mend VirtualBench in the rig file; see hil rig dialects."
        )
    raise RigFault(
        f"it did not start: {words or 'it said nothing'}",
        place="virtual bench",
        remedy="Free the port, or leave VirtualBench.address empty so that a free address is taken.",
    )


def _ready_line(process: ChildProcess) -> dict[str, Any] | None:
    readable, _, _ = select.select([process.stdout], [], [], START_TIMEOUT_S)
    line = process.stdout.readline() if readable else b""
    try:
        ready = orjson.loads(line)
    except ValueError:
        return None
    return ready if isinstance(ready, dict) and ready.get("ready") else None


def loopback_address(number: int) -> str:
    """Return an address of 127.64.0.0/10 that depends on this process, so that parallel runs do not meet."""
    value = (os.getpid() * TRIES + number) % (1 << 22)
    return str(ipaddress.IPv4Address("127.64.0.0") + value)

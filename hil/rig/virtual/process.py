"""The program of the virtual bench is started, on a loopback address of its own."""

from __future__ import annotations

import ipaddress
import os
import re
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from hil.child_process import ChildProcess
from hil.errors import ConfigurationError, ExitCode, RigFault
from hil.rig.virtual.client import VirtualBenchClient

START_TIMEOUT_S = 15.0
"""From start to its ready line; a loaded machine needs 2 s to import everything."""

END_TIMEOUT_S = 5.0
"""From the end of its input to its own end."""

TRIES = 8
"""How many loopback addresses are tried when none is given and other benches hold their ports."""

PROGRAMS_VARIABLE = "HIL_DEVICE_PROGRAMS"
"""``module:callable`` that builds the programs of the simulated devices instead of the reference ones
(:class:`hil.devices.board.ProgramFactory`): for somebody who develops a firmware, and for tracing."""


class VirtualBenchProcess(VirtualBenchClient):
    """Starts the bench and ends it. The bench also ends by itself when its stdin closes: when this process has died and
    the watchdog, which holds ``lifeline`` too, has made the bench safe.

    :param instruments: dialects by role (``meter``, ``load``) that differ from the bench's own.
    :param serial: instruments and lines that get a PTY, beside the instruments that have RS-232 only there.
    :raises ConfigurationError: the bench does not have such an instrument, or cannot have that address.
    :raises RigFault: it does not start.
    """

    def __init__(
        self, address: str = "", instruments: Mapping[str, str] | None = None, *, serial: Sequence[str] = ()
    ) -> None:
        choice = [f"--{role}={name}" for role, name in (instruments or {}).items()]
        self._process, address, ready = start(address, [*choice, *(f"--pty={name}" for name in serial)])
        super().__init__(address, ready["ports"])
        self.terminals = ready["terminals"]

    @property
    def process(self) -> int:
        """The bench's process id."""
        return self._process.pid

    @property
    def lifeline(self) -> int:
        """See :class:`hil.rig.virtual.client.VirtualBenchClient`; it is the program's standard input."""
        return self._process.stdin.fileno()

    def ended(self) -> str:
        """Return how the program ended by itself, and what to do; empty while it runs."""
        if self._process.returncode is None:
            return ""
        if mistake_in(self._process.last_words()):
            return str(self._lost("no bench any more"))
        what = f"its program {self._process.how_it_ended()}, and each part of the bench with it"
        return str(RigFault(what, place="virtual bench", remedy="Rerun."))

    def close(self) -> None:
        """End the program; idempotent."""
        super().close()
        self._process.end(END_TIMEOUT_S)

    def _lost(self, what: str) -> RigFault:
        words, state = self._process.last_words(), self._process.how_it_ended()
        if mistake := mistake_in(words):
            remedy = "Mend it, if it is a plug-in of yours; else send us the run folder."
            return RigFault(f"{mistake}; so there is {what}", place="virtual bench", remedy=remedy)
        state += f"; its last words: {words}" if words else ""
        return RigFault(f"{what}; the program {state}", place="virtual bench", remedy="Rerun.")


def end_of(bench: VirtualBenchClient | None) -> str:
    """Return how the program of a bench ended that was started for this job, and what to do; empty if it runs."""
    return bench.ended() if isinstance(bench, VirtualBenchProcess) else ""


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


def mistake_in(words: str) -> str:
    """Return the mistake in code that ended a Python program, by the traceback in its last words; else ``""``."""
    if "Traceback (most recent call last):" not in words:
        return ""
    places = re.findall(r'^  File "([^"]+)", line (\d+)', words, re.MULTILINE)
    place = ":".join(places[-1]) if places else "a place that is not told"
    return f"its program ended over a mistake in code at {place}: {words.splitlines()[-1]}"

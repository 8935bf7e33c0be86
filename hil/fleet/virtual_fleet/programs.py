"""Programs that outlive the command which starts them: started, told apart from later ones, ended."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hil.chain.node.process_identity import Liveness, ProcessIdentity, identity_of, parse_identity
from hil.child_process import ChildProcess
from hil.clock import WallClock
from hil.errors import RigFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

FLEET_VARIABLE: Final = "HIL_FLEET"
"""In the environment of each program of a fleet: the fleet's folder. So a program is found of which no file tells."""

START_S: Final = 60.0
"""For a program to be ready: eight exporters that start at once keep two processors busy for 10 s."""

END_S: Final = 10.0
"""From SIGTERM to SIGKILL; labgrid's coordinator waits 5 s for its clients."""

LOOK_EVERY_S: Final = 0.05


@dataclass(frozen=True)
class Program:
    """A program of the fleet.

    :param name: for messages, e.g. ``exporter virtual-1``.
    :param process: process id and start, as :class:`hil.chain.node.process_identity.ProcessIdentity` writes it.
    :param log: file that holds all that it wrote.
    """

    name: str
    process: str
    log: str

    @property
    def pid(self) -> int:
        """Its process id; may be that of another program if this one has ended."""
        return int(self.process.partition("-")[0])

    def runs(self) -> bool:
        """Tell whether this very program still runs."""
        identity = parse_identity(self.process)
        return identity is not None and identity.liveness() is Liveness.ALIVE

    def said(self) -> str:
        """Return all that it wrote so far."""
        with contextlib.suppress(OSError):
            return Path(self.log).read_text(encoding="utf-8", errors="replace")
        return ""


def start(name: str, command: Sequence[str], folder: Path, *, working_folder: Path | None = None) -> Program:
    """Start a program that belongs to the fleet in ``folder``, which gets its log."""
    log = folder / f"{name.replace(' ', '-')}.log"
    environment = {**os.environ, FLEET_VARIABLE: str(folder)}
    child = ChildProcess(name, command, log=log, environment=environment, folder=working_folder)
    return Program(name, str(identity_of(child.pid) or ProcessIdentity(child.pid, 0, "0")), str(log))


def wait_until_ready(program: Program, ready: str) -> None:
    """Return when the program has written ``ready``; RigFault if it ends before, or is too slow."""

    def is_ready() -> bool:
        if ready in program.said():
            return True
        if not program.runs():
            raise RigFault(f"it ended while it was starting: {_end_of(program.said())}", place=program.name)
        return False

    if not wait_until(is_ready, START_S):
        raise RigFault(
            f"it was not ready within {START_S:g} s; it wrote: {_end_of(program.said())}",
            place=program.name,
            remedy="See whether the machine is busy, then: hil fleet down, and up again.",
        )


def wait_until(condition: Callable[[], bool], timeout: float) -> bool:
    """Look at ``condition`` again and again until it holds; tell whether it did within so many seconds."""
    clock = WallClock()
    while not condition():
        if clock.now() >= timeout:
            return False
        clock.sleep(LOOK_EVERY_S)
    return True


def end(programs: Iterable[Program], *, of_fleet: Path | None = None) -> list[str]:
    """End these programs, SIGTERM first, SIGKILL for what does not obey; return the names of those that still ran.

    Raises RigFault for a process that outlives that.

    :param of_fleet: folder of a fleet, all programs of which are ended, too: those that these have started, and any
        that no file tells of. They are counted.
    """
    running = dict.fromkeys(marked(of_fleet) if of_fleet else (), "a process of the fleet")
    known = set()
    for program in programs:
        identity = parse_identity(program.process)
        if identity is not None and identity.liveness() is Liveness.ALIVE:
            running[identity] = program.name
            known.add(identity)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for identity in _alive(running):
            with contextlib.suppress(ProcessLookupError):
                os.kill(identity.pid, number)
        if wait_until(lambda: not _alive(running), END_S):
            named = [name for identity, name in running.items() if identity in known]
            more = len(running) - len(named)
            return [*named, *([f"{more} more process{'es' if more > 1 else ''} of the fleet"] if more else [])]
    left = ", ".join(f"{running[identity]} ({identity.pid})" for identity in _alive(running))
    raise RigFault(f"still there {END_S:g} s after kill -9: {left}", place="fleet")


def marked(folder: Path) -> list[ProcessIdentity]:
    """Return the processes of this user that belong to the fleet in ``folder``, by what their environment says."""
    mark = f"{FLEET_VARIABLE}={folder}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        pid = int(process.name)
        with contextlib.suppress(OSError):
            if pid != os.getpid() and mark in (process / "environ").read_bytes().split(b"\0"):
                found.append(identity_of(pid))
    return [identity for identity in found if identity is not None]


def _alive(identities: Iterable[ProcessIdentity]) -> list[ProcessIdentity]:
    return [identity for identity in identities if identity.liveness() is Liveness.ALIVE]


def _end_of(text: str) -> str:
    return text.strip()[-400:] or "nothing"

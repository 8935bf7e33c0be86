"""Who started a node: so that what a killed process left behind can be told from what is in use."""

from __future__ import annotations

import enum
import os
import re
from dataclasses import dataclass
from pathlib import Path

_PATTERN = re.compile(r"(?P<pid>\d+)-(?P<started>\d+)-(?P<space>[0-9a-f]+)")


class Liveness(enum.Enum):
    """Whether a process still runs."""

    ALIVE = "alive"
    DEAD = "dead"
    UNKNOWN = "unknown"
    """It belongs to another machine or container, whose processes cannot be seen from here."""


@dataclass(frozen=True)
class ProcessIdentity:
    """A process, told apart from a later one with the same id by its start.

    :param started: clock ticks from the start of the machine to the start of the process (``/proc/<pid>/stat``).
    :param space: identity of the running kernel and of the PID namespace in which ``pid`` means something.
    """

    pid: int
    started: int
    space: str

    def __str__(self) -> str:
        return f"{self.pid}-{self.started}-{self.space}"

    def liveness(self) -> Liveness:
        """Tell whether this very process still runs; unknown if it belongs to another machine or PID namespace."""
        if self.space != _space():
            return Liveness.UNKNOWN
        return Liveness.ALIVE if _start_of(self.pid) == self.started else Liveness.DEAD


def this_process() -> ProcessIdentity:
    """Return the identity of this process."""
    pid = os.getpid()
    return ProcessIdentity(pid, _start_of(pid) or 0, _space())


def identity_of(pid: int) -> ProcessIdentity | None:
    """Return the identity of a process of this machine; None if none with this id runs."""
    started = _start_of(pid)
    return None if started is None else ProcessIdentity(pid, started, _space())


def parse_identity(text: str) -> ProcessIdentity | None:
    """Return the owner that ``str(owner)`` wrote, None if ``text`` is something else."""
    match = _PATTERN.fullmatch(text)
    return ProcessIdentity(int(match["pid"]), int(match["started"]), match["space"]) if match else None


def _start_of(pid: int) -> int | None:
    """Return when the process started, None if there is none or it is only waiting to be reaped (a zombie)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # the second field is the command in parentheses and may hold spaces: proc(5) fields are counted after it
    fields = stat[stat.rindex(")") + 2 :].split()
    state, started = fields[0], fields[19]
    return None if state in "ZX" else int(started)


def _space() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().replace("-", "")[:8]
        namespace = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return "0"
    return f"{boot}{namespace:x}"

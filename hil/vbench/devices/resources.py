"""What a device's program takes of this machine: memory, descriptors and threads, as Linux tells them in ``/proc``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from hil.child_process import children, family

PROC = Path("/proc")

_PRIVATE = re.compile(r"^(?:RssAnon|VmSwap):\s+(\d+) kB$", re.MULTILINE)
_THREADS = re.compile(r"^Threads:\s+(\d+)$", re.MULTILINE)


class Resources(NamedTuple):
    """Of one program with all processes that it started.

    :param pid: of the program itself; another one means that it was started anew.
    :param memory_kib: memory of its own, in RAM or swapped out; code and files that are mapped are not in it.
    """

    pid: int
    memory_kib: int
    threads: int
    descriptors: int


def used_by(pid: int, *, hosted: bool = False) -> Resources | None:
    """Return what the program ``pid`` takes; None if it has ended, or its processes end while they are looked at.

    :param hosted: ``pid`` runs a device's program for it and is none itself: what it started counts alone.
    """
    try:
        first = children(pid)[0] if hosted else pid
        members = family(first)
        statuses = [(PROC / str(each) / "status").read_text() for each in members]
        memory = sum(int(kib) for status in statuses for kib in _PRIVATE.findall(status))
        threads = sum(int(count) for status in statuses for count in _THREADS.findall(status))
        descriptors = sum(len(list((PROC / str(each) / "fd").iterdir())) for each in members)
    except (OSError, IndexError):
        return None
    return Resources(first, memory, threads, descriptors) if memory else None

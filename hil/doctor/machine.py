"""The machine: processors, memory, clock, and what the kernel and the distribution allow."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hil import faketime, private_folder
from hil.chain.node.folders import memory_folder
from hil.doctor.finding import Probe, look_at, not_needed, ok, problem, warning

if TYPE_CHECKING:
    from hil.doctor.finding import Finding, Sight, Surroundings

OLDEST_PYTHON: Final = (3, 11)
"""``requires-python`` of pyproject.toml."""

MEMORY_MB: Final = 250
"""What a run of the whole suite takes: 130 MB for the test process, 51 MB for the node (docs/how-to/choose-a-node.md),
and the virtual bench."""

SHARED_MB: Final = 32
"""Of ``/dev/shm``: ten nodes of 3.2 MB at the end of a long run (docs/how-to/choose-a-node.md)."""

FONTS: Final = ("/usr/share/fonts", "/usr/local/share/fonts")
"""Folders of fontconfig that all users share."""

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "firefox")

_UNSYNCHRONISED: Final = 0x40
"""``STA_UNSYNC`` of adjtimex(2)."""

_TIME_ERROR: Final = 5
"""What adjtimex(2) returns if the clock is not synchronised."""


class _Timex(ctypes.Structure):
    """``struct timex`` of adjtimex(2), as far as it is read; the rest is room for the kernel."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("frequency", ctypes.c_long),
        ("largest_error_us", ctypes.c_long),
        ("estimated_error_us", ctypes.c_long),
        ("status", ctypes.c_int),
        ("room", ctypes.c_byte * 512),
    )


def look(_: Surroundings) -> list[Finding]:
    """Look at the machine."""
    return look_at(
        Probe("machine.python", "Python", python),
        Probe("machine.processors", "processors", processors, optional=True),
        Probe("machine.memory", "memory", memory),
        Probe("machine.shared-memory", "memory folder", shared_memory),
        Probe("machine.clock", "clock", clock, optional=True),
        Probe("machine.namespaces", "mount namespaces", namespaces, optional=True),
        Probe("machine.faketime", "libfaketime", calendar, optional=True),
        Probe("machine.browser", "browser for PDF", browser, optional=True),
        Probe("machine.fonts", "fonts for PDF", fonts, optional=True),
    )


def python() -> Sight:
    """Look at the interpreter: at least 3.11, and of 64 bits."""
    bits = 64 if sys.maxsize > 1 << 32 else 32
    seen = f"{platform.python_version()}, {bits} bits, {platform.machine()}, {sys.executable}"
    if sys.version_info < OLDEST_PYTHON:
        return problem(seen, f"Install Python {'.'.join(map(str, OLDEST_PYTHON))} or newer, and hil into it.")
    if bits < 64:
        return problem(seen, "Install a Python of 64 bits.")
    return ok(seen)


def processors() -> Sight:
    """Look at the processors that this process may use, and at their load of the last minute."""
    count, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    seen = f"{count} for this process, load {load:.2f} in the last minute"
    if load > 2 * count:
        return warning(seen, "Wait until other work has ended before a run in real time: it would be late.")
    return ok(seen)


def memory() -> Sight:
    """Look at the memory that is available (proc(5), ``MemAvailable``)."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    figures = {name: int(rest.split()[0]) // 1024 for name, _, rest in (line.partition(":") for line in lines)}
    seen = f"{figures['MemAvailable']} of {figures['MemTotal']} MiB available"
    if figures["MemAvailable"] < MEMORY_MB:
        return problem(seen, f"End other programs: a run takes {MEMORY_MB} MiB.")
    return ok(seen)


def shared_memory() -> Sight:
    """Look at the folder in memory in which nodes keep their data."""
    folder = memory_folder()
    free = shutil.disk_usage(folder).free >> 20
    if folder != Path("/dev/shm"):  # noqa: S108 - only its name is compared
        return warning(
            f"cannot be written to: nodes keep their data in {folder}", "Mount a tmpfs on /dev/shm, mode 1777."
        )
    if free < SHARED_MB:
        return problem(f"{folder}, {free} MiB free", f"Free {SHARED_MB} MiB; in a container: --shm-size=64m or more.")
    return ok(f"{folder}, {free} MiB free")


def clock() -> Sight:
    """Ask the kernel whether the calendar clock is synchronised (adjtimex(2)); nothing is set."""
    read = _Timex()
    libc = ctypes.CDLL(None, use_errno=True)
    returned = libc.adjtimex(ctypes.byref(read))
    if returned == -1:
        return warning(f"cannot be asked ({os.strerror(ctypes.get_errno())})", "Look at the host's clock by hand.")
    if returned == _TIME_ERROR or read.status & _UNSYNCHRONISED:
        remedy = "Install and start chrony, or: timedatectl set-ntp true. In a container or VM: look at the host."
        return warning("the kernel says that it is not synchronised; dates in reports may be wrong", remedy)
    return ok(f"synchronised, largest error {read.largest_error_us / 1000:.0f} ms")


def namespaces() -> Sight:
    """Try a file system of one's own, as scenarios about a device's storage need it."""
    why = private_folder.why_unavailable()
    if why:
        remedy = "Install util-linux, and allow user namespaces: sysctl kernel.unprivileged_userns_clone=1"
        return not_needed(f"{why}; storage scenarios of device programs are not applicable", remedy)
    return ok("a device's program can have a storage that fails")


def calendar() -> Sight:
    """Look for libfaketime, as scenarios about a device's calendar need it."""
    found = faketime.library()
    if found is None:
        return not_needed("not there; calendar scenarios of device programs are not applicable", "apt install faketime")
    return ok(str(found))


def browser() -> Sight:
    """Look for a browser that prints PDF; no report uses one yet."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    seen = f"{found} is there" if found else "none is there"
    return not_needed(f"{seen}; reports are HTML, and nothing makes a PDF yet", "Print the report from any browser.")


def fonts() -> Sight:
    """Count the fonts that a browser could print with; no report is printed by one yet."""
    files = [path for folder in FONTS for kind in ("ttf", "otf") for path in Path(folder).rglob(f"*.{kind}")]
    seen = f"{len(files)} are there" if files else "none is there"
    return not_needed(f"{seen}; nothing makes a PDF yet", "apt install fonts-dejavu-core")

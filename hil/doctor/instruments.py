"""What reaches instruments and lines: serial ports, USB, VISA backends, labgrid's coordinator, ser2net."""

from __future__ import annotations

import os
import shutil
from functools import partial
from typing import TYPE_CHECKING, Final

import pyvisa
from pyvisa.highlevel import list_backends
from pyvisa_py.highlevel import PyVisaLibrary

from hil.doctor.access import host_and_port, how_to_open, listens, may_open
from hil.doctor.finding import Probe, look_at, not_needed, ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hil.doctor.finding import Finding, Sight, Surroundings

SERIAL_PORTS: Final = ("ttyUSB*", "ttyACM*")
"""Device files of serial adapters on USB."""

USB_INSTRUMENTS: Final = ("usbtmc*",)
"""Device files of the kernel's driver for instruments on USB."""

NEEDED: Final = ("TCPIP SOCKET", "TCPIP INSTR", "ASRL INSTR")
"""Kinds of VISA resources without which the drivers of this framework cannot work."""

COORDINATOR: Final = "LG_COORDINATOR"
COORDINATOR_PORT: Final = 20408
"""labgrid's own."""

ADMINISTRATORS_PATH: Final = "/usr/sbin:/sbin"
"""Debian puts servers there, which is not on the PATH of a user."""


def look(around: Surroundings) -> list[Finding]:
    """Look at what reaches instruments."""
    return look_at(
        Probe("instruments.serial", "serial ports", partial(ports, around.devices, SERIAL_PORTS)),
        Probe("instruments.usb", "USB instruments", partial(ports, around.devices, USB_INSTRUMENTS)),
        Probe("instruments.visa", "VISA", visa),
        Probe("instruments.coordinator", "coordinator", coordinator),
        Probe("instruments.ser2net", "ser2net", ser2net, optional=True),
    )


def ports(devices: Path, patterns: Sequence[str]) -> Sight:
    """Look at the device files that match; one that this user may not open is a warning: a rig may not use it."""
    found = sorted(path for pattern in patterns for path in devices.glob(pattern))
    if not found:
        return not_needed("none here", "Connect one, if a rig needs it; in a container: --device.")
    if refused := [path for path in found if not may_open(path)]:
        return warning(f"{_names(refused)} may not be opened by this user", how_to_open(refused))
    return ok(f"{_names(found)} may be opened")


def visa() -> Sight:
    """Ask pyvisa for its backends, and pyvisa-py for what it can open."""
    told = PyVisaLibrary.get_debug_info()
    able = {kind: str(what) for kind, what in told.items() if str(what).startswith("Available")}
    backends = ", ".join(f"@{name}" for name in list_backends())
    seen = f"pyvisa {pyvisa.__version__} with {backends}; pyvisa-py {told['Version']} opens {', '.join(sorted(able))}"
    if missing := [kind for kind in NEEDED if kind not in able]:
        return problem(f"{seen}; {', '.join(missing)} is missing", "pip install --force-reinstall pyvisa-py pyserial")
    return ok(seen)


def coordinator() -> Sight:
    """Look whether labgrid's coordinator listens, if one is named."""
    address = os.environ.get(COORDINATOR)
    if not address:
        return not_needed(f"{COORDINATOR} names none", f"Set {COORDINATOR}=HOST:{COORDINATOR_PORT} for a RemotePlace.")
    try:
        host, port = host_and_port(address, COORDINATOR_PORT)
    except ValueError as error:
        return problem(f"{COORDINATOR}: {error}", f"Set {COORDINATOR}=HOST:{COORDINATOR_PORT}.")
    return listens(host, port, f"Start labgrid-coordinator there, or mend or unset {COORDINATOR}.")


def ser2net() -> Sight:
    """Look for the server that offers this machine's serial ports to rigs elsewhere."""
    found = shutil.which("ser2net") or shutil.which("ser2net", path=ADMINISTRATORS_PATH)
    if found is None:
        return not_needed("not installed", "apt install ser2net, if rigs elsewhere use this machine's serial ports.")
    return ok(found)


def _names(paths: Sequence[Path]) -> str:
    return ", ".join(str(path) for path in paths)

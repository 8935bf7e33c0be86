"""How to look at a resource of a rig file: by a TCP connection without a byte, or at the rights of its device file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pyvisa import rname

from hil.doctor.access import device_file, host_and_port, how_to_open, listens, may_open
from hil.doctor.finding import not_needed, ok, problem
from hil.rig.config.addresses import MODBUS_PORT
from hil.rig.config.visa_resource import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hil.doctor.finding import Sight, Surroundings
    from hil.rig.config.addresses import Part

VXI11_PORT: Final = 111
"""Of the port mapper, which a VXI-11 instrument is asked for first (VXI-11, B.3)."""

HISLIP_PORT: Final = 4880
"""Of HiSLIP (IVI-6.1)."""

CONNECTION: Final = "Check that it is on, connected, and at this address; a socket server must be enabled on it."


@dataclass(frozen=True)
class Listener:
    """A TCP port to connect to."""

    host: str
    port: int

    def __call__(self) -> Sight:
        """Connect, and close at once."""
        return listens(self.host, self.port, CONNECTION)


@dataclass(frozen=True)
class DeviceFile:
    """A device file to look at."""

    path: Path

    def __call__(self) -> Sight:
        """Look whether it is there and this user may open it."""
        return device_file(self.path)


@dataclass(frozen=True)
class UsbDevice:
    """A device on USB, by its identity.

    :param serial: its serial number; empty: any.
    :param listed: where the kernel lists devices (sysfs).
    :param files: folder of the files by which they are opened, e.g. ``/dev/bus/usb``.
    """

    vendor: int
    model: int
    serial: str
    listed: Path
    files: Path

    def __call__(self) -> Sight:
        """Look whether it is connected and this user may open it."""
        name = f"{self.vendor:04x}:{self.model:04x} {self.serial}".strip()
        for folder in sorted(self.listed.glob("*")):
            if self._is(folder):
                bus, device = (int(_read(folder / which)) for which in ("busnum", "devnum"))
                file = self.files / f"{bus:03}" / f"{device:03}"
                if not may_open(file):
                    return problem(f"{name} may not be opened by this user ({file})", how_to_open([file]))
                return ok(f"{name} is connected and may be opened ({file})")
        return problem(f"{name} is not connected", "Connect it and switch it on; lsusb lists what is there.")

    def _is(self, folder: Path) -> bool:
        vendor, model, serial = (_read(folder / which) for which in ("idVendor", "idProduct", "serial"))
        if not vendor or (int(vendor, 16), int(model, 16)) != (self.vendor, self.model):
            return False
        return self.serial in ("", serial)


@dataclass(frozen=True)
class Unknown:
    """A resource of which this module does not know how to look at it."""

    what: str

    def __call__(self) -> Sight:
        """Tell so."""
        return not_needed(f"{self.what}: not looked at", "hil rig check opens it.")


@dataclass(frozen=True)
class Wrong:
    """A resource, of an exporter perhaps, whose arguments cannot be read."""

    what: str

    def __call__(self) -> Sight:
        """Tell so."""
        return problem(self.what, "Mend it where it is described: the rig file, or the exporter's file.")


def sight_of(part: Part, around: Surroundings) -> Callable[[], Sight]:
    """Return how to look at ``part``; equal for parts at one address."""
    try:
        return _sight_of(part, around)
    except (KeyError, ValueError) as error:
        return Wrong(f"{part.kind} '{part.name}' cannot be read ({type(error).__name__}: {error})")


def _sight_of(part: Part, around: Surroundings) -> Callable[[], Sight]:
    arguments: Mapping[str, Any] = part.arguments
    if part.kind == "ModbusTCPCoil":
        return Listener(*host_and_port(str(arguments["host"]), MODBUS_PORT))
    if part.kind == "NetworkSerialPort":
        return Listener(str(arguments["host"]), int(arguments["port"]))
    if part.kind == "RawSerialPort":
        return DeviceFile(Path(str(arguments["port"])))
    if part.kind == "VisaInstrument":
        return _visa(str(arguments["resource"]), around)
    return Unknown(part.kind)


def _visa(resource: str, around: Surroundings) -> Callable[[], Sight]:
    parsed = rname.ResourceName.from_string(resource)
    if isinstance(parsed, rname.TCPIPSocket):
        return Listener(parsed.host_address, int(parsed.port))
    if isinstance(parsed, rname.TCPIPInstr):
        device, _, port = parsed.lan_device_name.partition(",")
        hislip = device.casefold().startswith("hislip")
        return Listener(parsed.host_address, int(port or HISLIP_PORT) if hislip else VXI11_PORT)
    if isinstance(parsed, rname.ASRLInstr) and "://" not in parsed.board:
        return DeviceFile(Path(parsed.board))
    if isinstance(parsed, rname.USBInstr):
        number = "" if parsed.serial_number == "NULL" else parsed.serial_number
        vendor, model = int(parsed.manufacturer_id, 0), int(parsed.model_code, 0)
        return UsbDevice(vendor, model, number, around.usb, around.devices / "bus/usb")
    return Unknown(canonical(resource))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""

"""VISA resource strings of a rig file, looked through at a desk: what is wrong with one, before anything is opened.

pyvisa is loaded when there is such a string: a check without a rig starts sooner.
"""

from __future__ import annotations

import ipaddress
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyvisa import rname

ENDINGS = ("INSTR", "SOCKET")
"""The resource classes with which a string ends here."""

PORTS = range(1, 65536)
"""Of TCP."""

_EXAMPLES = "TCPIP::192.0.2.1::5025::SOCKET, TCPIP::192.0.2.1::INSTR, ASRL/dev/ttyUSB0::INSTR"


def visa_flaw(resource: str) -> str:
    """Return what is wrong with a VISA resource string, and how it is written; ``""`` if nothing is."""
    from pyvisa import rname

    *before, ending = resource.split("::")
    if ending not in ENDINGS:
        close = get_close_matches(ending.upper(), ENDINGS, n=1)
        meant = f". Did you mean '::{close[0]}'?" if close else ""
        return f"'{resource}' does not end with ::INSTR or ::SOCKET{meant or f'; written like {_EXAMPLES}'}"
    if not all(part.strip() for part in before):
        return f"'{resource}' has nothing between two '::'; written like {_EXAMPLES}"
    try:
        parsed = rname.ResourceName.from_string(resource)
    except rname.InvalidResourceName:
        return f"'{resource}' is no VISA resource; written like {_EXAMPLES}"
    return next((f"'{resource}': {flaw}" for flaw in _flaws(parsed) if flaw), "")


def canonical(resource: str) -> str:
    """Return the one spelling of a VISA resource string: ``TCPIP`` and ``TCPIP0`` are one; as it is if it is none."""
    from pyvisa import rname

    try:
        return str(rname.ResourceName.from_string(resource)).casefold()
    except rname.InvalidResourceName:
        return resource.casefold()


def _flaws(parsed: rname.ResourceName) -> tuple[str, ...]:
    from pyvisa import rname

    if isinstance(parsed, rname.TCPIPSocket):
        return host_flaw(parsed.host_address), port_flaw(parsed.port)
    if isinstance(parsed, rname.TCPIPInstr):
        device = parsed.lan_device_name
        missing = f"{device} looks like a port, and a port ends with ::SOCKET" if device.isdecimal() else ""
        return host_flaw(parsed.host_address), missing
    if isinstance(parsed, rname.ASRLInstr):
        named = parsed.user is None or re.match(r"ASRL[^:]", parsed.user, re.IGNORECASE)
        return ("" if named else "the serial port is missing; written like ASRL/dev/ttyUSB0::INSTR",)
    if isinstance(parsed, rname.GPIBInstr):
        return ("" if _is_gpib(parsed.primary_address) else f"GPIB has addresses 0 to {HIGHEST_GPIB}",)
    if isinstance(parsed, rname.USBInstr):
        ids = (parsed.manufacturer_id, parsed.model_code)
        odd = next((each for each in ids if not re.fullmatch(r"0x[0-9A-Fa-f]{1,4}|[0-9]{1,5}", each)), "")
        return (f"{odd} is no number of a USB maker or product; written like 0x0AAD" if odd else "",)
    return ()


HIGHEST_GPIB = 30
"""Primary addresses (IEEE 488.1)."""


def _is_gpib(address: str) -> bool:
    return re.fullmatch("[0-9]{1,2}", address) is not None and int(address) <= HIGHEST_GPIB


def host_flaw(host: str) -> str:
    """Return what is wrong with the name or address of a host, ``""`` if nothing is seen to be."""
    if not host or re.search(r"\s", host):
        return f"the host is missing (read: {host!r})" if not host.strip() else f"'{host}' is no host: it holds a space"
    if re.fullmatch(r"[\d.]+", host):
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            return f"'{host}' is no IPv4 address: four numbers from 0 to 255"
    return ""


def port_flaw(port: object) -> str:
    """Return what is wrong with the number of a TCP port, ``""`` if nothing is."""
    text = str(port)
    if not isinstance(port, bool) and re.fullmatch(r"\d{1,9}", text, re.ASCII) and int(text) in PORTS:
        return ""
    return f"port {text} is none of TCP: {PORTS.start} to {PORTS.stop - 1}"

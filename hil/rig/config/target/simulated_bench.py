"""What a rig file says of its simulated bench, looked through at a desk: labgrid tells it late and without a place."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from hil.errors import nearest
from hil.rig.config.addresses import Keys, Part, parts

CLOCKS = ("virtual", "wall")
"""As fast as it can, or real time with the devices as processes of their own."""

COILS = 4
"""Of the simulated relay board, K1 to K4."""

BUSES = re.compile("(?:USB|GPIB|PXI|VXI)", re.IGNORECASE)
"""Of VISA, none of which a simulated bench has."""


def wrong_bench(target: Mapping[str, Any]) -> list[tuple[Keys, str]]:
    """Return what is wrong with a VirtualBench and with what is on it, each with the keys that lead to its place."""
    resources = parts(target, "resources")
    benches = [part for part in resources if part.kind == "VirtualBench"]
    found = [flaw for bench in benches for flaw in _bench_flaws(bench)]
    if benches:
        found += [flaw for part in resources for flaw in _flaws_on_it(part)]
    return [(keys, f"targets.main.resources: {what}") for keys, what in found]


def _bench_flaws(bench: Part) -> Iterator[tuple[Keys, str]]:
    clock = bench.arguments.get("clock", "virtual")
    if clock not in CLOCKS:
        yield (*bench.keys, "clock"), f"'{clock}' is no clock{nearest(str(clock), CLOCKS)}"
    standing = bench.arguments.get("standing", False)
    if not isinstance(standing, bool):
        yield (*bench.keys, "standing"), f"'{standing}' is neither true nor false"
    address = str(bench.arguments.get("address", ""))
    if address and "$" not in address and not _is_loopback(address):
        what = "is no address of this machine's loopback: 127.0.0.1 to 127.255.255.254, or left out"
        yield (*bench.keys, "address"), f"'{address}' {what}"


def _flaws_on_it(part: Part) -> Iterator[tuple[Keys, str]]:
    coil = part.arguments.get("coil")
    if part.kind == "ModbusTCPCoil" and isinstance(coil, int) and coil >= COILS:
        yield (*part.keys, "coil"), f"the simulated board has coils 0 to {COILS - 1}, not {coil}"
    resource = str(part.arguments.get("resource", ""))
    if part.kind == "VisaInstrument" and BUSES.match(resource):
        what = "is on a bus that a simulated bench has not; written like TCPIP::$LG_HIL_BENCH::5025::SOCKET"
        yield (*part.keys, "resource"), f"'{resource}' {what}"


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.IPv4Address(address).is_loopback
    except ValueError:
        return address == "localhost"

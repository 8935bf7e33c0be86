"""Whether a rig that failed can still be reached: a cut network must not be told as the fault of one of its parts."""

from __future__ import annotations

import re
import socket

from hil.fleet.states import PlaceState
from hil.rig.config.addresses import MODBUS_PORT

ANSWER_S = 1.0
"""For a machine to take, or to refuse, a connection."""


def machines_of(place: PlaceState) -> dict[str, int]:
    """Return the machines on which relays and instruments of a place are, each with a port on which one listens.

    Those that are reached through ssh are left out: what is reached is the exporter's machine.
    """
    found: dict[str, int] = {}
    for name, (kind, arguments) in place.addresses.items():
        if name in place.ways:
            continue
        if kind == "ModbusTCPCoil":
            host, _, port = str(arguments.get("host", "")).partition(":")
            found.setdefault(host, int(port or MODBUS_PORT))
        elif kind == "VisaInstrument" and (
            socket_address := re.fullmatch(r"TCPIP\d*::(.+)::(\d+)::SOCKET", str(arguments.get("resource", "")))
        ):
            found.setdefault(socket_address[1], int(socket_address[2]))
    return found


def why_silent(place: PlaceState) -> str:
    """Return in words that no machine of a place can be reached from here; empty if one can, or none is known."""
    machines = machines_of(place)
    if not machines or any(_answers(host, port) for host, port in machines.items()):
        return ""
    tried = ", ".join(f"{host}:{port}" for host, port in machines.items())
    return f"nothing of it can be reached from this machine ({tried}): its network is cut, or it has no power"


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), ANSWER_S).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return True

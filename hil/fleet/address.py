"""Where the coordinator is."""

from __future__ import annotations

import os
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

ADDRESS_VARIABLE: Final = "LG_COORDINATOR"

DEFAULT_ADDRESS: Final = "127.0.0.1:20408"
"""labgrid's own, if the environment names none and no virtual fleet is up."""

VIRTUAL_FLEETS: Final = ip_network("127.32.0.0/11")
"""Loopback addresses that virtual fleets have, and nothing else of the framework."""


def coordinator_address(root: Path) -> str:
    """Return the address of the coordinator for the laboratory at ``root``, ``HOST:PORT``.

    It is the one that ``LG_COORDINATOR`` names, else that of the laboratory's virtual fleet, else labgrid's own.
    """
    from hil.fleet.virtual_fleet import info

    if named := os.environ.get(ADDRESS_VARIABLE):
        return named
    fleet = info(root)
    return DEFAULT_ADDRESS if fleet is None else fleet.coordinator


def remedy_for(address: str) -> str:
    """Return what a person does if no coordinator answers at ``address``."""
    named = os.environ.get(ADDRESS_VARIABLE)
    if named is None and _of_virtual_fleet(address):
        return (
            "It belongs to the virtual fleet of this laboratory: hil fleet up with the same number starts it again. Or"
            f" name another coordinator: export {ADDRESS_VARIABLE}=HOST:PORT"
        )
    if named is None and address == DEFAULT_ADDRESS:
        return (
            f"{ADDRESS_VARIABLE} is not set, and this laboratory has no virtual fleet. Name your coordinator: export"
            f" {ADDRESS_VARIABLE}=HOST:PORT. Or start a virtual fleet: hil fleet up 3"
        )
    return f"Start labgrid-coordinator there, or mend {ADDRESS_VARIABLE}."


def _of_virtual_fleet(address: str) -> bool:
    try:
        return ip_address(address.rpartition(":")[0]) in VIRTUAL_FLEETS
    except ValueError:
        return False

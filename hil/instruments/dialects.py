"""Which driver speaks to which instrument. A new dialect is one driver file and one line in a table here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from hil.errors import RigFault, nearest
from hil.instruments.dl3021 import Dl3021
from hil.instruments.hmc8015 import Hmc8015
from hil.instruments.it8615 import It8615
from hil.instruments.meter_limits import MakersLimits
from hil.instruments.scpi import query_identity
from hil.instruments.transport import TIMEOUT, Observer, Transport
from hil.instruments.wt310e import Wt310e
from hil.ports import Identity, Load, Meter
from hil.units import Second, Watt


class MeterDriver(Protocol):
    """A driver, and what it says of every meter of its kind."""

    update_period: Second
    limits: MakersLimits

    def __call__(self, transport: Transport, identity: Identity, /) -> Meter: ...


class LoadDriver(Protocol):
    """A driver, and what it says of every load of its kind."""

    max_power: Watt

    def __call__(self, transport: Transport, identity: Identity, /) -> Load: ...


METERS: Mapping[str, MeterDriver] = {
    "Rohde&Schwarz HMC8015": Hmc8015,
    "YOKOGAWA WT310E": Wt310e,
}
"""Power meters by the manufacturer and model that ``*IDN?`` tells, in any case of letters."""

LOADS: Mapping[str, LoadDriver] = {
    "ITECH IT8615": It8615,
    "RIGOL TECHNOLOGIES DL3021": Dl3021,
}
"""Electronic loads, likewise."""

T = TypeVar("T")


def open_meter(name: str, resource: str, *, timeout: float = TIMEOUT, observer: Observer | None = None) -> Meter:
    """Open the power meter ``name`` at a VISA resource and choose its driver by ``*IDN?``; nothing is set yet.

    Raises RigFault if it is not there, does not answer within ``timeout`` seconds, or is no meter that is known.
    """
    return _open(Transport(name, resource, timeout=timeout, observer=observer), "meter", METERS)


def open_load(name: str, resource: str, *, timeout: float = TIMEOUT, observer: Observer | None = None) -> Load:
    """Open the electronic load ``name``, likewise."""
    return _open(Transport(name, resource, timeout=timeout, observer=observer), "load", LOADS)


def _open(transport: Transport, kind: str, drivers: Mapping[str, Callable[[Transport, Identity], T]]) -> T:
    try:
        identity = query_identity(transport)
        read = f"{identity.manufacturer} {identity.model}"
        for model, driver in drivers.items():
            if model.casefold() == read.casefold():
                return driver(transport, identity)
        raise RigFault(
            f"'{read}' is not a {kind} with a driver{nearest(read, drivers)}",
            place=transport.place,
            remedy="See whether the resources in the rig file are swapped; hil rig dialects lists the known ones, and"
            " docs/how-to/add-a-dialect.md tells how to add one.",
        )
    except BaseException:
        transport.close()
        raise

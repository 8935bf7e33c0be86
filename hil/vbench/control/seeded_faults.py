"""Faults that the controller seeds in the virtual bench itself: relays, instruments, meters, storages, connections.

A reset mends them all. What they do is what the real part does when it fails; nothing tells the test side of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import ConfigurationError, nearest
from hil.vbench.devices.storage import SLOW, STORAGE_FAULTS, DeviceStorage
from hil.vbench.io import instrument_port
from hil.vbench.plant import relay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.vbench.bench import Bench
    from hil.vbench.plant.relay import Relay

FREEZING, DRIFTING = "freezes", "drifts"
SILENT, STANDING_STILL, STEPPING_BACK = "falls silent", "stands still", "steps back by 1 Wh"
MENDED = "works again"
METERS = ("meter", "socket meter", "cable meter")
STORAGES = ("socket storage", "cable storage")
SOCKET_CONTACT = "socket contact"


def seed(bench: Bench, part: str, fault: str, amount: float) -> None:
    """Let ``part`` fail from now on.

    :param part: ``K1`` to ``K4``, ``socket contact``, ``meter``, ``load``, ``socket meter``, ``cable meter``,
        ``socket storage``, ``cable storage``.
    :param amount: of a drift, as a fraction of the reading; of bouncing and chattering, in seconds, 0: as usual; of a
        slow storage, the seconds of each write.
    :raises ConfigurationError: there is no such part, or it cannot fail like that.
    """
    relays = _relays(bench)
    if part in relays:
        relays[part].fault = _one_of(fault, relay.FAULTS)
        relays[part].bounce_s = amount or relay.BOUNCE_S
        if fault == relay.CHATTERING:
            relays[part].chatter(amount or relay.CHATTER_S)
    elif part in METERS and fault == DRIFTING:
        bench.meter.fail(gain=1.0 + amount) if part == "meter" else bench.device(part.partition(" ")[0]).drift(amount)
    elif part == "socket meter" and fault == STEPPING_BACK:
        bench.device("socket").step_meter_back(1.0)
    elif part == "socket meter":
        known_faults = (SILENT, STANDING_STILL, STEPPING_BACK, DRIFTING)
        bench.device("socket").fail_meter(silent=_one_of(fault, known_faults) == SILENT)
    elif part in STORAGES:
        storage = bench.device(part.partition(" ")[0]).storage
        if _one_of(fault, (*STORAGE_FAULTS, SLOW, MENDED)) == MENDED:
            storage.mend()
        elif fault == SLOW:
            if not isinstance(storage, DeviceStorage):
                raise ConfigurationError("the writes of a program take this machine's time", place="fault.fault")
            storage.slow_down(amount)
        else:
            storage.fail(fault)
    elif part == "meter" and fault == FREEZING:
        bench.meter.fail(frozen=True)
    elif part in bench.instrument_ports:
        more = (FREEZING, DRIFTING) if part == "meter" else ()
        bench.instrument_ports[part].fail(_one_of(fault, (*instrument_port.FAULTS, *more)))
    else:
        known = (*relays, *METERS, *STORAGES, *bench.instrument_ports)
        raise ConfigurationError(f"'{part}' is not a part that can fail{nearest(part, known)}", place="fault.part")


def mend(bench: Bench) -> None:
    """Let everything work again but what is the devices' own, meters and storages: that stays until the next reset."""
    bench.meter.mend()
    for port in bench.instrument_ports.values():
        port.mend()
    for each in _relays(bench).values():
        each.mend()


def _relays(bench: Bench) -> dict[str, Relay]:
    plant = bench.model.plant
    return {**{f"K{number}": each for number, each in enumerate(plant.relays, 1)}, SOCKET_CONTACT: plant.contact}


def _one_of(fault: str, known: Sequence[str]) -> str:
    if fault not in known:
        raise ConfigurationError(f"'{fault}' is not a way to fail{nearest(fault, known)}", place="fault.fault")
    return fault

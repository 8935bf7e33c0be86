"""Which instruments a bench has: by the name that rig files and ``--meter`` and ``--load`` use.

They are plug-ins of the groups ``hil.virtual_meters`` and ``hil.virtual_loads`` (:mod:`hil.plugins`); those of the
framework too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from hil.errors import ConfigurationError, nearest
from hil.plugins import registry
from hil.plugins.groups import VIRTUAL_LOADS, VIRTUAL_METERS, Group
from hil.vbench.plant.terminals import ElectronicLoadState, LoadInstrument

if TYPE_CHECKING:
    from hil.vbench.instruments.deferred_meter import MeterInstrument

Now: TypeAlias = Callable[[], float]


class VirtualMeter(Protocol):
    """What a plug-in of ``hil.virtual_meters`` is: called with what returns the present instant, it gives a meter.

    One whose ``on_serial`` is true has RS-232: the bench gives it a PTY beside the raw socket.
    """

    def __call__(self, now: Now, /) -> MeterInstrument: ...


class VirtualLoad(Protocol):
    """What a plug-in of ``hil.virtual_loads`` is, likewise; it acts on the plant by its ``state``."""

    def __call__(self, state: ElectronicLoadState, now: Now, /) -> LoadInstrument: ...


@dataclass(frozen=True)
class Instruments:
    """The dialects of one bench."""

    meter: str = "hmc8015"
    load: str = "it8615"

    def build(self, state: ElectronicLoadState, now: Now) -> tuple[MeterInstrument, LoadInstrument]:
        """Return meter and load; ConfigurationError for one that the bench does not have, or that cannot be loaded."""
        return virtual_meter(self.meter)(now), virtual_load(self.load)(state, now)

    @property
    def on_serial(self) -> tuple[str, ...]:
        """The roles that have a serial port."""
        chosen = {"meter": virtual_meter(self.meter), "load": virtual_load(self.load)}
        return tuple(role for role, kind in chosen.items() if getattr(kind, "on_serial", False))


def virtual_meter(name: str) -> VirtualMeter:
    """Return what makes the virtual meter of that name; raises ConfigurationError as ``Instruments.build`` does."""
    made: VirtualMeter = _known("meter", name, VIRTUAL_METERS)
    return made


def virtual_load(name: str) -> VirtualLoad:
    """Return what makes the virtual load of that name, likewise."""
    made: VirtualLoad = _known("load", name, VIRTUAL_LOADS)
    return made


def _known(role: str, name: str, group: Group) -> Any:
    plugin = registry.look_for(group, name)
    if plugin is None:
        known = nearest(name, registry.names(group))
        raise ConfigurationError(f"'{name}' is not a virtual {role}{known}", place=f"VirtualBench.{role}")
    return plugin.load()

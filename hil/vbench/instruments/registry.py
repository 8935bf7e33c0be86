"""Which instruments a bench has: dialects by the name that rig files and ``--meter`` and ``--load`` use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from hil.errors import ConfigurationError, nearest
from hil.vbench.instruments.dl3021 import Dl3021
from hil.vbench.instruments.hmc8015 import Hmc8015
from hil.vbench.instruments.it8615 import It8615
from hil.vbench.instruments.wt310e import Wt310e
from hil.vbench.plant.terminals import ElectronicLoadState, LoadInstrument

if TYPE_CHECKING:
    from hil.vbench.instruments.deferred_meter import MeterInstrument

Now: TypeAlias = Callable[[], float]

METERS: Mapping[str, Callable[[Now], MeterInstrument]] = {
    "hmc8015": Hmc8015,
    "wt310e": Wt310e,
}
LOADS: Mapping[str, Callable[[ElectronicLoadState, Now], LoadInstrument]] = {
    "it8615": It8615,
    "dl3021": Dl3021,
}

SERIAL = frozenset({"wt310e"})
"""Dialects whose instrument has RS-232: the bench gives them a PTY beside the raw socket."""

T = TypeVar("T")


@dataclass(frozen=True)
class Instruments:
    """The dialects of one bench."""

    meter: str = "hmc8015"
    load: str = "it8615"

    def build(self, state: ElectronicLoadState, now: Now) -> tuple[MeterInstrument, LoadInstrument]:
        """Return meter and load; raises ConfigurationError for a dialect that the bench does not have."""
        return _known("meter", self.meter, METERS)(now), _known("load", self.load, LOADS)(state, now)

    @property
    def on_serial(self) -> tuple[str, ...]:
        """The roles that have a serial port."""
        return tuple(role for role in ("meter", "load") if getattr(self, role) in SERIAL)


def _known(role: str, name: str, dialects: Mapping[str, T]) -> T:
    if name not in dialects:
        raise ConfigurationError(
            f"'{name}' is not a virtual {role}{nearest(name, dialects)}", place=f"VirtualBench.{role}"
        )
    return dialects[name]

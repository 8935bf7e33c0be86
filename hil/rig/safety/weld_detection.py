"""Contacts that were told to open and did not, in the middle of a session and without a mirror contact.

The coil reads back open; the meter still shows voltage behind K1, or current through K2; a device goes on talking
though K3 or K4 took its supply away. Open contacts let none of that through, so it is the bench's fault and not the
device's, whatever the scenario makes of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import RigFault
from hil.evidence.event_intervals import DEAD_V
from hil.rig.safety.meter_plausibility import STALE_AFTER_S
from hil.units import format_quantity

if TYPE_CHECKING:
    from hil.ports import Reading

METER_PATIENCE_S = STALE_AFTER_S + 0.3
"""From the coil's read-back: contact time, two update periods, and then a meter that stands has been found already."""

SUPPLY_PATIENCE_S = 2.0
"""The capacitors of a supply feed small electronics for some hundred milliseconds."""


class ContactWatch:
    """Told of every switching, every reading while something is open, and everything that a device says.

    :param off_w: power in W below which nothing flows as far as the meter can tell.
    """

    def __init__(self, off_w: float) -> None:
        self._off_w = off_w
        self._opened: dict[str, float] = {}

    @property
    def idle(self) -> bool:
        """Whether nothing was opened that had been closed."""
        return not self._opened

    def on_switch(self, name: str, now: float, *, closed: bool) -> None:
        """A relay was switched and read back."""
        if closed:
            self._opened.pop(name, None)
        else:
            self._opened[name] = now

    def on_reading(self, reading: Reading, now: float) -> None:
        """Raise RigFault if the meter shows what open contacts of K1 or K2 do not let through."""
        if self._open_for("K1", now) > METER_PATIENCE_S and reading.voltage >= DEAD_V:
            raise _welded("K1", f"the meter shows {format_quantity(reading.voltage, 'V')} behind it")
        if self._open_for("K2", now) > METER_PATIENCE_S and reading.power >= self._off_w:
            raise _welded("K2", f"{format_quantity(reading.power, 'W')} flow through it")

    def on_talk(self, supply: str, device: str, now: float) -> None:
        """Raise RigFault if ``device`` says something long after ``supply`` (K3 or K4) was opened."""
        if self._open_for(supply, now) > SUPPLY_PATIENCE_S:
            raise _welded(supply, f"the {device} talks without a supply")

    def _open_for(self, name: str, now: float) -> float:
        return now - self._opened.get(name, now)


def _welded(name: str, how: str) -> RigFault:
    return RigFault(
        f"reads back open, and {how}: it is welded shut, or does not switch this circuit",
        place=f"relay {name}",
        remedy="Switch the mains off by hand and look at the contactor.",
    )

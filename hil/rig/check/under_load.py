"""``hil rig check --under-load``: power flows through the bench for a moment, and meter and load must agree about it.

A wrong ratio of a current transformer shows in no other way before a run: without current each ratio gives zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hil.clock import WallClock
from hil.evidence.event_intervals import TRACE_V
from hil.ports import Protecting
from hil.rig.check.findings import CheckFinding, fault, note, ok
from hil.rig.check.parts import PATIENCE_S, relay
from hil.rig.config.calibration.of_instruments import tell_meter
from hil.rig.labgrid.protocols import load_driver, meter_driver
from hil.rig.safety.contacts import CONTACT_S
from hil.rig.safety.load_comparison import agree, by_factor
from hil.units import Watt, format_quantity

if TYPE_CHECKING:
    from hil.ports import Load, Meter
    from hil.rig.config.rig_file import RigFile

PART = "meter ratio"
SHARE = 0.5
"""Part of the most that load and rig allow which the load draws."""

READINGS = 5
SETTLED_S = 0.5
"""From the load's command to a current that stands, and through the meter's averaging."""


def compare_under_load(target: Any, rig: RigFile) -> list[CheckFinding]:
    """Close K2 and K1, draw power, compare; the relays are open and the load's input is off before and after.

    Raises RigFault for a part that does not obey.
    """
    load = load_driver(target, activate=False).connect(timeout=PATIENCE_S)
    meter = meter_driver(target, activate=False).connect(timeout=PATIENCE_S)
    try:
        tell_meter(meter, rig.conditions)
        load.prepare()
        if isinstance(load, Protecting):
            load.protect(rig.options.limits.of_load)
        meter.prepare()
        load.draw_power(Watt(SHARE * min(rig.options.limits.power, load.max_power)))
        try:
            for name in ("K2", "K1"):
                relay(target, name).set(closed=True)
            load.set_input(on=True)
            return [_compared(meter, load)]
        finally:
            load.set_input(on=False)
            for name in ("K1", "K2"):
                relay(target, name).set(closed=False)
    finally:
        meter.close()
        load.close()


def not_compared(rig: RigFile) -> list[CheckFinding]:
    """Return that a ratio was taken from the rig file, and how to compare it; nothing without a transformer."""
    if rig.conditions.transformer is None:
        return []
    words = "not compared with what the load draws; --under-load does, with a straight-through adapter for the socket"
    return [note(PART, words)]


def _compared(meter: Meter, load: Load) -> CheckFinding:
    clock = WallClock()
    clock.sleep(CONTACT_S + meter.settling + SETTLED_S)
    readings, drawn = [], float(load.read_power())
    for _ in range(READINGS):
        readings.append(meter.read())
        clock.sleep(meter.update_period)
    if max(each.voltage for each in readings) < TRACE_V:
        words = "not compared: no voltage comes to the meter. Put a straight-through adapter in the socket's place"
        return note(PART, words)
    metered = sum(float(each.power) for each in readings) / READINGS
    words = f"the meter reads {format_quantity(metered, 'W')} while the load draws {format_quantity(drawn, 'W')}"
    if agree(load, metered, drawn):
        return ok(PART, words)
    return fault(PART, f"{words}{by_factor(meter, metered, drawn)}")

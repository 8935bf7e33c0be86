"""``hil rig zero``: the lab meter is told that nothing is at its inputs, once that is certain.

The bench goes to its safe state first: load input off, K1 to K4 open, read back. Then the meter must show no voltage
and no current. Only then it gets the command by which it compensates its zero level; what it showed before and after is
kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from hil.clock import WallClock
from hil.errors import ExitCode, HilError
from hil.evidence.event_intervals import TRACE_V
from hil.ports import Reading, ZeroAdjusting
from hil.rig.check.findings import CheckFinding, each, fault, ok
from hil.rig.check.parts import PATIENCE_S, allowed_zero, open_relay
from hil.rig.check.run import disobeyed, standing
from hil.rig.config.calibration.of_instruments import tell_meter
from hil.rig.config.target_section import RELAYS
from hil.rig.labgrid.protocols import load_driver, meter_driver
from hil.rig.safety.contacts import CONTACT_S
from hil.rig.safety.lock import find_locks
from hil.units import Ampere, Second, Volt, Watt, WattHour, format_quantity

if TYPE_CHECKING:
    from pathlib import Path

    from hil.ports import Meter
    from hil.rig.config.rig_file import RigFile
    from hil.rig.safety.watchdog_client import WatchdogClient

    class ZeroableMeter(Meter, ZeroAdjusting, Protocol):
        """A meter that can be zeroed."""


PART = "meter zero"
READINGS = 10

NO_CURRENT = 10.0
"""So many times the current that the meter may show at zero is current that flows, and no offset."""


@dataclass(frozen=True)
class Zeroing:
    """What came of it.

    :ivar findings: for the table.
    :ivar before: mean power in W that the meter showed without input, and ``after``; None: it was not zeroed.
    """

    findings: list[CheckFinding]
    before: float | None = None
    after: float | None = None


def zero_rig(rig: RigFile, *, locks: Path) -> Zeroing:
    """Make the bench safe, and zero its lab meter; raises nothing for anything that the bench does."""
    locked = [fault("lock", f"locked since {lock.since}: {lock.reason}") for _, lock in find_locks(locks, rig)]
    if locked:
        return Zeroing(locked)
    try:
        with standing(rig) as (target, guard, _):
            meter = meter_driver(target, activate=False).connect(timeout=PATIENCE_S)
            try:
                if not isinstance(meter, ZeroAdjusting):
                    words = f"the driver of this {meter.identity.model} knows no command that zeroes it"
                    return Zeroing([fault(PART, f"{words}; zero it by its manual", ExitCode.AUTHOR_ERROR)])
                tell_meter(meter, rig.conditions)
                found = _make_safe(target, guard)
                return Zeroing(found) if disobeyed(found) else _zero(meter, found)
            finally:
                meter.close()
    except HilError as error:
        return Zeroing([fault("bench", str(error), error.exit_code)])


def _make_safe(target: Any, guard: WatchdogClient) -> list[CheckFinding]:
    """Switch the load's input off and open the relays; what does not obey is left to the watchdog."""
    found = each("load", lambda: _switch_off(target))
    for name in RELAYS:
        found += each(f"relay {name}", lambda name=name: _opened(target, name))  # type: ignore[misc]
    if disobeyed(found):
        told = guard.trip("a part did not obey before zeroing")
        say = ok if told["reached"] else fault
        found.append(say("safe state", told["problem"] or f"reached by the watchdog; {told['meter']}"))
    return found


def _switch_off(target: Any) -> list[CheckFinding]:
    load = load_driver(target, activate=False).connect(timeout=PATIENCE_S)
    try:
        load.set_input(on=False)
        return [ok("load", "input off, read back")]
    finally:
        load.close()


def _opened(target: Any, name: str) -> list[CheckFinding]:
    open_relay(target, name)
    return [ok(f"relay {name}", "open, read back")]


def _zero(meter: ZeroableMeter, found: list[CheckFinding]) -> Zeroing:
    """Zero it if nothing is at its inputs; the bench is safe."""
    try:
        WallClock().sleep(CONTACT_S)
        readings = _readings(meter)
        if flowing := _flowing(meter, readings):
            return Zeroing([*found, fault(PART, f"{flowing}: not zeroed. Look for what feeds it")])
        meter.zero()
        before, after = _mean(readings), _mean(_readings(meter))
    except HilError as error:
        return Zeroing([*found, fault(PART, str(error), error.exit_code)])
    words = f"{format_quantity(before, 'W')} without input before, {format_quantity(after, 'W')} after"
    if abs(after) < allowed_zero(meter):
        return Zeroing([*found, ok(PART, words)], before, after)
    allowed = format_quantity(allowed_zero(meter), "W")
    beyond = fault(PART, f"{words}; its maker allows less than {allowed}: have it repaired")
    return Zeroing([*found, beyond], before, after)


def _flowing(meter: Meter, readings: list[Reading]) -> str:
    """Return what is at the meter's inputs, so that it must not be zeroed; ``""`` if nothing is."""
    volts, amperes = max(each.voltage for each in readings), max(each.current for each in readings)
    if volts >= TRACE_V:
        return f"there are {format_quantity(volts, 'V')} at its terminals"
    nothing = Reading(Volt(0.0), Ampere(0.0), Watt(0.0), WattHour(0.0), Second(0.0))
    if amperes > NO_CURRENT * meter.current_budget(nothing).expanded:
        return f"{format_quantity(amperes, 'A')} flow through it"
    return ""


def _readings(meter: Meter) -> list[Reading]:
    """Return readings of as many updates; its settings are those of a run."""
    clock = WallClock()
    meter.prepare()
    clock.sleep(meter.settling)
    readings = []
    for _ in range(READINGS):
        readings.append(meter.read())
        clock.sleep(meter.update_period)
    return readings


def _mean(readings: list[Reading]) -> float:
    return sum(float(each.power) for each in readings) / len(readings)

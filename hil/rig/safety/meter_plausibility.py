"""Whether the lab meter still measures: a reading that stands, or cannot be, must not look like a device's failure.

A meter that hangs in its firmware, or an interface that serves an old buffer, goes on answering. Its values alone do
not tell: without load they stand still on a healthy meter as well. The time over which it has integrated does: both
dialects give it with each reading, it moves with every update, and it must keep up with the bench's clock
(docs/decisions/0008-what-the-rig-observes-of-itself.md). Values that no circuit can have tell of a meter that is wired
wrong or out of order; whether they are too high or too low, its own quantities and the load's must agree.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hil.errors import RigFault
from hil.ports import Reading
from hil.rig.safety.energy_balance import EnergyBalance
from hil.rig.safety.meter_age import CLOCK_DRIFT, ReadingAge
from hil.units import Ampere, Second, Volt, Watt, WattHour

if TYPE_CHECKING:
    from hil.clock import Clock
    from hil.conformance.update_period import Updates
    from hil.ports import Meter
    from hil.rig.config.limits import SafetyLimits

STALE_AFTER_S = 1.5
"""The integrated time of a WT310E comes in whole seconds; half a second more for its interface and for ours."""

PLAUSIBLE = 1.02
"""Active power may exceed the product of voltage and current by this factor, by what three quantities can err."""

LOOK_AGAIN_S = 0.05


class MeterWatch:
    """Holds every reading of a scenario against the one before it and against the clock.

    Raises RigFault that names the meter: for readings that stand, and for values that no circuit can have.
    """

    _last: Reading
    """The newest that was checked, if one was."""
    _t: float
    """When it was had, s."""

    def __init__(self, meter: Meter, limits: SafetyLimits) -> None:
        self._meter = meter
        self._power_limit = float(limits.power)
        self._rounding = 2 * float(meter.off_threshold_w)
        self.may_flow_back = False
        """Whether an appliance of the bench feeds power back into the mains."""
        self._no_volts = self._no_amperes = math.inf
        """V below which the meter may see none; A that it then may show at most."""
        self._origin: float | None = None
        """Bench time at which the integrated time would have been zero."""
        self._age: ReadingAge | None = None
        self._balance = self._new_balance(timed=False)

    @property
    def began(self) -> bool:
        """Whether a reading was checked: without one nothing is known of the meter, which may not even be prepared."""
        return self._origin is not None

    def expect(self, updates: Updates, prepared: float) -> None:
        """Reckon with what was observed of the meter's updates; its integrator ran at ``prepared`` (s) already."""
        self._age = ReadingAge(prepared) if updates.timed else None
        nothing = Reading(Volt(0.0), Ampere(0.0), Watt(0.0), WattHour(0.0), Second(0.0))
        self._no_volts = self._meter.voltage_budget(nothing).expanded
        self._no_amperes = 2 * self._meter.current_budget(nothing).expanded
        self._balance = self._new_balance(timed=updates.timed)

    def age(self, reading: Reading, now: float) -> float:
        """Return how old, in s, what a reading tells is by its own clock: a period's mean; 0 if that does not tell."""
        return 0.0 if self._age is None else self._age.of(reading, now) + float(self._meter.update_period)

    def check(self, reading: Reading, now: float) -> None:
        """Take the next reading, at the bench's time ``now``."""
        if self._origin is None:
            self._origin = now - reading.integrated
        elif abs(behind := now - reading.integrated - self._origin) > STALE_AFTER_S + CLOCK_DRIFT * now:
            raise self._stale(reading, now) if behind > 0 else self._ahead(-behind)
        else:
            before = self._last.energy
            joules, seconds = (reading.energy - before) * 3600, now - self._t + STALE_AFTER_S
            least = -2 * self._power_limit if self.may_flow_back else -self._rounding
            if not least * seconds <= joules <= 2 * self._power_limit * seconds:
                steps = f"from {before:g} Wh to {reading.energy:g} Wh"
                raise self._garbage(f"integrated energy went {steps} in {now - self._t:.1f} s")
        self._hold_against_each_other(reading, now)
        self._last, self._t = reading, now

    def _hold_against_each_other(self, reading: Reading, now: float) -> None:
        power, apparent = reading.power, reading.voltage * reading.current
        if abs(power) > PLAUSIBLE * apparent + self._rounding:
            raise self._garbage(f"{_seen(reading)} cannot be: it is more than their product")
        if reading.voltage < self._no_volts and reading.current > self._no_amperes:
            raise self._garbage(f"{_seen(reading)} cannot be: no current flows without voltage")
        if power < -self._rounding and not self.may_flow_back:
            what = f"{_seen(reading)} would flow back into the mains; no appliance of the bench does that"
            raise self._garbage(what)
        if wrong := self._balance.check(reading, now):
            raise self._garbage(f"{wrong}; it read {_seen(reading)}")

    def prove(self, clock: Clock) -> None:
        """Wait until a reading is newer than the last one that was checked; RigFault if none comes."""
        if self._origin is None:
            return
        deadline = clock.now() + STALE_AFTER_S
        while (reading := self._meter.read()).integrated <= self._last.integrated:
            if clock.now() >= deadline:
                raise self._stale(reading, clock.now())
            clock.sleep(LOOK_AGAIN_S)

    def _new_balance(self, *, timed: bool) -> EnergyBalance:
        return EnergyBalance(float(self._meter.update_period), 2 * self._power_limit, self._rounding, timed=timed)

    def _stale(self, reading: Reading, now: float) -> RigFault:
        return RigFault(
            f"its readings are old: {now - (self._origin or 0.0):.1f} s after it began to integrate it says"
            f" {reading.integrated:g} s",
            place="meter",
            remedy="See whether its display moves; switch it off and on.",
        )

    def _ahead(self, seconds: float) -> RigFault:
        return RigFault(
            f"by its own clock {seconds:.1f} s more went by than by this machine's",
            place="meter",
            remedy="This machine stood still, as a virtual machine that is paused does; or the meter's clock is wrong."
            " Rerun on a machine that stays awake.",
        )

    def _garbage(self, what: str) -> RigFault:
        return RigFault(what, place="meter", remedy="Check its inputs, interface and firmware.")


def _seen(reading: Reading) -> str:
    return f"{reading.power:g} W at {reading.voltage:g} V and {reading.current:g} A"

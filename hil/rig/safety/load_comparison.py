"""Whether the lab meter agrees with the electronic load about the power that flows through both.

The load is asked when the meter's reading has been steady for a while: once before and once after some more readings.
If it drew the same both times, and no reading in between agrees, one of the two is wrong. Power that flows and is not
what the load was told is looked at at once: the load is asked whether it obeys. The socket's own meter, where
it told how much it has delivered meanwhile, says which: what a device says is no evidence for or against itself, but it
may tell two instruments apart. Without it the lab meter is named, whose readings decide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hil.errors import RigFault
from hil.rig.sampling.timer import reading_age
from hil.units import format_quantity

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.clock import Clock
    from hil.ports import Load, Meter, Reading

FULL_V = 195.0
"""Volts from which on a load draws what it is told and not what its current limit leaves (EN 50160: 230 V - 15 %)."""

STEADY_S = 0.2
"""For so long, and for two updates of the meter, a reading must have stood before the load is asked: an update in which
power began or ended tells neither the power before nor that after.
"""

SEEN_LIVE = 2
SEEN_DEAD = 10
"""So many readings contradict the load before it is asked again; without voltage a circuit may flicker with its
mains.
"""

OF_POWER = 0.03
APART_W = 10.0
"""By so much two readings of one power may differ: ten times what a load's own meter is good for, 0.2 % + 0.2 % (u)."""

WITH_LOSS = 1.5
"""An adapter takes at most this much of what it gives, and ``LOSS_W`` on top: 93 % is usual, 67 % a bad one."""

LOSS_W = 25.0

LEAST_FACTOR = 1.5
"""From which factor on a wrong ratio of a current transformer is named as a reason: the smallest in use are near 2."""


@dataclass
class _Steady:
    """A time in which the meter reads one power."""

    power: float
    since: float
    asked: float | None = None
    """When the load was asked first, and what it said."""
    drawn: float = 0.0
    agreed: bool = False
    live: bool = True
    """Whether the meter has voltage, so that nothing but plug and load can keep power from flowing."""
    seen: list[float] = field(default_factory=list)
    """Readings since then that knew nothing of what was before."""


class LoadComparison:
    """Told of each reading while the load is what draws.

    :param other: returns the mean power in W by the socket's own meter since an instant (s); None if it did not tell.
    """

    def __init__(self, meter: Meter, load: Load, clock: Clock, other: Callable[[float], float | None]) -> None:
        self._meter = meter
        self._load = load
        self._clock = clock
        self._other = other
        self._off_w = float(meter.off_threshold_w)
        self._steady: _Steady | None = None
        self._power: float | None = None
        self._told_at = 0.0
        self._wrong_since: float | None = None
        """Instant of the first of the readings, up to the newest, that say another power than the load was told."""

    def told(self, power: float | None) -> None:
        """Know what constant power in W the load was told to draw, now; None: nothing that could be reckoned with."""
        self._power = power
        self._told_at = float(self._clock.now())

    def on_reading(self, reading: Reading, read_at: float) -> None:
        """Take the next reading, had at ``read_at`` (s); raises RigFault if it and the load contradict each other."""
        steady, power = self._steady, float(reading.power)
        if steady is None or abs(power - steady.power) > _apart(steady.power):
            self._steady, self._wrong_since = _Steady(power, read_at), None
        elif read_at - steady.since < self._steady_s():
            return
        elif self._disobeyed(reading, read_at):
            self._ask_why(power)
        elif steady.agreed:
            return
        elif steady.asked is None:
            steady.drawn = float(self._load.read_power())
            steady.asked = float(self._clock.now())
            steady.agreed = self._agree(power, steady.drawn)
        elif read_at > steady.asked + reading_age(self._meter):
            steady.seen.append(power)
            steady.live &= reading.voltage >= FULL_V
            if len(steady.seen) >= (SEEN_LIVE if steady.live else SEEN_DEAD):
                self._decide(steady)

    def _steady_s(self) -> float:
        """Return how long, in s, a reading must have stood; how often the meter updates is observed meanwhile."""
        return max(STEADY_S, 2 * float(self._meter.update_period))

    def _disobeyed(self, reading: Reading, read_at: float) -> bool:
        """Tell whether power flows, and has for two updates been another than the load was told to draw.

        One reading does not tell: power may have entered its update partly, near what was read before.
        """
        flows = reading.power >= self._off_w and reading.voltage >= FULL_V
        if self._power is None or not flows or self._agree(float(reading.power), self._power):
            self._wrong_since = None
            return False
        if self._wrong_since is None:
            self._wrong_since = read_at
        return read_at > max(self._wrong_since, self._told_at + reading_age(self._meter)) + self._steady_s()

    def _ask_why(self, power: float) -> None:
        drawn = float(self._load.read_power())
        if self._agree(self._power or 0.0, drawn):
            raise self._meter_is_wrong(power, drawn)
        if self._agree(power, drawn):
            raise RigFault(
                f"it draws {format_quantity(drawn, 'W')} and was told {format_quantity(self._power or 0.0, 'W')}",
                place="load",
                remedy="See whether a limit or a protection holds it back.",
            )
        self._steady = None  # something has switched meanwhile

    def _meter_is_wrong(self, metered: float, drawn: float) -> RigFault:
        words = f"it reads {format_quantity(metered, 'W')} while the load reads {format_quantity(drawn, 'W')}"
        return RigFault(
            words + by_factor(self._meter, metered, drawn),
            place="meter",
            remedy="Check its wiring, ranges and scaling, and what else is connected behind it.",
        )

    def _decide(self, steady: _Steady) -> None:
        again = float(self._load.read_power())
        same = abs(again - steady.drawn) <= _apart(again)
        if not same or any(self._agree(power, again) for power in steady.seen):
            self._steady = None
            return
        other = self._other(steady.since)
        meter, load = format_quantity(steady.seen[-1], "W"), format_quantity(again, "W")
        if other is not None and abs(other - steady.seen[-1]) <= 2 * _apart(other) and not self._agree(other, again):
            raise RigFault(
                f"it reads {load}; the lab meter reads {meter}, and so does the socket's own",
                place="load",
                remedy="Check its calibration and what else is connected to it.",
            )
        raise self._meter_is_wrong(steady.seen[-1], again)

    def _agree(self, metered: float, drawn: float) -> bool:
        return agree(self._load, metered, drawn)


def agree(load: Load, metered: float, drawn: float) -> bool:
    """Tell whether a meter that reads ``metered`` W and a load that draws ``drawn`` W may mean the same power."""
    apart = _apart(max(abs(metered), abs(drawn)))
    if not load.behind_adapter:
        return abs(metered - drawn) <= apart
    return drawn - apart <= metered <= WITH_LOSS * drawn + LOSS_W


def by_factor(meter: Meter, metered: float, drawn: float) -> str:
    """Return the ratio of a current transformer that would explain the difference, as words to add; or ``""``."""
    factor = drawn / metered if metered > 0 and drawn > 0 else 1.0
    if LEAST_FACTOR > factor > 1 / LEAST_FACTOR:
        return ""
    transformer = meter.conditions.transformer
    stated = "no current transformer" if transformer is None else f"one of ratio {transformer.ratio:g}"
    ratio = factor * (1.0 if transformer is None else transformer.ratio)
    explained = f"a current transformer of ratio {_about(ratio)} would explain it, and the rig file states {stated}"
    return f", a factor of {_about(factor)}: {explained}"


def _about(number: float) -> str:
    """Return two significant digits: meter and load agree within some percent."""
    return f"{float(f'{number:.2g}'):g}"


def _apart(power: float) -> float:
    return OF_POWER * abs(power) + APART_W

"""How often a power meter updates, as its own readings show: its data sheet is believed while they agree with it.

A reading is new if anything in it moved, the integrated time too. It is asked for ten times within the stated period,
so that each update is known to lie between two questions (docs/decisions/0016-the-update-period-is-observed.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.errors import RigFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.ports import Meter, Reading

LOOKS = 10
"""Questions within one stated update period."""

UPDATES = 3
"""So many updates are awaited: two periods between them."""

SLOWEST_S = 1.0
"""The longest update period with which a bench can work; its meter is called faulty beyond that."""

PATIENCE_S = 3 * SLOWEST_S
"""Seconds within which a meter with the slowest allowed period shows ``UPDATES`` updates."""

TOLERANCE = 1.1
"""Factor by which an observed update period may exceed the stated one, to allow for the meter's own clock."""


@dataclass(frozen=True)
class Updates:
    """What was observed.

    :param stated: what the driver assumes, s; :param at_least: and ``at_most``: bounds of the longest period seen, s;
        None: nothing but whole seconds of integrated time moved, which tells nothing.
    :param timed: whether the integrated time moves with each update, so that it tells how old a reading is.
    :param distinct: whether readings stood still between all updates, so that what moved was no clock that always runs.
    """

    stated: float
    at_least: float | None
    at_most: float | None
    timed: bool
    distinct: bool = True

    @property
    def slow(self) -> bool:
        """Whether it updates less often than its driver assumes, for certain."""
        return self.at_least is not None and self.at_least > TOLERANCE * self.stated

    @property
    def fast(self) -> bool:
        """Whether it updates more often than its driver assumes, for certain."""
        return self.at_most is not None and self.distinct and self.at_most < self.stated / TOLERANCE

    @property
    def period(self) -> float:
        """The update period to reckon with in s: the stated one, or the longest that was seen if it is another one."""
        return self.at_most if self.at_most is not None and (self.slow or self.fast) else self.stated

    def document(self) -> dict[str, float | str | None]:
        """Return the data of a READING event."""
        return {
            "stated_s": self.stated,
            "update_period_s": round(self.period, 6),
            "at_least_s": None if self.at_least is None else round(self.at_least, 6),
            "at_most_s": None if self.at_most is None else round(self.at_most, 6),
            "seen": str(self),
        }

    def __str__(self) -> str:
        if self.at_least is None or self.at_most is None:
            return f"nothing moves but whole seconds; its driver assumes {self.stated:.2f} s"
        seen = f"updates every {self.at_least:.3f} to {self.at_most:.3f} s"
        return f"{seen}, its driver assumes {self.stated:.2f} s" if self.slow or self.fast else seen


class UpdateProbe:
    """Takes readings in close succession until ``done``.

    :param stated: the driver's update period in s.
    """

    def __init__(self, stated: float) -> None:
        self.step = stated / LOOKS
        """Seconds from one question to the next."""
        self._stated = stated
        self._began: float | None = None
        self._last: Reading | None = None
        self._asked = self._answered = 0.0
        self._updates: list[tuple[float, float]] = []
        """Bounds of the instants at which updates were shown."""
        self._steps: list[float] = []
        """By how much each moved the integrated time, s."""
        self._values_moved = False

    def see(self, reading: Reading, asked: float, answered: float) -> None:
        """Take a reading that was asked for and answered at these instants (s)."""
        last, self._last = self._last, reading
        if last is None:
            self._began = asked
        elif reading != last:
            self._updates.append((self._asked, answered))
            self._steps.append(reading.integrated - last.integrated)
            self._values_moved |= _values(reading) != _values(last)
        self._asked, self._answered = asked, answered

    @property
    def done(self) -> bool:
        """Whether enough was seen, or all patience is gone."""
        return len(self._updates) >= UPDATES or self._asked - (self._began or 0.0) > PATIENCE_S

    @property
    def shown_at(self) -> float:
        """The instant, s, of the reading that showed the newest update first."""
        return self._updates[-1][1] if self._updates else self._answered

    def result(self) -> Updates:
        """Return what was seen; raises RigFault for a meter that is too slow, or does not move at all."""
        periods = [
            (later[0] - earlier[1], later[1] - earlier[0])
            for earlier, later in zip(self._updates, self._updates[1:], strict=False)
        ]
        if self._updates and not self._values_moved and all(step == round(step) for step in self._steps):
            return Updates(self._stated, None, None, timed=False)
        if not periods:
            raise self._refuse(
                f"its readings show {len(self._updates)} updates in {self._answered - (self._began or 0):.1f} s"
            )
        at_least, at_most = (max(bounds) for bounds in zip(*periods, strict=True))
        distinct = min(least for least, _ in periods) > 0
        if at_least > SLOWEST_S * TOLERANCE:
            raise self._refuse(f"it updates every {at_least:.2f} s at best")
        timed = all(0 < step <= 2 * at_most for step in self._steps)
        return Updates(self._stated, at_least, at_most, timed, distinct)

    def _refuse(self, what: str) -> RigFault:
        return RigFault(
            f"{what}, its driver assumes {self._stated:.2f} s and a bench can work with {SLOWEST_S:g} s at most",
            place="meter",
            remedy="Set its update interval; see whether its display moves.",
        )


def _values(reading: Reading) -> tuple[float, ...]:
    return reading.voltage, reading.current, reading.power, reading.energy


def look_closely(meter: Meter, now: Callable[[], float], sleep: Callable[[float], object]) -> UpdateProbe:
    """Read ``meter`` until its updates are known.

    :param now: with ``sleep``, the bench's clock, in seconds.
    """
    probe = UpdateProbe(float(meter.update_period))
    while not probe.done:
        asked = now()
        reading = meter.read()
        probe.see(reading, asked, now())
        sleep(probe.step)
    return probe

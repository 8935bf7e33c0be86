"""What a Then step demands: a measurement with its limit, declared before power is applied, and how it is observed.

A Then step returns its checks. They are declared when the devices are about to be switched on, and taken when the step
is reached::

    @then("the power was cut within {duration} of the refused payment")
    def cut_after_refusal(limit: Second, /) -> Check:
        return within_time("refused payment to zero power", limit, cuts.refusal_to_cut, Source.LINE, Source.LAB_METER)

The kind of observation that the function returns decides the rule; another one does not type-check.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hil.evidence.documents import Verdict
from hil.evidence.limits import Limit, Measurement
from hil.evidence.observations import Counted, DeviceIdle, EvidenceMissing, Sampled, Source, Timed

if TYPE_CHECKING:
    from hil.evidence.limits import Finding
    from hil.scenario.observer import Observer


@dataclass(frozen=True, eq=False)
class Check:
    """One measurement of a scenario. Make it with :func:`counted`, :func:`timed` or :func:`sampled`."""

    measurement: Measurement[Counted] | Measurement[Timed] | Measurement[Sampled]
    find: Callable[[Observer], Finding]
    """Observes and decides; raises DeviceIdle or EvidenceMissing if there is nothing to observe."""

    def take(self, observer: Observer) -> Finding:
        """Observe and decide.

        What the device under test did not do in its turn is its failure; what the bench did not see is inconclusive.
        """
        try:
            return self.find(observer)
        except DeviceIdle as idle:
            return self.measurement.without(Verdict.FAIL, idle.what)
        except EvidenceMissing as missing:
            return self.measurement.without(Verdict.INCONCLUSIVE, missing.what)

    def explained(self, tell: Callable[[Observer], str]) -> Check:
        """Return the same check; where it fails, ``tell`` says what was seen that shows the cause, empty if nothing."""

        def find(observer: Observer) -> Finding:
            finding = self.find(observer)
            explains = finding.verdict is Verdict.FAIL and finding.taken and not finding.detail
            return replace(finding, detail=tell(observer)) if explains else finding

        return Check(self.measurement, find)


def counted(name: str, limit: Limit, observe: Callable[[Observer], Counted], *sources: Source) -> Check:
    """Return the check of a number that is known without uncertainty."""
    measurement = Measurement(name, limit, Counted, sources)
    return Check(measurement, lambda observer: measurement.find(observe(observer)))


def timed(name: str, limit: Limit, observe: Callable[[Observer, float], Timed], *sources: Source) -> Check:
    """Return the check of a time in seconds.

    :param observe: gets the limit's upper end, 0 without one: what has not happened must be watched for longer.
    """
    measurement = Measurement(name, limit, Timed, sources)
    return Check(measurement, lambda observer: measurement.find(observe(observer, limit.high or 0.0)))


def within_time(name: str, limit_s: float, observe: Callable[[Observer, float], Timed], *sources: Source) -> Check:
    """Return the check that something takes at most ``limit_s`` seconds."""
    return timed(name, Limit("s", high=float(limit_s)), observe, *sources)


def number(
    name: str, value: int, observe: Callable[[Observer], Counted], *sources: Source, unit: str = "count"
) -> Check:
    """Return the check that a count, or an amount in ``sat``, is exactly ``value``."""
    return counted(name, Limit(unit, int(value), int(value)), observe, *sources)


def at_least(name: str, least: int, observe: Callable[[Observer], Counted], *sources: Source) -> Check:
    """Return the check that a count is ``least`` or more."""
    return counted(name, Limit("count", low=least), observe, *sources)


def sampled(name: str, limit: Limit, observe: Callable[[Observer], Sampled], *sources: Source) -> Check:
    """Return the check of a quantity that readings tell of."""
    measurement = Measurement(name, limit, Sampled, sources)
    return Check(measurement, lambda observer: measurement.find(observe(observer)))

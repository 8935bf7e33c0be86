"""How closely the power at the lab meter follows what the load was told."""

from __future__ import annotations

from hil.testing import Check, EvidenceMissing, Kind, Limit, Observer, Percent, Sampled, Source, sampled, tells, then
from hil.testing.feasibility import Course
from hil.testing.measurements import lab, windows


def _no_set_point(course: Course, _: Percent) -> str:
    return "" if course.load_w and not course.plays else "no step before has the load draw a constant power above 0 W"


@then("the power was within {percent} of what the load was told")
@tells(_no_set_point)
def power_follows_load(tolerance: Percent, /) -> Check:
    """The largest difference from the load's set-point, in % of it, since the load was told last.

    The cable's losses and the load's own error are part of it: the tolerance must be wider than the load's data sheet.
    """
    limit = Limit("%", high=float(tolerance))
    return sampled("difference from the set-point", limit, largest_difference, Source.LAB_METER, Source.BENCH)


def largest_difference(observer: Observer) -> Sampled:
    """Look at each update of the meter that had power before and after it; EvidenceMissing if there is none."""
    lab.watch_past(observer, observer.clock.now())
    told = observer.plan.load_power_w or 0.0
    since = max((each.t for each in observer.recorder.events if each.kind is Kind.LOAD), default=0.0)
    seen = [each for each in windows.windows(observer) if each.first.t - each.first.before >= since]
    flows = [each.power >= observer.off_w for each in seen]
    whole = [seen[index] for index in range(1, len(seen) - 1) if all(flows[index - 1 : index + 2])]
    if not whole or not told:
        raise EvidenceMissing("no update of the lab meter with power since the load was told last")
    bounds = [lab.power_budget(observer, each.first).bounds(each.power) for each in whole]
    least = max(max(low - told, told - high, 0.0) for low, high in bounds)
    most = max(max(high - told, told - low) for low, high in bounds)
    return Sampled(100 * least / told, 100 * most / told, (whole[0].first.t, whole[-1].last.t))

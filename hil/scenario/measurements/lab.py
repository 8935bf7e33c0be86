"""What the lab meter says of a scenario: energy, power and voltage, each with its bounds.

Readings tell of windows of time. Where they come less often than the meter updates, the integrated energy tells what
flowed between them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hil.evidence.documents import Kind
from hil.evidence.event_intervals import DEAD_V, TRACE_V, Interval, instant, not_until, power_readings
from hil.evidence.observations import EvidenceMissing, Sampled, Timed
from hil.evidence.sources import METER_UPDATES
from hil.rig.sampling.energy import metered_energy, reading_of, returned_energy
from hil.rig.sampling.timer import update_known_s
from hil.scenario.measurements.windows import Grid, update_period, windows
from hil.units import Second, WattHour

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hil.evidence.documents import Event
    from hil.evidence.uncertainty import Budget
    from hil.scenario.measurements.windows import Window
    from hil.scenario.observer import Observer

AFTERMATH_S = 2.0
"""After the end of a session the bench is watched this much longer, so that the last readings show zero power."""

READ_TIMEOUT_S = 30.0
"""Longest time to wait for readings of an instant that is over: a scenario reads at least every ten seconds."""


def time_resolution_s(observer: Observer) -> float:
    """Return how closely, in seconds, an edge of the power can be known against a message on the line.

    One update period of the meter, what it is uncertain by if it was observed, the latency of a reading, and the bounds
    of both stamps.
    """
    uncertain = update_period(observer) - _shortest_window(observer)
    return update_known_s(observer.rig.meter) + uncertain + 2 * float(observer.clock.bound)


def watch_aftermath(observer: Observer) -> None:
    """Go on until the meter has shown zero power for a while, so that the energy is complete."""
    if observer.power_flows() or observer.session_closed():
        observer.sleep(AFTERMATH_S)


def watch_past(observer: Observer, t: float) -> None:
    """Go on until a reading tells of nothing but the time after ``t``."""

    def seen() -> bool:
        readings = power_readings(observer.recorder.events[-READINGS_AT_ONCE:])
        return bool(readings) and readings[-1][0].t - readings[-1][0].before >= t

    if not seen():
        observer.wait_for_bench(seen, timeout=READ_TIMEOUT_S, what="the lab meter's readings", part="meter")


def first_acceptance(observer: Observer, began: Interval, limit_s: float) -> Timed:
    """Return the time from an instant to the receipt of the first payment that pays anything.

    Without one it is watched for until ``limit_s`` and ``AFTERMATH_S`` have passed; then it is open.
    """
    found = observer.first_acceptance()
    if found is None and (left := began.late + limit_s - observer.clock.now()) >= 0:
        observer.sleep(left + AFTERMATH_S)
        found = observer.first_acceptance()
    return (not_until(observer.clock.now()) if found is None else instant(found)).since(began)


READINGS_AT_ONCE = 60
"""The newest events hold the newest reading: at ten a second hardly anything comes between."""


def delivered(observer: Observer) -> Sampled:
    """Return the energy at the lab meter in Wh by now; EvidenceMissing without a reading."""
    if observer.power_flows():
        watch_past(observer, observer.clock.now())
    readings = power_readings(observer.recorder.events)
    energy = metered_energy(observer.recorder.events, observer.rig.meter, observer.clock.now())
    low, high = energy.budget.bounds(energy.value)
    return Sampled(low, high, (_begin(readings), readings[-1][0].t), energy.budget)


def returned(observer: Observer) -> Sampled:
    """Return the energy at the lab meter in Wh that flowed back into the mains; EvidenceMissing without a reading."""
    readings = power_readings(observer.recorder.events)
    energy = returned_energy(observer.recorder.events, observer.rig.meter)
    low, high = energy.budget.bounds(energy.value)
    return Sampled(low, high, (_begin(readings), readings[-1][0].t), energy.budget)


def delivered_beyond(observer: Observer, paid_wh: float) -> Sampled:
    """Return the same less ``paid_wh``."""
    return delivered(observer).less(paid_wh)


def metered_at(observer: Observer, when: Interval) -> Sampled:
    """Return the energy at the lab meter in Wh at some instant within ``when``, with its uncertainty.

    A reading tells of some time between its bounds, so the truth lies between the last reading that was over before and
    the first that began after; EvidenceMissing if there are none such.
    """
    readings = [event for event, _ in power_readings(observer.recorder.events)]
    before = [each for each in readings if each.t <= when.early]
    after = next((each for each in readings if each.t - each.before >= when.late), None)
    if not before or after is None:
        raise EvidenceMissing(f"no reading of the lab meter before and after {when.early:.3f} s")
    least = metered_energy(before, observer.rig.meter).interval.early
    up_to = [each for each in readings if each.t <= after.t]
    return Sampled(least, metered_energy(up_to, observer.rig.meter, when.late).interval.late)


def live_since(observer: Observer) -> Interval | None:
    """Return when voltage first came to the lab meter's terminals, behind the socket; None if it never did.

    The rms voltage of the window in which it came tells the share of the window that had it: V²/V₀², with V₀ from the
    next window. EvidenceMissing without a reading.
    """
    seen = windows(observer)
    if not seen:
        raise EvidenceMissing("no reading of the lab meter")
    first = next((index for index, each in enumerate(seen) if each.voltage >= TRACE_V), None)
    if first is None:
        return None
    event, voltage, window = seen[first].first, seen[first].voltage, _shortest_window(observer)
    after = seen[min(first + 1, len(seen) - 1)].first
    full = seen[first + 1].voltage if first + 1 < len(seen) else 0.0
    end = Interval(event.t - event.before + window, event.t + event.after)
    least, most = 0.0, 1.0
    if full >= DEAD_V:
        u = voltage_uncertainty(observer, after)
        least = min(1.0, max(0.0, voltage - u) / (full + u)) ** 2
        most = min(1.0, (voltage + u) / (full - u)) ** 2
    early = end.early - most * window
    if first == 0:
        early = 0.0
    elif Grid(observer).updates(seen[first - 1], seen[first])[1] > 1:  # it may have come in a window that was not read
        dead = seen[first - 1].last
        early = dead.t - dead.before + window
    return Interval(early, end.late - least * window)


def _shortest_window(observer: Observer) -> float:
    """Return the seconds a window of the meter takes at least: less than its period where that is observed."""
    seen = (each for each in observer.recorder.events if each.kind is Kind.READING and each.source == METER_UPDATES)
    told = next(seen, None)
    if told is None or told.data["update_period_s"] == told.data["stated_s"]:
        return update_period(observer)
    return min(update_period(observer), float(told.data["at_least_s"]))  # type: ignore[arg-type]  # written by the bench


def highest_power(observer: Observer) -> Sampled:
    """Return the largest mean power in W over a window of the meter, or over the time between two readings.

    EvidenceMissing without a reading.
    """
    readings = power_readings(observer.recorder.events)
    if not readings:
        raise EvidenceMissing("no reading of the lab meter")
    bounds = [(power, power_budget(observer, event)) for event, power in readings]
    power, budget = max(bounds, key=lambda each: each[1].bounds(each[0])[1])
    low, high = max(each.bounds(value)[0] for value, each in bounds), budget.bounds(power)[1]
    grid = Grid(observer)
    for earlier, later in pairwise(windows(observer)):
        if grid.updates(earlier, later)[1] > 1:
            mean = between(observer, earlier, later, grid=grid)
            low, high = max(low, mean.low), max(high, mean.high)
    return Sampled(low, high, (_begin(readings), readings[-1][0].t), budget)


def voltage_uncertainty(observer: Observer, event: Event) -> float:
    """Return U of the voltage of a reading, in V."""
    return observer.rig.meter.voltage_budget(reading_of(event)).expanded


def power_budget(observer: Observer, event: Event) -> Budget:
    """Return what the power of a reading is uncertain by, in W: of zero too, where the meter's offset counts."""
    return observer.rig.meter.power_budget(reading_of(event))


def mean_power_uncertainty(observer: Observer, event: Event) -> float:
    """Return U of a mean power in W that follows from integrated energy, at the power of this reading."""
    reading = reading_of(event)
    apparent = float(reading.voltage * reading.current)
    return observer.rig.meter.energy_budget(WattHour(reading.power), Second(3600.0), apparent).expanded


def digit_wh(observer: Observer, energy_wh: float) -> float:
    """Return what an integrated energy is uncertain by for its resolution, in Wh."""
    return observer.rig.meter.energy_budget(WattHour(energy_wh), Second(0.0), 0.0).part("resolution")


def between(observer: Observer, earlier: Window, later: Window, *, grid: Grid | None = None) -> Sampled:
    """Return the mean power in W from the end of one window to that of another, by the energy.

    :param grid: of the meter, if it is known already.
    """
    grid = Grid(observer) if grid is None else grid
    fewest, most = (max(1, each) * grid.period for each in grid.updates(earlier, later))
    joules = (later.energy_wh - earlier.energy_wh) * 3600
    u = max(mean_power_uncertainty(observer, each.first) for each in (earlier, later))
    u += 2 * digit_wh(observer, later.energy_wh) * 3600 / fewest
    means = (joules / most, joules / fewest)
    return Sampled(min(means) - u, max(means) + u)


def _begin(readings: Sequence[tuple[Event, float]]) -> float:
    return max(0.0, readings[0][0].t - readings[0][0].before)


# --- what is seen first after something was done ------------------------------------------------------------


def first_after(observer: Observer, cause: Event, find: Callable[[Event], Event | None], limit_s: float) -> Timed:
    """Watch until the limit and ``AFTERMATH_S`` have passed since the cause, at least that once; then look."""
    observer.sleep(max(AFTERMATH_S, cause.t + limit_s + AFTERMATH_S - observer.clock.now()))
    found = find(cause)
    return (instant(found) if found is not None else not_until(observer.clock.now())).since(instant(cause))


def first_said(observer: Observer, cause: Event, device: str, words: str, limit_s: float) -> Timed:
    """From the cause to the first line after it on the device's console that holds ``words``."""

    def find(began: Event) -> Event | None:
        said = (each for each in observer.recorder.events if each.kind is Kind.CONSOLE and each.t >= began.t)
        mine = (each for each in said if each.source == f"{device}-console")
        return next((each for each in mine if words in str(each.data["text"])), None)

    return first_after(observer, cause, find, limit_s)

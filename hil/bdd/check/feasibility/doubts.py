"""What a rig might not decide: limits that lie too close to what a sound device does, for the meter that it has.

A value is decided if it lies within its limit by at least U (:mod:`hil.evidence.limits`), and the meter may be wrong by
U as well. So a limit is sure to be decided for a sound device only with room for twice U. Whether it is one time or the
other depends on how much of its data sheet the meter uses up. Each function is told by a Then step
(:func:`hil.bdd.check.feasibility.course.tells`), and leaves a question that is answered when all steps have been told:
only then it is known how much energy the scenario comes to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.bdd.check.feasibility import demanded
from hil.rig.check.capabilities import doubtful_edge, energy_uncertainty, power_uncertainty, update_period
from hil.units import Percent, Satoshi, Second, Watt, WattHour, format_quantity

if TYPE_CHECKING:
    from hil.bdd.check.feasibility.course import Course

STANDBY = 0.1
"""Part of the highest power that is none to work with."""

SLICE_W = 1300.0
SLICE_WH = 40.0
"""What the reference toaster draws while it is hot, and takes for a slice; it ends by itself then."""

UPDATES = 3
"""Within so many updates of the meter the energy at an instant is known."""


def energy(course: Course, energy: WattHour, tolerance: Percent) -> str | None:
    """An energy within a tolerance."""
    course.demanded_wh = float(energy)
    room = energy * tolerance / 100
    course.doubt = lambda: _energy(course, room, f"{tolerance:g} % of {energy:g} Wh", around=True)
    return demanded.energy(course, energy, tolerance)


def at_most(course: Course, energy: WattHour) -> None:
    """No more than this energy beyond what was paid for, or less than what was billed."""
    course.doubt = lambda: _energy(course, float(energy), f"a limit of {format_quantity(energy, 'Wh')}")


def at_cuts(course: Course, energy: WattHour) -> None:
    """No more than this credit when power was cut."""
    course.doubt = lambda: _energy(course, float(energy), f"a limit of {format_quantity(energy, 'Wh')}", at_once=True)


def at_requests(course: Course, low: WattHour, high: WattHour) -> str | None:
    """So much credit at each request."""
    what = f"{low:g} Wh to {high:g} Wh"
    course.doubt = lambda: _energy(course, float(high - low) / 2, what, around=True, at_once=True)
    return demanded.further_payments(course)


def lost(course: Course, amount: Satoshi) -> None:
    """No more than this lost by the socket."""
    what = f"a limit of {format_quantity(amount, 'sat')}"
    course.doubt = lambda: _energy(course, int(amount) / course.purse.tariff, what)


def lost_to_abuse(course: Course, _: str) -> None:
    """No more lost than a row of the catalogue allows."""

    def doubt() -> str:
        if course.abuse_loss is None:
            return ""
        value, unit = course.abuse_loss
        room = value if unit == "Wh" else value / course.purse.tariff
        return _energy(course, room, f"the catalogue's limit of {format_quantity(value, unit)}")

    course.doubt = doubt


def answered(course: Course, _: str) -> None:
    """Answered and cut in the time of a row of the catalogue."""

    def doubt() -> str:
        return doubtful_edge(course.rig, Second(course.abuse_answer_s)) if course.rig and course.abuse_answer_s else ""

    course.doubt = doubt


def meters_agree(course: Course, share: Percent) -> None:
    """The device's meter agrees with the lab's within a share of it."""

    def doubt() -> str:
        energy = energy_wh(course)
        room = energy * float(share) / 100
        return _energy(course, room, f"{share:g} % of {energy:.3g} Wh", around=True, at_once=True)

    course.doubt = doubt


def highest_power(course: Course, low: Watt, high: Watt) -> str | None:
    """The highest power lies between two."""

    def doubt() -> str:
        if course.rig is None or (uncertain := power_uncertainty(course.rig, Watt((low + high) / 2))) is None:
            return ""
        room = (high - low) / 2
        if 2 * uncertain <= room:
            return ""
        return (
            f"rig '{course.rig.options.name}' might not decide {low:g} W to {high:g} W: its meter is uncertain by"
            f" {format_quantity(uncertain, 'W')}, which counts twice, and has room for {format_quantity(room, 'W')}."
            " Wider limits, a smaller range or a better meter decide it"
        )

    course.doubt = doubt
    return demanded.highest_power(course, low, high)


def _energy(course: Course, room: float, limit: str, *, around: bool = False, at_once: bool = False) -> str:
    """Return why a limit on an energy may not be decided; ``""`` if it is, or if the meter is not known.

    :param room: in Wh, from what a sound device does to the limit.
    :param around: whether there is a limit on either side.
    :param at_once: whether the energy at some instant counts, and not only the one at the end.
    """
    if course.rig is None:
        return ""
    energy, seconds = energy_wh(course), live_s(course)
    uncertain = energy_uncertainty(course.rig, WattHour(energy), Second(seconds))
    if uncertain is None:
        return ""
    passing = max(course.drawn_w, default=SLICE_W) * UPDATES * update_period(course.rig) / 3600 if at_once else 0.0
    least = 2 * uncertain + passing
    if least <= room:
        return ""
    also = f", and {format_quantity(passing, 'Wh')} flow until its updates show them" if passing else ""
    decides = f"± {format_quantity(least, 'Wh')}" if around else f"{format_quantity(least, 'Wh')} or more"
    return (
        f"rig '{course.rig.options.name}' might not decide {limit}: its meter is uncertain by"
        f" {format_quantity(uncertain, 'Wh')} for up to {energy:.3g} Wh in {seconds:.3g} s, which counts twice{also}."
        f" A limit of {decides}, a smaller range or a better meter decides it"
    )


def energy_wh(course: Course) -> float:
    """Return about how much energy is delivered: what is demanded, else what is paid for at most, or a slice."""
    if course.demanded_wh:
        return course.demanded_wh
    paid_for = min(course.most_payments, course.purse.most_payments()) * course.purse.quantum_wh
    return min(paid_for, SLICE_WH) if course.load_w is None else paid_for


def live_s(course: Course) -> float:
    """Return about how long the outlet is live: until the energy is delivered at the least power, or longer.

    What an appliance draws while it stands by delivers none of it.
    """
    working = [power for power in course.drawn_w if power > STANDBY * max(course.drawn_w)]
    return max(course.waited_s, energy_wh(course) / min(working, default=SLICE_W) * 3600)

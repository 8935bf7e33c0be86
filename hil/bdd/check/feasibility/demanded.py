"""What a Then step demands of a scenario's course: payments, money, energy, time; and why that cannot be.

Each function is told by a step (:func:`hil.bdd.check.feasibility.course.tells`) and returns what is wrong. Figures are
bounds: a sound scenario is never beyond them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hil.bdd.check.feasibility.course import TOASTER_W
from hil.units import Percent, Satoshi, WattHour, format_quantity

if TYPE_CHECKING:
    from hil.bdd.check.feasibility.course import Course

OVERVOLTAGE = 1.15**2
"""By which a resistance draws more at the highest voltage that mains have."""

LONGEST_WAIT_S = 3600.0
"""Longest that a step waits for something to happen."""

UNPAID_WH = 0.2
"""What may flow beyond the credit, with the uncertainty of the meters: twice the policy's 0.1 Wh."""

TOP_UP_WH = 2.1
"""Credit that may be left when the next payment is asked for."""


def payments(course: Course, count: int, amount: Satoshi | None = None) -> str | None:
    """So many payments are demanded."""
    if amount is not None and "quantum" in course.purse.said and int(amount) != course.purse.quantum:
        return f"the socket asks for payments of {course.purse.quantum} sat, so none of {int(amount)} sat is accepted"
    return (
        _beyond_purse(course, count, f"{count} payments")
        or _beyond_budget(course, count, f"{count} payments")
        or _beyond_time(course, (count - 1) * course.purse.quantum_wh - TOP_UP_WH, f"{count} payments")
    )


def money(course: Course, amount: Satoshi) -> str | None:
    """So much money is demanded on the ledger."""
    return _beyond_purse(course, -(-int(amount) // course.purse.quantum), f"{int(amount)} sat")


def energy(course: Course, energy: WattHour, tolerance: Percent) -> str | None:
    """So much energy is demanded."""
    least = float(energy) * (1 - float(tolerance) / 100)
    what = f"{energy:g} Wh"
    if course.rig is not None and least > course.rig.options.limits.energy:
        limit = format_quantity(course.rig.options.limits.energy, "Wh")
        course.beyond = f"rig '{course.rig.options.name}' ends a session after {limit}, before {what} are delivered"
    payments = math.ceil((least - UNPAID_WH) / course.purse.quantum_wh)
    return (
        _beyond_purse(course, payments, what)
        or _beyond_budget(course, payments, what)
        or _beyond_time(course, least, what)
    )


def limit_of_time(course: Course, limit: float) -> None:
    """Something is watched for as long as this."""
    if course.rig is not None and not course.beyond and limit > course.rig.options.limits.session:
        session, told = format_quantity(course.rig.options.limits.session, "s"), format_quantity(limit, "s")
        course.beyond = f"rig '{course.rig.options.name}' ends a session after {session}, before {told} are over"


def _beyond_purse(course: Course, payments: int, what: str) -> str | None:
    if payments <= (most := course.purse.most_payments()):
        return None
    return (
        f"{what} take {payments} payments of {course.purse.quantum} sat and their fees, and the coins given,"
        f" {course.purse.total} sat, pay {most} at most"
    )


def _beyond_budget(course: Course, payments: int, what: str) -> str | None:
    if course.disturbed or payments <= course.most_payments:
        return None
    return f"{what} take {payments} payments, and the cable pays for at most {course.most_payments}"


def _beyond_time(course: Course, energy_wh: float, what: str) -> str | None:
    power = (course.highest_w or TOASTER_W) * OVERVOLTAGE
    least_s = energy_wh / power * 3600
    if course.rig is not None and not course.beyond and least_s > course.rig.options.limits.session:
        limit, time = format_quantity(course.rig.options.limits.session, "s"), format_quantity(least_s, "s")
        course.beyond = f"rig '{course.rig.options.name}' ends a session after {limit}, and {what} take {time} at least"
    longest_s = course.waited_s + LONGEST_WAIT_S * course.awaited
    if least_s <= longest_s:
        return None
    least, longest = format_quantity(least_s, "s"), format_quantity(longest_s, "s")
    return f"{what} take {least} at least with this appliance, and the scenario waits for {longest} at most"

"""What a Then step demands of a scenario's course: payments, money, energy, time; and why that cannot be.

Each function is told by a step (:func:`hil.bdd.check.feasibility.course.tells`) and returns what is wrong. Figures are
bounds: a sound scenario is never beyond them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hil.bdd.check.feasibility.agreement import MARGIN, is_known, no_agreement, overload_w
from hil.bdd.check.feasibility.course import TOASTER_W
from hil.protocol.policy import Mode
from hil.units import Percent, Satoshi, Second, Watt, WattHour, format_quantity

if TYPE_CHECKING:
    from hil.bdd.check.feasibility.course import Course

OVERVOLTAGE = 1.15**2
"""By which a resistance draws more at the highest voltage that mains have."""

LONGEST_WAIT_S = 3600.0
"""Longest that a step waits for something to happen."""

UNPAID_WH = 0.2
"""What may flow beyond the credit, with the uncertainty of the meters: twice the policy's 0.1 Wh."""

PAID = frozenset({"PAYMENT_REQUEST", "PAYMENT", "RECEIPT"})
"""Messages of which there are none without an agreement, and as many of each as payments, or less."""

PAYMENTS_APART = 20
"""With fewer payments the meters of honest devices cannot make a session end early: 4 % of 25 are one payment."""

PHASE_ERROR = 0.05
"""By which the power factor of a load and of the meter may differ from what it is told."""

OVERLOAD_S = 3.0
"""Within that a socket has cut an appliance that draws more than it sells."""

TOP_UP_WH = 2.1
"""Credit that may be left when the next payment is asked for."""


def payments(course: Course, count: int, amount: Satoshi | None = None) -> str | None:
    """So many payments are demanded."""
    if amount is not None and _quantum_known(course) and int(amount) != course.purse.quantum:
        return f"the socket asks for payments of {course.purse.quantum} sat, so none of {int(amount)} sat is accepted"
    if count and (wrong := paid(course)) is not None:
        return wrong
    if count > 1 and (most := overload_w(course)) is not None:
        return f"the appliance draws more than the {most:g} W that are sold, so there are no {count} payments"
    return (
        _beyond_purse(course, count, f"{count} payments")
        or _beyond_budget(course, count, f"{count} payments")
        or _beyond_time(course, (count - 1) * course.purse.quantum_wh - TOP_UP_WH, f"{count} payments")
    )


def paid(course: Course, *_: object) -> str | None:
    """At least one payment is demanded."""
    course.session_wanted = True
    return no_agreement(course)


def awaited(course: Course, *_: object) -> str | None:
    """Something of a session that is paid for is waited for."""
    wrong = course.awaits() or paid(course)
    if wrong is None and course.no_session:
        return "the cable was pulled out before any session began, and no step before plugs it in again"
    return wrong


def message(course: Course, number: int, message: str, _: str) -> str | None:
    """A message is waited for, counted from the beginning."""
    wrong = course.awaits() or (paid(course) if message in PAID else None)
    if wrong is None and message in PAID and not course.disturbed and number > (most := _most_payments(course)):
        return f"there are at most {most} payments in this scenario, so no {message} number {number}"
    return wrong


def further_payments(course: Course, *_: object) -> str | None:
    """Something is said of the payments after the first."""
    if (wrong := paid(course)) is not None:
        return wrong
    if course.disturbed or _most_payments(course) > 1:
        return None
    return "there is at most 1 payment in this scenario, and none after it"


def apart(course: Course, limit: Second) -> str | None:
    """The payments are asked for at least so long apart."""
    if (wrong := further_payments(course)) is not None:
        return wrong
    if course.disturbed or course.plays or course.load_w is None:
        return None
    took = course.purse.quantum_wh / course.load_w * 3600
    if limit <= took * MARGIN:
        return None
    bought = f"{format_quantity(course.purse.quantum_wh, 'Wh')} at {course.load_w:g} W"
    return f"a payment buys {bought}, so the next one is asked for after {format_quantity(took, 's')}"


def power_factor(course: Course, low: float, high: float) -> str | None:
    """The power factor lies between two."""
    known = course.load_w is not None and not course.plays and not course.disturbed
    if not known or low - PHASE_ERROR <= course.power_factor <= high + PHASE_ERROR:
        return paid(course)
    return f"the load draws at power factor {course.power_factor:g}"


def transactions(course: Course, count: int) -> str | None:
    """So many transactions are demanded on the ledger, each of which pays at least once."""
    if count and (wrong := paid(course)) is not None:
        return wrong
    payments = _most_payments(course)
    most = payments if course.purse.mode != Mode.SINGLE_FEE.label else 1 + payments // PAYMENTS_APART
    if course.disturbed or count <= most:
        return None
    return f"{payments} payments in {course.purse.mode} mode are at most {most} on the ledger, not {count}"


def sessions(course: Course, count: int) -> str | None:
    """So many sessions are demanded."""
    if count or not course.session_wanted:
        return None
    return "another step of this scenario waits for a session, or demands payments of it"


def power(course: Course, *_: object) -> str | None:
    """It is demanded that power flowed."""
    course.power_wanted = True
    if course.unpowered == (course.waited_s, course.awaited):
        return "another step demands that no power flowed"
    return paid(course)


def no_power(course: Course) -> str | None:
    """It is demanded that no power flowed, so far."""
    course.unpowered = (course.waited_s, course.awaited)
    return "another step demands that power flowed" if course.power_wanted else None


def highest_power(course: Course, low: Watt, high: Watt) -> str | None:
    """The highest power lies between two."""
    if low > 0 and (wrong := power(course)) is not None:
        return wrong
    most = (course.highest_w or TOASTER_W) * (1 if course.load_w is not None and not course.plays else OVERVOLTAGE)
    if low > most * MARGIN:
        return f"the appliance draws at most {most:.4g} W"
    if course.load_w is not None and not course.plays and not course.disturbed and high < course.load_w / MARGIN:
        return f"the appliance draws {course.load_w:g} W"
    return None


def money(course: Course, amount: Satoshi) -> str | None:
    """So much money is demanded on the ledger."""
    if amount and (wrong := paid(course)) is not None:
        return wrong
    if _quantum_known(course) and not course.disturbed and int(amount) % course.purse.quantum:
        return f"the socket asks for payments of {course.purse.quantum} sat, which do not add up to {int(amount)} sat"
    return _beyond_purse(course, -(-int(amount) // course.purse.quantum), f"{int(amount)} sat")


def energy(course: Course, energy: WattHour, tolerance: Percent) -> str | None:
    """So much energy is demanded."""
    least = float(energy) * (1 - float(tolerance) / 100)
    what = f"{energy:g} Wh"
    if least > UNPAID_WH and (wrong := power(course)) is not None:
        return wrong
    if (most := overload_w(course)) is not None and least > (course.load_w or 0.0) * OVERLOAD_S / 3600:
        return f"the appliance draws more than the {most:g} W that are sold, so power is cut before {what}"
    if course.rig is not None and least > course.rig.options.limits.energy:
        limit = format_quantity(course.rig.options.limits.energy, "Wh")
        course.beyond = f"rig '{course.rig.options.name}' ends a session after {limit}, before {what} are delivered"
    payments = math.ceil((least - UNPAID_WH) / course.purse.quantum_wh)
    return (
        _beyond_purse(course, payments, what)
        or _beyond_budget(course, payments, what)
        or _beyond_time(course, least, what)
    )


def _quantum_known(course: Course) -> bool:
    return "quantum" in course.purse.said or is_known(course, "socket")


def _most_payments(course: Course) -> int:
    """Return how many payments a session has at most, by the cable's budget and what the socket sells."""
    sold = course.agreement.payments if "payments" in course.agreement.said or is_known(course, "socket") else math.inf
    return int(min(course.most_payments, sold))


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
    if course.disturbed or payments <= (most := _most_payments(course)):
        return None
    who = "the cable pays for" if most == course.most_payments else "the socket sells"
    return f"{what} take {payments} payments, and {who} at most {most}"


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

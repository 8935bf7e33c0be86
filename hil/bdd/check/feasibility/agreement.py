"""What socket and cable agree on, and why they cannot: the terms of the OFFER against the limits of the cable.

A device whose terms are not told is not reckoned with. Told are those that a step says, those of a side that the
bench plays, and on a virtual bench those of a reference device: its profile in the rig file, or its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.bdd.check.feasibility.terms import LIMIT, is_reference
from hil.units import Satoshi, Watt

if TYPE_CHECKING:
    from hil.bdd.check.feasibility.course import Course

UNITS = {"tariff": "sat/Wh", "quantum": "sat a payment", "fee_rate": "sat/vB"}
"""Terms that the cable has a limit for, as a :class:`hil.bdd.check.feasibility.coins.Purse` names them."""


def is_known(course: Course, role: str) -> bool:
    """Tell whether the terms of a device are known if no step says them."""
    if course.foreign:
        return False
    if course.device and course.device not in {role, "pair"}:
        return True  # the bench plays it
    return is_reference(course.rig, role)


def no_agreement(course: Course) -> str | None:
    """Return why nothing can be paid for; None if something may be."""
    agreement, purse = course.agreement, course.purse
    if course.foreign:
        return None
    for name, unit in UNITS.items():
        offered, limit = getattr(purse, name), agreement.limits[name]
        offer_known = name in purse.said or is_known(course, "socket")
        limit_known = f"{LIMIT}{name}" in agreement.said or is_known(course, "cable")
        if offer_known and limit_known and offered > limit:
            return f"the socket asks for {offered} {unit}, and the cable agrees to at most {limit}: nothing is paid"
    demanded = agreement.confirmations
    told = "confirmations" in agreement.said or is_known(course, "socket")
    if told and not course.disturbed and demanded > agreement.blocks:
        return (
            f"the socket demands {demanded} confirmations, and the cable's coins have {agreement.blocks} here:"
            f" nothing is paid. Let {demanded - agreement.blocks} more be mined before"
        )
    return None


def overload_w(course: Course) -> float | None:
    """Return the most power that the socket sells, if the appliance draws more from the beginning on; else None."""
    most = course.agreement.power_w
    told = "power_w" in course.agreement.said or is_known(course, "socket")
    least = course.load_w
    if not told or course.disturbed or course.plays or least is None or least <= most * MARGIN:
        return None
    return float(most)


MARGIN = 1.05
"""For the errors of load and meter."""


# --- told by steps ---------------------------------------------------------------------------------------------------


def tariff(course: Course, price: int) -> None:
    """What the socket asks for a watt-hour, in satoshi."""
    course.purse.say("tariff", price)


def quantum(course: Course, amount: Satoshi) -> None:
    """What one payment is, in satoshi."""
    course.purse.say("quantum", int(amount))


def fee_rate(course: Course, rate: int) -> None:
    """The fee rate in sat/vB."""
    course.purse.say("fee_rate", rate)


def confirmations(course: Course, blocks: int) -> None:
    """How deep the cable's coins must be."""
    course.agreement.say("confirmations", blocks)


def session_limit(course: Course, payments: int) -> None:
    """How many payments a session has."""
    course.agreement.say("payments", payments)


def most_power(course: Course, power: Watt) -> None:
    """The most power that is sold."""
    course.agreement.say("power_w", int(power))


def highest_tariff(course: Course, price: int) -> None:
    """The highest price that the cable agrees to."""
    course.agreement.say("limit of tariff", price)


def largest_quantum(course: Course, amount: Satoshi) -> None:
    """The largest payment that the cable agrees to."""
    course.agreement.say("limit of quantum", int(amount))


def highest_fee_rate(course: Course, rate: int) -> None:
    """The highest fee rate that the cable agrees to."""
    course.agreement.say("limit of fee_rate", rate)


def blocks_mined(course: Course, count: int = 1) -> None:
    """So many blocks are mined."""
    course.agreement.blocks += count

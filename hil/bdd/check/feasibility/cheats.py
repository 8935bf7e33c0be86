"""What a step says of a counterpart that cheats; told to the course of the scenario, and why it cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.bdd.check.feasibility.course import setup_words
from hil.scenario.abuse_plan import row_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.bdd.check.feasibility.course import Course
    from hil.units import Satoshi


def cable_cheats(course: Course, *values: object) -> str | None:
    """The cable is the one that cheats, from the payment on that is the last value of the step."""
    return _cheats(course, "cable", "socket", values)


def socket_cheats(course: Course, *values: object) -> str | None:
    """The socket is the one that cheats, likewise."""
    return _cheats(course, "socket", "cable", values)


def cable_underpays(course: Course, amount: Satoshi, payment: int) -> str | None:
    """The cable pays so much less than it is asked for."""
    if (wrong := cable_cheats(course, payment)) is not None:
        return wrong
    if amount <= course.purse.quantum:
        return None
    return f"a payment of {course.purse.quantum} sat cannot be {amount} sat too small"


def cable_abuse(course: Course, abuse: str, *payment: object) -> str | None:
    """The cable cheats as a row of the catalogue says, which may have coins and a mode of its own."""
    return cable_cheats(course, *payment) or _row(course, abuse)


def socket_abuse(course: Course, abuse: str, *payment: object) -> str | None:
    """The socket cheats as a row of the catalogue says."""
    return socket_cheats(course, *payment) or _row(course, abuse)


def honest_at_first(course: Course) -> str | None:
    """The counterpart cheats later."""
    course.honest_at_first = True
    if course.cheats:
        return None
    return "no step before says how the counterpart cheats, as 'Given the cable underpays by 1 sat from the …'"


def counterpart_there(course: Course) -> str | None:
    """There is a side that the rig plays."""
    if not course.device or course.device in ("socket", "cable"):
        return None
    return f"the {setup_words(course.device)}, so there is no counterpart"


def begins(course: Course) -> str | None:
    """The counterpart that was honest cheats from now on."""
    course.disturbed = True
    if course.honest_at_first:
        return None
    return "no step before says that 'the counterpart is honest at first'"


def _cheats(course: Course, who: str, other: str, values: Sequence[object]) -> str | None:
    course.disturbed = True
    if values and isinstance(first := values[-1], int):
        course.later = lambda: (
            f"the cable pays for at most {course.most_payments} payments, so there is no number {first}"
            if first > course.most_payments
            else ""
        )
    if course.cheats:
        return "the counterpart cheats in one way already; a scenario has one"
    course.cheats = True
    if course.device and course.device != other:
        return f"the {setup_words(course.device)}, so the {who} is no counterpart that could cheat"
    return None


def _row(course: Course, abuse: str) -> str | None:
    row = row_of(abuse)
    course.abuse_answer_s = row.within_s
    costs_energy = row.device == "socket"
    course.abuse_loss = ((row.loses_mwh or 0) / 1000, "Wh") if costs_energy else (row.loses_sat or 0, "sat")
    course.purse.coins = max(course.purse.coins, row.coins)
    course.purse.coin_sat = row.funds_sat or course.purse.coin_sat
    course.most_payments = row.max_payments or course.most_payments
    if course.device and course.purse.mode not in row.modes:
        return f"'{abuse}' is for {' and '.join(row.modes)} mode, not for {course.purse.mode} mode"
    return None

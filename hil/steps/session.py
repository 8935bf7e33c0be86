"""A session as a whole: brought to one of its payments, and how it was set up, answered, asked for and closed."""

from __future__ import annotations

from hil.testing import (
    Cause,
    Check,
    Limit,
    Observer,
    ScenarioRun,
    Second,
    Source,
    WattHour,
    at_least,
    brings,
    counted,
    feature,
    nearest,
    needs,
    sampled,
    sensible,
    tells,
    then,
    timed,
    when,
    within_time,
)
from hil.testing.feasibility import CLOSE_REASONS, Course, demanded, doubts, in_order
from hil.testing.measurements import session
from hil.testing.stimuli import session_walk

UNDER_LOAD = feature("switches-under-load")


def _too_short(_: int, __: int, ___: str, rest: Second) -> str:
    return session_walk.too_short(float(rest))


@when("the {ordinal} session comes to its {ordinal} payment {life}, after {duration} of rest")
@needs(UNDER_LOAD)
@sensible(_too_short)
@tells(Course.comes_to)
@brings(Cause.UNPLUGGED, Cause.SUPPLY_BACK, Cause.LINK_FAILS)
def comes_to(session: int, payment: int, life: str, rest: Second, /, scenario: ScenarioRun) -> None:
    """Lets time pass until that payment is the next one. Sessions before are cut short after one payment: the cable is
    pulled. It then lies beside the socket for the time of rest, at least 3 s, before it is plugged in for the session
    that counts, or another cable is. A restart comes last: the supply of the device under test fails for 1 s.
    """
    session_walk.come_to(scenario, session, payment, life, float(rest))


@then("the device under test answered every question within {duration}")
def answered(limit: Second, /) -> Check:
    """The slowest of all its answers, from the question (HELLO, FUNDING, PAYMENT; OFFER, PAYMENT_REQUEST) on."""
    return within_time("slowest answer", limit, session.slowest_reply, Source.LINE)


@then("the session was set up within {duration}")
@tells(demanded.paid)
def set_up(limit: Second, /) -> Check:
    """From the HELLO that the socket answered to the receipt of the first payment."""
    return within_time("session set-up", limit, session.set_up, Source.LINE)


@then("each further payment was asked for with {energy} to {energy} of credit left")
@sensible(in_order)
@tells(doubts.at_requests)
def asked_in_time(low: WattHour, high: WattHour, /) -> Check:
    """By the lab meter: what the accepted payments buy less the energy at that instant; the policy is 2 Wh."""
    return sampled(
        "credit left at requests", Limit("Wh", low, high), session.credit_at_requests, Source.LINE, Source.LAB_METER
    )


@then("the socket reports {energy} to {energy} of credit left at each further request")
@sensible(in_order)
@tells(demanded.further_payments)
def reported_in_time(low: WattHour, high: WattHour, /) -> Check:
    """By the energy that the socket itself claims in the request; the policy is 2 Wh."""
    limit = Limit("mWh", 1000 * low, 1000 * high)
    return counted(
        "credit left at requests, as the socket reports it",
        limit,
        lambda observer: session.reported_credit_at_requests(observer, limit),
        Source.DEVICE,
    )


@then("the payments were asked for at least {duration} apart")
@tells(demanded.apart)
def apart(limit: Second, /) -> Check:
    """The shortest time from one payment's first request to the next one's."""
    return timed("time between requests", Limit("s", low=float(limit)), session.between_requests, Source.LINE)


@then("the meter of the device under test agrees with the lab's within {percent}")
@tells(doubts.meters_agree)
def meters_agree(limit: float, /, observer: Observer) -> Check:
    """The energy that it told last, against the lab meter's integrator; the lab's uncertainty counts."""
    observer.the_device_under_test()
    name = "device's meter against the lab's"
    return sampled(name, Limit("%", -limit, limit), session.meter_error, Source.DEVICE, Source.LAB_METER)


def _no_reason(reason: str) -> str:
    return "" if reason in CLOSE_REASONS else f"'{reason}' is no reason to close{nearest(reason, CLOSE_REASONS)}"


@then("the device under test closes the session as {word}")
@sensible(_no_reason)
def closed_as(reason: str, /) -> Check:
    """Its CLOSE gives this reason, for instance APPLIANCE_FINISHED or LIMIT_REACHED (SPEC, "CLOSE")."""
    session.refuse_unknown_reason(reason)
    return at_least(f"closed as {reason}", 1, lambda observer: session.closed_as(observer, reason), Source.LINE)

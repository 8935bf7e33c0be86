"""A session as a whole: replies, requests, how it ends, and what the device's own meter made of it."""

from __future__ import annotations

from hil.bdd.check.feasibility import doubts
from hil.bdd.check.values import in_order
from hil.bdd.language.applicability import sensible, tells
from hil.bdd.language.catalogue import then
from hil.errors import nearest
from hil.evidence.limits import Limit
from hil.evidence.observations import Source
from hil.protocol.codes import CloseReason
from hil.scenario.check import Check, at_least, counted, sampled, timed, within_time
from hil.scenario.measurements import session
from hil.scenario.observer import Observer
from hil.units import Second, WattHour


@then("the device under test answered every question within {duration}")
def answered(limit: Second, /) -> Check:
    """The slowest of all its answers, from the question (HELLO, FUNDING, PAYMENT; OFFER, PAYMENT_REQUEST) on."""
    return within_time("slowest answer", limit, session.slowest_reply, Source.LINE)


@then("the session was set up within {duration}")
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
    known = CloseReason.__members__
    return "" if reason in known else f"'{reason}' is no reason to close{nearest(reason, known)}"


@then("the device under test closes the session as {word}")
@sensible(_no_reason)
def closed_as(reason: str, /) -> Check:
    """Its CLOSE gives this reason, for instance APPLIANCE_FINISHED or LIMIT_REACHED (SPEC, "CLOSE")."""
    session.refuse_unknown_reason(reason)
    return at_least(f"closed as {reason}", 1, lambda observer: session.closed_as(observer, reason), Source.LINE)

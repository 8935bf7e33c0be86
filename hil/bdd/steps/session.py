"""A session as a whole: replies, requests, how it ends, and what the device's own meter made of it."""

from __future__ import annotations

from hil.bdd.catalogue import then
from hil.evidence.limits import Limit, Measurement, Rule
from hil.scenario.measurements import session as session_measuring
from hil.scenario.scenario import Trial
from hil.units import Second, WattHour


@then("the device under test answered every question within {duration}")
def answered(limit: Second, /, trial: Trial) -> None:
    """The slowest of all its answers, from the question (HELLO, FUNDING, PAYMENT; OFFER, PAYMENT_REQUEST) on."""
    session_measuring.slowest_reply(trial, Measurement("slowest answer", Limit("s", high=limit), Rule.INTERVAL))


@then("the session was set up within {duration}")
def set_up(limit: Second, /, trial: Trial) -> None:
    """From the HELLO that the socket answered to the receipt of the first payment."""
    session_measuring.set_up(trial, Measurement("session set-up", Limit("s", high=limit), Rule.INTERVAL))


@then("each further payment was asked for with {energy} to {energy} of credit left")
def asked_in_time(low: WattHour, high: WattHour, /, trial: Trial) -> None:
    """By what the socket itself claimed in the request; the policy is 2 Wh."""
    limit = Limit("Wh", low, high)
    session_measuring.credit_at_requests(trial, Measurement("credit left at requests", limit, Rule.EXACT))


@then("the payments were asked for at least {duration} apart")
def apart(limit: Second, /, trial: Trial) -> None:
    """The shortest time from one payment's first request to the next one's."""
    measurement = Measurement("time between requests", Limit("s", low=limit), Rule.EXACT)
    session_measuring.between_requests(trial, measurement)


@then("the meter of the device under test agrees with the lab's within {percent}")
def meters_agree(limit: float, /, trial: Trial) -> None:
    """The energy that it told last, against the lab meter's integrator; the lab's uncertainty counts."""
    measurement = Measurement("device's meter against the lab's", Limit("%", -limit, limit), Rule.GUARDED)
    session_measuring.meter_error(trial, measurement)


@then("the device under test closes the session as {word}")
def closed_as(reason: str, /, trial: Trial) -> None:
    """Its CLOSE gives this reason, for instance APPLIANCE_FINISHED or LIMIT_REACHED (SPEC, "CLOSE")."""
    limit = Limit("count", low=1)
    session_measuring.closed_as(trial, reason, Measurement(f"closed as {reason}", limit, Rule.EXACT))

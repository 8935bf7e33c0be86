"""Somebody who sits on the line between socket and cable, and changes, repeats or invents messages."""

from __future__ import annotations

from hil.steps.link import FAULTS
from hil.testing import Cause, Check, Satoshi, ScenarioRun, Source, brings, given, needs, number, then, when
from hil.testing.measurements import payments
from hil.testing.stimuli import link as link_faults


@given("someone on the line redirects the {redirected} of the {ordinal} {message} {way} to himself")
@when("someone on the line redirects the {redirected} of the {ordinal} {message} {way} to himself")
@needs(FAULTS)
@brings(Cause.LINK_FAILS)
def redirects(what: str, number: int, message: str, way: str, /, scenario: ScenarioRun) -> None:
    """Replaces the payee script (OFFER, PAYMENT_REQUEST, PAYMENT) or change script (FUNDING, last two) by another."""
    link_faults.alter(scenario, what, message, way, first=number)


@given("someone on the line redirects the {redirected} of every {message} {way} to himself")
@when("someone on the line redirects the {redirected} of every {message} {way} to himself")
@needs(FAULTS)
@brings(Cause.LINK_FAILS)
def redirects_all(what: str, message: str, way: str, /, scenario: ScenarioRun) -> None:
    """The same for all of its type."""
    link_faults.alter(scenario, what, message, way, count=None)


@given("someone on the line falsifies the energy of the {ordinal} {message} {way}")
@when("someone on the line falsifies the energy of the {ordinal} {message} {way}")
@needs(FAULTS)
@brings(Cause.LINK_FAILS)
def falsifies(number: int, message: str, way: str, /, scenario: ScenarioRun) -> None:
    """A RECEIPT credits half, a METER claims 5 Wh more."""
    link_faults.alter(scenario, "energy", message, way, first=number)


@given("someone on the line says {invention} to the {device} after the {ordinal} {message} {way}")
@when("someone on the line says {invention} to the {device} after the {ordinal} {message} {way}")
@needs(FAULTS)
@brings(Cause.LINK_FAILS)
def invents_after(what: str, device: str, number: int, message: str, way: str, /, scenario: ScenarioRun) -> None:
    """The message has the other side's next sequence number and precedes a true answer; ``HELLO`` has a new id."""
    link_faults.invent_after(scenario, what, device, message, way, number)


@when("someone on the line says {invention} to the {device}")
@needs(FAULTS)
@brings(Cause.LINK_FAILS)
def invents(what: str, device: str, /, scenario: ScenarioRun) -> None:
    """The same, now."""
    link_faults.invent(scenario, what, device)


@when("someone on the line says the {ordinal} {message} {way} again")
@needs(FAULTS)
@brings(Cause.LINK_FAILS)
def says_again(number: int, message: str, way: str, /, scenario: ScenarioRun) -> None:
    """What was said in this scenario already, under the next sequence number; counted from the beginning."""
    link_faults.say_again(scenario, message, way, number)


@then("someone on the line received {amount} in all")
def stranger_received(amount: Satoshi, /) -> Check:
    """What transactions over the cable's coins pay to his script, confirmed or not, after one more block."""
    return number("received by a stranger", amount, payments.stranger_received, Source.LEDGER, unit="sat")

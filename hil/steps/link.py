"""Faults of the link between socket and cable, of single messages or the whole link; and what must follow from them.

What stands here as ``Given`` and as ``When`` is in force from the beginning, or from then on. All of it is the same for
the same seed.
"""

from __future__ import annotations

from hil.testing import (
    Cause,
    Check,
    Limit,
    Observer,
    Percent,
    ScenarioRun,
    Second,
    Source,
    WattHour,
    at_least,
    brings,
    decides,
    feature,
    follows,
    given,
    needs,
    sampled,
    sensible,
    tells,
    then,
    unsure,
    when,
    within_time,
)
from hil.testing.feasibility import Course, doubtful_edge, doubts, undecidable_edge
from hil.testing.measurements import link as measured
from hil.testing.stimuli import link as link_faults


def _no_share(_: str, percent: Percent, *__: str) -> str:
    return link_faults.no_share(percent)


def _no_baud(_: str, rate: int) -> str:
    return link_faults.no_baud(rate)


def _too_many_flaps(times: int, _: Second) -> str:
    return link_faults.too_many_flaps(times)


FAULTS = feature("link-faults")
"""The rig's tap carries the link and may do with its bytes what a scenario asks for."""


# --- every message ------------------------------------------------------------------------------------------------


@given("the link {link_verb} {percent} of the messages")
@when("the link {link_verb} {percent} of the messages")
@needs(FAULTS)
@sensible(_no_share)
@brings(Cause.LINK_FAILS)
@brings(Cause.MESSAGE, of=0)
def share(verb: str, percent: Percent, /, scenario: ScenarioRun) -> None:
    """``loses``, ``duplicates``, ``reorders`` (the next one overtakes), ``corrupts`` (1 to 3 bits), ``truncates``."""
    link_faults.strike_share(scenario, verb, float(percent))


@given("the link {link_verb} {percent} of the messages {way}")
@when("the link {link_verb} {percent} of the messages {way}")
@needs(FAULTS)
@sensible(_no_share)
@brings(Cause.LINK_FAILS)
@brings(Cause.MESSAGE, of=0)
def share_one_way(verb: str, percent: Percent, way: str, /, scenario: ScenarioRun) -> None:
    """The same in one direction: ``to the socket`` or ``to the cable``."""
    link_faults.strike_share(scenario, verb, float(percent), way)


@given("the link delays every message by {duration}")
@when("the link delays every message by {duration}")
@needs(FAULTS)
@brings(Cause.LINK_FAILS)
def delays(seconds: Second, /, scenario: ScenarioRun) -> None:
    """In both directions; their order is kept."""
    link_faults.delay(scenario, float(seconds))


@given("the link delays every message by up to {duration}")
@when("the link delays every message by up to {duration}")
@needs(FAULTS)
@brings(Cause.LINK_FAILS)
def delays_unevenly(most: Second, /, scenario: ScenarioRun) -> None:
    """Jitter: each is held back for another time, evenly distributed from zero; their order is kept."""
    link_faults.delay(scenario, 0.0, float(most))


@given("the link hands messages over byte by byte")
@when("the link hands messages over byte by byte")
@needs(FAULTS)
@brings(Cause.LINK_FAILS)
def fragments(scenario: ScenarioRun) -> None:
    """5000 bytes a second instead of 11 520, each written by itself."""
    link_faults.fragment(scenario)


@given("the {device}'s end of the link runs at {int} baud")
@when("the {device}'s end of the link runs at {int} baud")
@needs(FAULTS)
@sensible(_no_baud)
@brings(Cause.LINK_FAILS)
def baud(device: str, rate: int, /, scenario: ScenarioRun) -> None:
    """Instead of 115 200. Each end reads what a UART makes of the other's bits; the time that bytes take stays."""
    link_faults.mismatch_baud(scenario, device, rate)


# --- messages of one type -----------------------------------------------------------------------------------------


@when("the next {message} {way} is {damage}")
@needs(FAULTS)
@brings(Cause.LINK_FAILS)
@brings(Cause.MESSAGE, of=2)
def next_is(message: str, way: str, damage: str, /, scenario: ScenarioRun) -> None:
    """``dropped``, ``duplicated``, ``overtaken`` (by the next one), ``corrupted`` or ``truncated``."""
    link_faults.strike(scenario, message, way, damage)


@given("the {ordinal} {message} {way} is {damage}")
@when("the {ordinal} {message} {way} is {damage}")
@needs(FAULTS)
@brings(Cause.LINK_FAILS)
@brings(Cause.MESSAGE, of=3)
def nth_is(number: int, message: str, way: str, damage: str, /, scenario: ScenarioRun) -> None:
    """The same for one that is yet to come; counted from now on."""
    link_faults.strike(scenario, message, way, damage, first=number)


@given("every {message} {way} is {damage}")
@when("every {message} {way} is {damage}")
@needs(FAULTS)
@brings(Cause.LINK_FAILS)
@brings(Cause.MESSAGE, of=2)
def every_is(message: str, way: str, damage: str, /, scenario: ScenarioRun) -> None:
    """The same for all of its type."""
    link_faults.strike(scenario, message, way, damage, count=None)


@when("the next {message} {way} is delayed by {duration}")
@needs(FAULTS)
@brings(Cause.LINK_FAILS)
def next_delayed(message: str, way: str, seconds: Second, /, scenario: ScenarioRun) -> None:
    """It is held back, and what follows it in its direction waits behind it."""
    link_faults.delay_messages(scenario, message, way, float(seconds), count=1)


@given("every {message} {way} is delayed by {duration}")
@when("every {message} {way} is delayed by {duration}")
@needs(FAULTS)
@brings(Cause.LINK_FAILS)
def every_delayed(message: str, way: str, seconds: Second, /, scenario: ScenarioRun) -> None:
    """The same for all of its type."""
    link_faults.delay_messages(scenario, message, way, float(seconds), count=None)


# --- the link as a whole ------------------------------------------------------------------------------------------


@given("the link breaks for {duration} {moment} the {ordinal} {message} {way}")
@when("the link breaks for {duration} {moment} the {ordinal} {message} {way}")
@needs(FAULTS)
@brings(Cause.LINK_FAILS)
def breaks_at(seconds: Second, moment: str, number: int, message: str, way: str, /, scenario: ScenarioRun) -> None:
    """``before``: that message is lost with all that follows, in both directions; ``after``: it is the last to pass."""
    link_faults.break_at(scenario, moment, message, way, number, float(seconds))


@given("everything {way} vanishes for {duration} from the {ordinal} {message} on")
@when("everything {way} vanishes for {duration} from the {ordinal} {message} on")
@needs(FAULTS)
@brings(Cause.LINK_FAILS)
def swallows(way: str, seconds: Second, number: int, message: str, /, scenario: ScenarioRun) -> None:
    """A black hole in one direction, which begins with that message; the other direction goes on."""
    link_faults.swallow_from(scenario, message, way, number, float(seconds))


@when("the link is half-open towards the {device} for {duration}")
@needs(FAULTS)
@tells(Course.interrupts)
@brings(Cause.LINK_FAILS)
def half_open(device: str, seconds: Second, /, scenario: ScenarioRun) -> None:
    """The device receives nothing, but its messages pass; returns when it is over."""
    link_faults.half_open(scenario, device, float(seconds))


@when("the link babbles for {duration}")
@needs(FAULTS)
@tells(Course.interrupts)
@brings(Cause.LINK_FAILS)
def babbles(seconds: Second, /, scenario: ScenarioRun) -> None:
    """Random bytes to both devices at half the line's rate, between the messages; returns when it is over."""
    link_faults.babble(scenario, float(seconds))


@when("the link babbles towards the {device} for {duration}")
@needs(FAULTS)
@tells(Course.interrupts)
@brings(Cause.LINK_FAILS)
def babbles_one_way(device: str, seconds: Second, /, scenario: ScenarioRun) -> None:
    """The same, in one direction."""
    link_faults.babble(scenario, float(seconds), device)


@when("the link flaps {int} times a minute for {duration}")
@needs(FAULTS)
@sensible(_too_many_flaps)
@tells(Course.interrupts)
@brings(Cause.LINK_FAILS)
def flaps(times: int, seconds: Second, /, scenario: ScenarioRun) -> None:
    """It comes and goes, and is dead for half of the time; returns when it is over."""
    link_faults.flap(scenario, times, float(seconds))


# --- what came of it ----------------------------------------------------------------------------------------------


def _nothing_demanded(count: int, *_: str) -> str:
    return "" if count >= 1 else f"at least {count} demands nothing; 1 or more"


@then("at least {int} message/messages was/were {damage}")
@sensible(_nothing_demanded)
@follows(Cause.MESSAGE, of=1)
def at_least_struck(count: int, damage: str, /) -> Check:
    """The bench's check on itself: the fault did happen."""
    return at_least(f"messages {damage}", count, lambda observer: measured.struck(observer, damage), Source.BENCH)


@then("at least {int} message/messages was/were lost")
@sensible(_nothing_demanded)
@follows(Cause.LINK_FAILS, Cause.UNPLUGGED)
def at_least_lost(count: int, /) -> Check:
    """Counts the messages that did not arrive as they were sent, for whatever reason."""
    return at_least("messages lost", count, measured.lost, Source.LINE)


@then("the {device} gave the other side up within {duration}")
@tells(Course.must_be_under_test)
@follows(Cause.LINK_FAILS, Cause.UNPLUGGED)
def gave_up(device: str, limit: Second, /, observer: Observer) -> Check:
    """From the first failure of the link to the CLOSE PEER_SILENT that the device sends."""
    observer.refuse_played(device)
    name = f"failed link to CLOSE from the {device}"
    return within_time(
        name, limit, lambda observer, limit_s: measured.given_up(observer, device, limit_s), Source.BENCH, Source.LINE
    )


@then("the power was cut within {duration} of the forgery")
@then("the power was cut within {duration} of the failure of the link")
@decides(undecidable_edge)
@unsure(doubtful_edge)
@follows(Cause.LINK_FAILS, Cause.UNPLUGGED)
def cut_in_time(limit: Second, /) -> Check:
    """From the first failure of the link, or the first forged message on it, to the first reading without power."""
    return within_time("failed link to zero power", limit, measured.fault_to_cut, Source.BENCH, Source.LAB_METER)


@then("the power was never cut while more than {energy} of credit was left")
@tells(doubts.at_cuts)
def credit_at_cuts(most: WattHour, /) -> Check:
    """The credit at each instant at which power was lost: what the receipts gave less the lab meter's energy."""
    return sampled(
        "credit when power was cut", Limit("Wh", high=most), measured.credit_at_cuts, Source.LINE, Source.LAB_METER
    )

"""What a timer socket is told, and how well it keeps its time."""

from __future__ import annotations

from hil.testing import (
    Check,
    Event,
    EvidenceMissing,
    Limit,
    Observer,
    ScenarioRun,
    Second,
    Source,
    Timed,
    instant,
    then,
    timed,
    under_way,
    when,
    within_time,
)
from hil.testing.measurements import cuts, lab
from hil.testing.stimuli import text_line


@when("the timer is told to deliver for {duration}")
@under_way
def told(duration: Second, /, scenario: ScenarioRun) -> None:
    """The line `on SECONDS` on its serial link."""
    text_line.say(scenario, f"on {duration:g}")


@then("the timer answered within {duration}")
def answered(limit: Second, /) -> Check:
    """From the newest command to the line `ok`."""
    return within_time("command to answer", limit, _answer, Source.LINE)


@then("power flowed within {duration} of the command")
def power_after_command(limit: Second, /) -> Check:
    """From the newest command to the first reading of the lab meter with power."""
    return within_time("command to power", limit, _power, Source.LINE, Source.LAB_METER)


@then("the timer delivered for {duration}, give or take {duration}")
def delivered_for(time: Second, spread: Second, /) -> Check:
    """From the first reading with power after the newest command to the first without."""
    limit = Limit("s", low=time - spread, high=time + spread)
    return timed("time of delivery", limit, _delivery, Source.LAB_METER)


def _command(observer: Observer) -> Event:
    commands = text_line.told(observer, "on ")
    if not commands:
        raise EvidenceMissing("the timer was told nothing")
    return commands[-1]


def _answer(observer: Observer, limit_s: float) -> Timed:
    def ok(cause: Event) -> Event | None:
        return next(iter(text_line.said(observer, "ok", since=cause.t)), None)

    return lab.first_after(observer, _command(observer), ok, limit_s)


def _power(observer: Observer, limit_s: float) -> Timed:
    return cuts.until_power(observer, instant(_command(observer)), limit_s)


def _delivery(observer: Observer, _: float) -> Timed:
    return cuts.power_lasted(observer, instant(_command(observer)))

"""Where in the life of a device a defence is tried: in which session, at which payment, after what."""

from __future__ import annotations

from hil.bdd.check.feasibility import cheats
from hil.bdd.check.feasibility.course import Course
from hil.bdd.language.applicability import feature, needs, sensible, tells
from hil.bdd.language.catalogue import given, when
from hil.scenario.scenario import ScenarioRun
from hil.scenario.stimuli import session_walk
from hil.units import Second

UNDER_LOAD = feature("switches-under-load")


@given("the counterpart is honest at first")
@tells(cheats.honest_at_first)
def honest_at_first(scenario: ScenarioRun) -> None:
    """It cheats, as another step says, when 'the counterpart begins to cheat', and not before."""
    scenario.plan.honest_at_first = True


@when("the counterpart begins to cheat")
@tells(cheats.begins)
def begins_to_cheat(scenario: ScenarioRun) -> None:
    """From its next message of the kind on, if the payment is the one from which on it cheats, or a later one."""
    session_walk.begin_to_cheat(scenario)


def _too_short(_: int, __: int, ___: str, rest: Second) -> str:
    return session_walk.too_short(float(rest))


@when("the {ordinal} session comes to its {ordinal} payment {life}, after {duration} of rest")
@needs(UNDER_LOAD)
@sensible(_too_short)
@tells(Course.comes_to)
def comes_to(session: int, payment: int, life: str, rest: Second, /, scenario: ScenarioRun) -> None:
    """Lets time pass until that payment is the next one. Sessions before are cut short after one payment: the cable is
    pulled. It then lies beside the socket for the time of rest, at least 3 s, before it is plugged in for the session
    that counts, or another cable is. A restart comes last: the supply of the device under test fails for 1 s.
    """
    session_walk.come_to(scenario, session, payment, life, float(rest))

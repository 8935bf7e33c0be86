"""The person at the bench: what no instrument of it can do or see."""

from __future__ import annotations

from hil.testing import Check, ScenarioRun, Second, feature, given, needs, sensible, tells, then, when
from hil.testing.feasibility import Course, no_real_time
from hil.testing.stimuli import operator

PERSON = feature("operator")
"""A person is at this bench while it is used."""


def _no_question(words: str, _: Second) -> str:
    return "" if words.strip() else "the operator is asked nothing"


@given("the operator confirms {string} within {duration}")
@when("the operator confirms {string} within {duration}")
@needs(PERSON)
@needs(no_real_time)
@sensible(_no_question)
@tells(Course.asks_operator)
def operator_sees_to(words: str, limit: Second, /, scenario: ScenarioRun) -> None:
    """Asks in the terminal of the run and on its live page, and goes on when a person has answered yes: that something
    was done, or is as the scenario needs it. Any other answer, or none, makes the scenario inconclusive.
    """
    operator.wait_for_person(scenario, words, float(limit))


@then("the operator confirms {string} within {duration}")
@needs(PERSON)
@needs(no_real_time)
@sensible(_no_question)
@tells(Course.asks_operator)
def operator_confirms(words: str, limit: Second, /, scenario: ScenarioRun) -> Check:
    """Asks in the terminal of the run and on its live page. Yes passes; no fails, with the person's remark. "I cannot
    tell", or no answer in time, is inconclusive. The evidence says who answered, where and when.
    """
    return operator.confirms(scenario, words, float(limit))

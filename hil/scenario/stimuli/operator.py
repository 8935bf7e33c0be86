"""Asks the person at the bench, and waits for the answer while the bench goes on: readings are taken, limits are held.

The answer is evidence, with who gave it and where. A person cannot be asked in virtual time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import AuthorError
from hil.evidence.documents import Kind
from hil.evidence.limits import Limit, Measurement
from hil.evidence.observations import Counted, EvidenceMissing, Source
from hil.live.questions import Question
from hil.scenario.check import Check
from hil.units import format_quantity

if TYPE_CHECKING:
    from hil.evidence.documents import Json
    from hil.evidence.limits import Finding
    from hil.live.questions import Answer
    from hil.scenario.observer import Observer
    from hil.scenario.scenario import ScenarioRun

_LOOK_EVERY_S = 0.1

_LATE_S = 1.0
"""The wait itself must not run out before the deadline is noticed."""


def confirms(scenario: ScenarioRun, words: str, limit_s: float) -> Check:
    """Return the check that the person confirms these words within so many seconds of being asked.

    *No* is a failure, with the person's remark. *I cannot tell*, and no answer, are inconclusive: the bench did not
    learn it.
    """
    measurement = Measurement(f"the operator confirms: {words}", Limit("count", 1, 1), Counted, (Source.OPERATOR,))

    def find(_: Observer) -> Finding:
        answer = ask(scenario, words, limit_s)
        if answer.answer == "unsure":
            raise EvidenceMissing(told(answer))
        return measurement.find(Counted(int(answer.answer == "yes")), detail=told(answer))

    return Check(measurement, find)


def wait_for_person(scenario: ScenarioRun, words: str, limit_s: float) -> None:
    """Let the person do or see to something; raises EvidenceMissing unless that is confirmed in time.

    Nothing is said of the device: the bench was not brought to where the scenario needs it.
    """
    answer = ask(scenario, words, limit_s)
    if answer.answer != "yes":
        raise EvidenceMissing(f"the scenario needs that '{words}', and {told(answer)}")


def ask(scenario: ScenarioRun, words: str, limit_s: float) -> Answer:
    """Ask wherever a person may answer, and return the first answer; it is recorded, and so is that there was none.

    Raises EvidenceMissing if none comes within ``limit_s`` seconds of the bench's time, AuthorError in virtual time.
    """
    clock, observer, places = scenario.clock, scenario.observer, scenario.answer_places
    if scenario.rig.lockstep:
        raise AuthorError(f"no person can be asked in virtual time: '{words}'", remedy="Use a rig in real time.")
    asked = clock.now()
    question = Question.new(words, float(asked), float(asked) + limit_s)
    found: list[Answer] = []

    def look() -> bool:
        found.extend(answer for place in places if (answer := place.answer()) is not None)
        return bool(found) or clock.now() >= question.until

    def wake() -> None:  # an answer comes from outside of the bench's clock, which has to be told to look
        if waiting:
            clock.call_at(clock.now() + _LOOK_EVERY_S, wake)

    waiting = True
    try:
        wake()
        for place in places:
            place.ask(question)
        observer.wait_for(look, timeout=limit_s + _LATE_S, what=f"the operator's answer: {words}")
    finally:
        waiting = False
        for place in places:
            place.close()
    data: dict[str, Json] = {"question": words, "asked": round(float(asked), 6)}
    if not found:
        scenario.recorder.observe(Kind.OPERATOR, "operator", {**data, "answer": "none"})
        raise EvidenceMissing(f"the operator did not answer within {format_quantity(limit_s, 's')}: '{words}'")
    answer = found[0]
    remark: dict[str, Json] = {"remark": answer.remark} if answer.remark else {}
    data |= {"answer": answer.answer, "who": answer.who, "where": answer.where, **remark}
    scenario.recorder.observe(Kind.OPERATOR, "operator", data)
    return answer


_WORDS = {"yes": "said yes", "no": "said no", "unsure": "could not tell"}


def told(answer: Answer) -> str:
    """Return in words who said what."""
    remark = f": '{answer.remark}'" if answer.remark else ""
    return f"the operator {_WORDS[answer.answer]} ({answer.who}, {answer.where}){remark}"

"""A person is asked while the bench goes on, and what is made of the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from hil.errors import AuthorError
from hil.evidence.documents import Kind, Verdict
from hil.evidence.observations import EvidenceMissing
from hil.live.questions import Answer, Question
from hil.scenario.findings import LimitMissed, Undecided
from hil.scenario.stimuli import operator
from hil.tests.scenario.timelines import Scene

WORDS = "the lamp is lit"


@dataclass
class Place:
    """A place where a person answers at an instant, or never."""

    scene: Scene
    reply: Answer | None = None
    at: float = 0.0
    asked: list[Question] = field(default_factory=list)
    open: bool = False

    def ask(self, question: Question) -> None:
        self.asked.append(question)
        self.open = True

    def answer(self) -> Answer | None:
        return self.reply if self.open and self.scene.clock.now() >= self.at else None

    def close(self) -> None:
        self.open = False


def scene_with(*replies: tuple[Answer | None, float], lockstep: bool = False, metered: bool = False) -> Scene:
    scene = Scene(metered=metered)
    rig: Any = scene.scenario.rig
    rig.lockstep = lockstep
    scene.scenario.answer_places = [Place(scene, reply, at) for reply, at in replies]
    return scene


def recorded(scene: Scene) -> list[Any]:
    return [event for event in scene.recorder.events if event.kind is Kind.OPERATOR]


YES = Answer("yes", "", "anna", "terminal")
NO = Answer("no", "it blinks", "Bo", "page")
UNSURE = Answer("unsure", "the sun is on it", "Bo", "page")


def test_yes_is_a_pass_by_the_word_of_the_operator() -> None:
    scene = scene_with((YES, 3.0))

    finding = operator.confirms(scene.scenario, WORDS, 60.0).take(scene.observer)

    assert finding.verdict is Verdict.PASS
    document = finding.document()
    assert (document["sources"], document["rule"], document["taken"]) == (["operator"], "exact", True)
    (event,) = recorded(scene)
    assert 3.0 <= event.t < 3.2
    assert event.data == {"question": WORDS, "asked": 0.0, "answer": "yes", "who": "anna", "where": "terminal"}


def test_no_is_a_failure_with_the_words_of_the_person() -> None:
    scene = scene_with((NO, 3.0))

    with pytest.raises(LimitMissed, match=r"the operator said no \(Bo, page\): 'it blinks'"):
        scene.scenario.take(operator.confirms(scene.scenario, WORDS, 60.0))

    (event,) = recorded(scene)
    assert event.data["remark"] == "it blinks"


def test_a_person_who_cannot_tell_leaves_it_undecided() -> None:
    scene = scene_with((UNSURE, 3.0))

    with pytest.raises(Undecided, match=r"could not tell \(Bo, page\): 'the sun is on it'"):
        scene.scenario.take(operator.confirms(scene.scenario, WORDS, 60.0))


def test_no_answer_until_the_deadline_is_inconclusive_and_no_failure_of_the_device() -> None:
    scene = scene_with((YES, 60.5), (None, 0.0))

    finding = operator.confirms(scene.scenario, WORDS, 60.0).take(scene.observer)

    assert finding.verdict is Verdict.INCONCLUSIVE
    assert not finding.taken
    assert finding.detail == "the operator did not answer within 60 s: 'the lamp is lit'"
    assert 60.0 <= scene.clock.now() < 60.2
    (event,) = recorded(scene)
    assert event.data == {"question": WORDS, "asked": 0.0, "answer": "none"}


def test_the_first_answer_counts_and_every_place_asks_no_more() -> None:
    scene = scene_with((YES, 9.0), (NO, 3.0))

    answer = operator.ask(scene.scenario, WORDS, 60.0)

    assert answer is NO
    for place in scene.scenario.answer_places:
        assert isinstance(place, Place)
        assert not place.open
        assert [(each.text, each.asked, each.until) for each in place.asked] == [(WORDS, 0.0, 60.0)]


def test_readings_go_on_while_the_person_thinks() -> None:
    scene = scene_with((YES, 20.0), metered=True)

    operator.ask(scene.scenario, WORDS, 60.0)

    readings = [event.t for event in scene.recorder.events if event.kind is Kind.READING and event.source == "meter"]
    assert len(readings) > 150
    assert readings[-1] > 19


def test_the_line_on_the_terminal_says_what_is_awaited_and_until_when() -> None:
    scene = scene_with((YES, 5.0))
    seen: list[tuple[str, float | None]] = []
    scene.at(4.0, lambda: seen.append((scene.observer.watch.awaited, scene.observer.watch.until)))

    operator.ask(scene.scenario, WORDS, 60.0)

    assert seen[0][0] == "the operator's answer: the lamp is lit"
    assert scene.observer.watch.awaited == ""


@pytest.mark.parametrize("answer", [NO, UNSURE])
def test_what_a_scenario_needs_and_the_person_does_not_confirm_says_nothing_of_the_device(answer: Answer) -> None:
    scene = scene_with((answer, 1.0))

    with pytest.raises(EvidenceMissing, match=f"the scenario needs that '{WORDS}', and the operator"):
        operator.wait_for_person(scene.scenario, WORDS, 60.0)


def test_what_a_scenario_needs_goes_on_with_yes() -> None:
    scene = scene_with((YES, 1.0))

    operator.wait_for_person(scene.scenario, WORDS, 60.0)

    assert scene.clock.now() < 2


def test_no_person_can_be_asked_in_virtual_time() -> None:
    with pytest.raises(AuthorError, match="no person can be asked in virtual time"):
        operator.ask(scene_with((YES, 0.0), lockstep=True).scenario, WORDS, 60.0)


def test_an_interrupt_ends_the_question() -> None:
    scene = scene_with((YES, 50.0))

    def interrupt() -> None:
        raise KeyboardInterrupt

    scene.at(5.0, interrupt)
    with pytest.raises(KeyboardInterrupt):
        operator.ask(scene.scenario, WORDS, 60.0)

    (place,) = scene.scenario.answer_places
    assert isinstance(place, Place)
    assert not place.open

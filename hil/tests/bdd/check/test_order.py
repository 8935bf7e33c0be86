"""The order of steps, and that something is measured."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.bdd.language.catalogue import Catalogue
from hil.errors import AuthorError
from hil.tests.bdd.check.desk import SOUND, found, steps, with_step
from hil.tests.bdd.samples import module_of

ON = "When the devices are switched on\n"

WRONG = {
    "never switched on": (
        with_step(f"{ON}And", "When"),
        "x.feature:6:5: 'When the session has ended' needs devices that are switched on, and no step of this scenario",
    ),
    "measured and never switched on": (
        "Given the socket is under test in single-fee mode\nThen no power flowed\n",
        "x.feature:4:5: 'Then no power flowed' needs devices that are switched on, and no step of this scenario",
    ),
    "Then first": (
        with_step("When the devices", "Then no power flowed\nWhen the devices"),
        "x.feature:6:5: 'Then no power flowed' needs devices that are switched on, which they are at line 7 only",
    ),
    "When too early": (
        with_step("When the devices", "When power flows again\nAnd the devices"),
        "x.feature:6:5: 'When power flows again' needs devices that are switched on, which they are at line 7 only",
    ),
    "Given too late": (
        with_step("And the session", "Given the cable's coins are worth 300000 sat\nWhen the session"),
        "x.feature:7:5: 'Given the cable's coins are worth 300000 sat' sets up what is switched on at line 6 already",
    ),
    "switched on twice": (
        with_step(ON, ON + "And the devices are switched on\n"),
        "x.feature:7:5: the devices are switched on already, at line 6",
    ),
    "no Then": (SOUND[: SOUND.index("Then")], "x.feature:2:3: the scenario 's' has no Then step"),
    "no device under test": (
        with_step("Given the socket is under test in single-fee mode\nAnd", "Given"),
        "x.feature:5:10: no step before says which device is under test",
    ),
}


def test_a_sound_scenario_has_no_mistake() -> None:
    assert found(SOUND) == []


@pytest.mark.parametrize("case", WRONG)
def test_a_step_in_the_wrong_place_is_told_there(case: str) -> None:
    text, message = WRONG[case]
    (problem,) = found(text)
    assert str(problem).startswith(message)


def test_a_fault_of_the_link_may_begin_before_or_after_the_devices_are_switched_on() -> None:
    fault = "the link loses 10 % of the messages\n"
    assert found(with_step("When the devices", f"Given {fault}When the devices")) == []
    assert found(with_step("And the session", f"Given {fault}When the session")) == []
    assert found(with_step("And the session", f"And {fault}And the session")) == []


def test_a_misspelt_step_is_told_alone_and_not_as_a_missing_switch_on() -> None:
    (problem,) = found(with_step("are switched on", "are swiched on"))
    assert problem.rule == "undefined-step"


def test_a_seeded_fault_of_the_bench_may_end_the_scenario_without_a_measurement() -> None:
    text = (
        SOUND[: SOUND.index("Then")] + "And the lab meter answers garbage, as a seeded fault\nAnd the session has ended"
    )
    assert found(text) == []


def test_a_scenario_that_is_not_written_to_its_end_may_still_measure() -> None:
    begun = SOUND[: SOUND.index("Then")]
    assert [each.rule for each in found(begun)] == ["nothing-measured"]
    assert found(begun, whole=False) == []


def test_a_seeded_fault_of_a_device_needs_a_measurement() -> None:
    text = SOUND[: SOUND.index("Then")] + "And the socket's own meter falls silent, as a seeded fault"
    assert [each.rule for each in found(text)] == ["nothing-measured"]


OWN = """
from hil.bdd.language.catalogue import given, then, when
from hil.bdd.language.phases import under_way

@given("a climate of {int} degrees")
def climate(degrees, /, scenario): ...
@when("the chamber has reached {int} degrees")
def reached(degrees, /, scenario): ...
@when("the fan is stopped")
@under_way
def stopped(scenario): ...
@then("the paint is green")
def green() -> None: ...
@then("the case stays cool")
def cool() -> "list[Check]": ...
"""


@pytest.fixture(scope="module")
def with_own_steps() -> Catalogue:
    return Catalogue((*steps().definitions, *Catalogue.of_modules([module_of(OWN)]).definitions))


@pytest.mark.parametrize(
    "text",
    [
        with_step("When the devices", "When the chamber has reached 40 degrees\nAnd the devices"),
        with_step("And the session", "And the chamber has reached 40 degrees\nAnd the session"),
        with_step("And the session", "Given a climate of 40 degrees\nWhen the session"),
        with_step("When the devices are switched on", "When the chamber has reached 40 degrees"),
    ],
)
def test_a_laboratorys_own_steps_may_stand_anywhere_and_switch_on(with_own_steps: Catalogue, text: str) -> None:
    assert found(text, with_own_steps) == []


def test_a_laboratorys_own_step_that_says_when_it_works_is_held_to_it(with_own_steps: Catalogue) -> None:
    (problem,) = found(with_step("When the devices", "When the fan is stopped\nAnd the devices"), with_own_steps)
    assert problem.rule == "too-early"


def test_a_then_step_measures_if_it_says_that_it_returns_checks(with_own_steps: Catalogue) -> None:
    head = SOUND[: SOUND.index("Then")]
    assert [each.rule for each in found(f"{head}Then the paint is green", with_own_steps)] == ["nothing-measured"]
    assert found(f"{head}Then the case stays cool", with_own_steps) == []


def test_steps_that_are_about_no_bench_need_no_order_and_no_measurement() -> None:
    without_bench = Catalogue.of_modules([module_of(OWN)])
    assert found("Given a climate of 4 degrees\nThen the paint is green", without_bench) == []


@settings(max_examples=60, deadline=None)
@given(st.permutations(SOUND.strip().splitlines()))
def test_an_order_without_a_mistake_sets_up_then_switches_on_then_measures(lines: list[str]) -> None:
    kinds = {line: kind for kind, line in zip("ggghwtt", SOUND.strip().splitlines(), strict=True)}
    words = {"g": "Given", "h": "When", "w": "When", "t": "Then"}
    text = "\n".join(f"{words[kinds[line]]} {line.partition(' ')[2]}" for line in lines)
    order = "".join(kinds[line] for line in lines)
    in_order = order[:3] == "ggg" and order[3] == "h"
    wrong = {"too-early", "too-late", "never-switched-on"} & {each.rule for each in found(text)}
    assert bool(wrong) is not in_order


OTHER_SOCKET = """
Given a socket of another kind is under test
And the load draws 1300 W
When the devices are switched on
And 10 s have passed
Then no power flowed
"""


def test_a_socket_of_another_kind_is_measured_and_has_no_sessions() -> None:
    assert found(OTHER_SOCKET) == []

    for line in ("the session has ended", "the first payment has been accepted"):
        (problem,) = found(OTHER_SOCKET.replace("10 s have passed", line))
        assert "a socket of another kind knows no sessions and no payments" in str(problem)


def test_a_socket_is_of_one_kind() -> None:
    twice = OTHER_SOCKET.replace("And the load", "And the socket is under test in single-fee mode\nAnd the load")

    (problem,) = found(twice)
    assert "a socket of another kind is under test here already" in str(problem)


MISTOLD = """
from hil.testing import ScenarioRun, Watt, given, tells
from hil.testing.feasibility import Course


@given("the lamp draws {power}")
@tells(Course.needs_load)
def lamp(power: Watt, /, scenario: ScenarioRun) -> None: ...
"""


def test_a_step_that_tells_the_course_what_it_cannot_take_is_the_mistake_of_the_step() -> None:
    catalogue = Catalogue((*steps().definitions, *Catalogue.of_modules([module_of(MISTOLD)]).definitions))

    with pytest.raises(AuthorError, match=r"Course[.]needs_load cannot take its 1 values") as caught:
        found(with_step("And the load", "And the lamp draws 10 W\nAnd the load"), catalogue)

    assert str(caught.value.place).endswith("sample_steps.py:6")

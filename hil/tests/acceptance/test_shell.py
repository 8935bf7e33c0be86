"""Steps typed one by one: from a pipe, at a terminal, in real time, and every way out."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest

from hil.evidence.documents import Kind, Verdict
from hil.tests.acceptance.commands import Finished
from hil.tests.acceptance.shell_plans import IDLE_S, START, Piped, Typed


def steps(run: Finished, scenario: int = 0) -> list[tuple[str, str]]:
    """The steps in the evidence, each with its outcome."""
    return [
        (f"{event.data['keyword']} {event.data['text']}", str(event.data["outcome"]))
        for event in run.record.scenarios[scenario].of(Kind.STEP)
    ]


def relays_left_closed(run: Finished) -> list[str]:
    states = {event.source: event.data["closed"] for event in run.record.scenarios[0].of(Kind.RELAY)}
    return [name for name, closed in states.items() if closed]


# --- from a pipe -----------------------------------------------------------------------------------------------------


def test_mistakes_are_told_with_what_was_meant_and_do_not_end_the_session(piped_session: Piped) -> None:
    said = piped_session.session.said

    assert "undefined step 'And the laod draws 5 W'. Did you mean 'Given the load draws {power}'" in said
    assert "9000 W is outside what rig 'virtual' can draw" in said
    assert "there is no command ':nonsense'" in said
    assert said.count("\u2713") == 6


def test_a_step_that_fails_shows_the_value_against_the_limit_and_what_happened_last(piped_session: Piped) -> None:
    assert re.search(
        r"hil> And the highest power was between 96 W and 98 W\n"
        r"  \u2717 fail: highest power: measured [\d.]+ W ± [\d.]+ W, .*96 W.*98 W, margin -[\d.]+ W"
        r": fail by the guarded rule\n  what happened last:\n( +[\d.]+ s  .*\n){10}hil> :undo\n",
        piped_session.session.said,
    )


def test_a_measurement_that_passes_is_told_as_well(piped_session: Piped) -> None:
    assert re.search(r"highest power: measured .*: pass by the guarded rule", piped_session.session.said)


def test_the_evidence_of_a_session_is_that_of_a_run(piped_session: Piped) -> None:
    session = piped_session.session

    assert session.code == 1
    assert session.document["verdict"] == Verdict.FAIL
    assert steps(session) == [
        (START[0], "passed"),
        ("Given the load draws 100 W", "passed"),
        ("When the devices are switched on", "passed"),
        ("And the first payment has been accepted", "passed"),
        ("And 10 s have passed", "passed"),
        ("Then the highest power was between 90 W and 110 W", "passed"),
        ("And the highest power was between 96 W and 98 W", "failed"),
    ]
    assert relays_left_closed(session) == []
    assert session.record.altered_files() == []
    assert "And the highest power was between 96 W and 98 W" in (session.folder / "session.feature").read_text()
    assert "session.feature:3" in session.report


def test_the_same_session_with_the_same_seed_gives_the_same_evidence(piped_session: Piped) -> None:
    assert piped_session.session.digest == piped_session.again.digest


def test_a_saved_session_is_accepted_by_the_check_and_repeated_by_a_run(piped_session: Piped) -> None:
    assert piped_session.saved.splitlines()[2:] == [
        "  Scenario: Session 1",
        f"    {START[0]}",
        "    Given the load draws 100 W",
        "    When the devices are switched on",
        "    And the first payment has been accepted",
        "    And 10 s have passed",
        "    Then the highest power was between 90 W and 110 W",
    ]
    assert piped_session.checked.code == 0, piped_session.checked.said
    assert piped_session.run.code == 0, piped_session.run.said
    assert steps(piped_session.run) == steps(piped_session.session)[:-1]


# --- at a terminal ---------------------------------------------------------------------------------------------------


def test_the_live_line_is_there_while_a_step_runs(typed_session: Typed) -> None:
    assert re.search(r" W  credit +-?[\d.]+ Wh +[\d.]+ Wh  And 9 h have passed", typed_session.shown["live"])


def test_ctrl_c_ends_the_step_and_the_bench_stays_as_it_is(typed_session: Typed) -> None:
    assert "K1       closed (mains)" in typed_session.shown["interrupted"]
    assert "highest power: measured" in typed_session.shown["failure"]
    assert ("And 9 h have passed", "not run") in steps(typed_session.session)


def test_each_scenario_of_a_session_ends_with_a_safe_bench(typed_session: Typed) -> None:
    session = typed_session.session

    assert session.code == 1
    assert [scenario.verdict for scenario in session.record.scenarios] == [Verdict.FAIL, Verdict.PASS]
    for number in range(2):
        assert session.stop_event(number).data["safe_state"]["reached"] is True  # type: ignore[index, call-overload]
    assert relays_left_closed(session) == []


@pytest.mark.parametrize("way", ["terminated_session", "hung_up_session"])
def test_a_session_that_is_ended_from_outside_leaves_the_bench_safe(way: str, request: pytest.FixtureRequest) -> None:
    session: Finished = request.getfixturevalue(way)

    # a terminal that hangs up is the end of the input as well: whichever the program sees first
    assert session.code == 2 or (way == "hung_up_session" and session.code == 0), session.said
    assert session.document["finished"] is True
    assert session.stop_event().data["safe_state"]["reached"] is True  # type: ignore[index, call-overload]
    assert relays_left_closed(session) == []


def test_a_session_that_is_killed_is_made_safe_by_the_watchdog(killed_session: Path) -> None:
    assert json.loads(killed_session.read_text())["reached"] is True


def test_a_bench_in_real_time_goes_on_while_nothing_is_typed(session_in_real_time: Finished) -> None:
    assert session_in_real_time.code == 0, session_in_real_time.said
    readings = [event.t for event in session_in_real_time.record.scenarios[0].of(Kind.READING)]
    assert readings[-1] - readings[0] > IDLE_S - 0.2
    assert max(later - earlier for earlier, later in itertools.pairwise(readings)) < 1.0
    assert not (session_in_real_time.folder / "safe_state.json").exists()

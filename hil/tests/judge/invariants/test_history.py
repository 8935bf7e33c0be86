"""The searches of a history find what going through all of it finds, however the bounds of its stamps differ."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hil.judge.frames import FrameFault, FrameFlaw
from hil.judge.invariants.history import Frame, History, Reading, Story

SECONDS = st.floats(0, 50)
BOUNDS = st.floats(0, 20)
"""A process that stood still knows no better when something came."""

STAMPS = st.lists(st.tuples(SECONDS, BOUNDS, BOUNDS)).map(sorted)
"""Instants in the order of time, each with its bounds before and after."""


def _frames(stamps: list[tuple[float, float, float]]) -> list[Frame]:
    nothing = FrameFlaw(FrameFault.EMPTY, "two delimiters in a row")
    return [Frame(t, t - before, t + after, "cable", nothing, b"\x00") for t, before, after in stamps]


@given(STAMPS, SECONDS, SECONDS)
def test_the_readings_within_a_time_are_those_that_tell_of_no_other(
    stamps: list[tuple[float, float, float]], since: float, until: float
) -> None:
    readings = [Reading(t - before, t + after, 0.0, 0.0) for t, before, after in stamps]
    found = History(frames=[], under_test=[], readings=readings).readings_within(since, until)
    assert found == [each for each in readings if since <= each.early and each.late <= until]


@given(STAMPS, st.integers(0, 5), SECONDS)
def test_what_may_have_been_said_by_an_instant_is_found_behind_a_place(
    stamps: list[tuple[float, float, float]], place: int, until: float
) -> None:
    frames = _frames(stamps)
    found = list(Story(b"session!", frames).after(place, until))
    assert found == [each for each in frames[place + 1 :] if each.early <= until]


@given(st.lists(SECONDS), SECONDS, SECONDS)
def test_a_time_is_undisturbed_if_no_disturbance_falls_into_it(
    disturbed: list[float], since: float, until: float
) -> None:
    history = History(frames=[], under_test=[], disturbed=disturbed)
    assert history.undisturbed(since, until) == (not any(since <= t <= until for t in disturbed))

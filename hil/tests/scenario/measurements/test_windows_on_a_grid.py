"""How many updates lie between two readings: bounds that hold, at any phase and however unevenly a meter is read."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from hil.scenario.measurements.windows import Seen, updates_between

PERIOD_S = 0.1


def seen_at(instants: list[float], phase: float, unsure: float) -> tuple[list[Seen], list[int]]:
    """Return what readings at these instants see of a meter that updates at ``phase``, and the number of each update.

    Readings of one update show the same values, readings of two show others.
    """
    seen: list[Seen] = []
    numbers: list[int] = []
    for instant in instants:
        number = math.floor((instant - phase) / PERIOD_S)
        span = (instant - unsure, instant + unsure)
        if numbers and numbers[-1] == number:
            seen[-1] = Seen((*seen[-1].instants, span), seen[-1].since)
        else:
            seen.append(Seen((span,), 1 if numbers else 0))
            numbers.append(number)
    return seen, numbers


@given(
    steps=st.lists(st.integers(min_value=20, max_value=350), min_size=2, max_size=40),
    phase=st.integers(min_value=0, max_value=99),
    unsure=st.sampled_from((0.001, 0.005, 0.03)),
)
def test_the_true_number_of_updates_is_always_within_the_bounds(steps: list[int], phase: int, unsure: float) -> None:
    instants, at = [1.0], 1000
    for step in steps:
        at += step
        instants.append(at / 1000)
    seen, numbers = seen_at(instants, phase / 1000 + 0.0003, unsure)
    for index in range(1, len(seen)):
        counted = updates_between(seen, index, PERIOD_S)
        assert counted is not None
        fewest, most = counted
        assert fewest <= numbers[index] - numbers[index - 1] <= most


@given(phase=st.integers(min_value=0, max_value=99), late=st.integers(min_value=-1, max_value=20))
def test_readings_every_70_ms_leave_nothing_open_though_one_comes_late(phase: int, late: int) -> None:
    instants = [1.0 + 0.07 * number + (late / 1000 if number == 15 else 0.0) for number in range(30)]
    seen, numbers = seen_at(instants, phase / 1000 + 0.0003, 0.0045)
    for index in range(1, len(seen)):
        assert updates_between(seen, index, PERIOD_S) == (numbers[index] - numbers[index - 1],) * 2


def test_readings_at_the_instants_of_the_updates_leave_open_which_one_they_see() -> None:
    instants = [1.0 + 0.1 * number for number in range(10)]
    seen = [Seen(((instant - 0.005, instant + 0.005),), int(instant > 1.0)) for instant in instants]
    assert updates_between(seen, 5, PERIOD_S) == (1, 2)


def test_readings_that_are_on_no_grid_tell_nothing() -> None:
    same_for_too_long = [Seen(((1.0, 1.001), (1.15, 1.151)), 0), Seen(((1.2, 1.201),), 1)]
    too_many_updates = [Seen(((1.0 + 0.01 * number, 1.001 + 0.01 * number),), 1) for number in range(5)]
    assert updates_between(same_for_too_long, 1, PERIOD_S) is None
    assert updates_between(too_many_updates, 1, PERIOD_S) is None


def test_a_phase_between_the_last_instant_of_a_period_and_the_first_of_the_next_is_looked_at() -> None:
    """0.98 and 1.1 s: updates at 0.99 and at 1.09. 1.0 and 1.22 s: at 1.005, 1.105 and 1.205."""
    assert updates_between([Seen(((0.98, 1.02),), 0), Seen(((1.1, 1.1),), 1)], 1, PERIOD_S) == (1, 2)
    assert updates_between([Seen(((1.0, 1.0),), 0), Seen(((1.18, 1.22),), 0)], 1, PERIOD_S) == (1, 3)

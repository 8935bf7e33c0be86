"""Power that flows back: the judge counts what was delivered, and never blames a device for what was not."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hil.judge.invariants.energy import delivered
from hil.judge.invariants.history import Reading

OFF_W = 3.0
PERIOD_S = 1.0


def readings(powers: list[float]) -> list[Reading]:
    """Return readings of a meter whose energy is what was delivered less what flowed back."""
    found, net = [], 0.0
    for number, power in enumerate(powers):
        net += power * PERIOD_S / 3600
        found.append(Reading(number * PERIOD_S, (number + 1) * PERIOD_S, power, net))
    return found


def test_without_power_that_flows_back_the_readings_are_left_as_they_are() -> None:
    told = readings([-0.5, 0.0, 700.0, 700.0, -0.5])
    assert delivered(told, OFF_W) is told


def test_what_flowed_back_is_not_subtracted_from_what_was_delivered() -> None:
    told = readings([0.0] + [3600.0] * 5 + [-3600.0] * 5)
    assert delivered(told, OFF_W)[-1].energy_wh == told[5].energy_wh == 5.0


@given(powers=st.lists(st.sampled_from([-400.0, 0.0, 900.0]), min_size=2, max_size=30))
def test_what_was_delivered_never_falls_and_is_the_sum_of_what_was_not_negative(powers: list[float]) -> None:
    found = [each.energy_wh for each in delivered(readings([0.0, *powers]), OFF_W)]
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(found))
    assert abs(found[-1] - sum(max(0.0, power) for power in powers) * PERIOD_S / 3600) < 1e-9

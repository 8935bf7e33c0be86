"""How old a reading is by the meter's own clock."""

from __future__ import annotations

import pytest

from hil.ports import Reading
from hil.rig.safety.meter_age import ReadingAge
from hil.units import Ampere, Second, Volt, Watt, WattHour

DRIFT_S = 0.03
"""What two clocks may differ by in half a minute: it makes no reading old."""


def age(of: ReadingAge, now: float, began: float) -> float:
    """Return the age at ``now`` of a reading whose integration seems to have begun at ``began``."""
    return of.of(Reading(Volt(0.0), Ampere(0.0), Watt(0.0), WattHour(0.0), Second(now - began)), now)


def test_the_first_reading_is_as_new_as_any_if_nothing_else_is_known() -> None:
    assert age(ReadingAge(), 10.0, began=4.0) == 0.0


def test_the_first_reading_is_old_by_what_it_lacks_since_the_integrator_ran() -> None:
    assert age(ReadingAge(prepared=2.0), 10.0, began=2.5) == pytest.approx(0.5 - DRIFT_S)


def test_a_reading_is_old_by_what_it_lacks_compared_with_the_newest_one_that_was_seen() -> None:
    seen = ReadingAge()
    assert age(seen, 10.0, began=4.0) == 0.0
    assert age(seen, 11.0, began=5.0) == pytest.approx(1.0 - DRIFT_S)
    assert age(seen, 12.0, began=3.0) == 0.0
    assert age(seen, 13.0, began=4.0) == pytest.approx(1.0 - DRIFT_S)


def test_an_integrator_that_began_after_it_was_prepared_makes_a_reading_old_and_one_before_it_new() -> None:
    assert age(ReadingAge(prepared=2.0), 10.0, began=1.0) == 0.0


def test_no_reading_is_younger_than_new_and_drift_makes_none_old() -> None:
    for more in (0.0, DRIFT_S):
        seen = ReadingAge()
        age(seen, 10.0, began=4.0)
        assert age(seen, 11.0, began=4.0 + more) == pytest.approx(0.0, abs=1e-9)


def test_the_newest_reading_of_a_window_is_remembered_through_the_next_one_and_no_longer() -> None:
    seen = ReadingAge()
    age(seen, 0.0, began=0.0)
    lag = 5.0 - DRIFT_S
    for now in (20.0, 30.0, 31.0, 61.0):
        assert age(seen, now, began=5.0) == pytest.approx(lag), now
    assert age(seen, 61.5, began=5.0) == 0.0


def test_the_newest_reading_of_a_later_window_counts_as_much_as_one_of_the_window_before() -> None:
    seen = ReadingAge()
    age(seen, 0.0, began=9.0)
    age(seen, 31.0, began=8.0)
    assert age(seen, 40.0, began=7.0) == 0.0
    assert age(seen, 50.0, began=8.0) == pytest.approx(1.0 - DRIFT_S)

"""The register of a device's own meter: where it begins, and how it goes on at its end."""

from __future__ import annotations

import pytest

from hil.devices.board import REGISTER_WH, RegisterCount


def counted(*readings: float) -> list[float]:
    count = RegisterCount()
    return [count.add(reading) for reading in readings]


def test_a_register_that_begins_at_zero_is_its_own_count() -> None:
    assert counted(0.0, 0.1, 8.0) == [0.0, 0.1, 8.0]


def test_what_a_register_had_at_first_is_not_counted() -> None:
    assert counted(9_000, 9_008, 9_016) == [0, 8, 16]


def test_the_count_goes_on_across_the_end_as_often_as_that_comes() -> None:
    half = REGISTER_WH // 2
    readings = [REGISTER_WH - 4, 4, half, REGISTER_WH - 1, 1]
    assert counted(*readings) == [0, 8, half + 4, REGISTER_WH + 3, REGISTER_WH + 5]


def test_a_register_that_goes_back_a_little_counts_back() -> None:
    assert counted(100, 108, 104) == [0, 8, 4]


@pytest.mark.parametrize("step", [0.001, 8.0, 3_000_000.0])
def test_no_step_below_half_the_range_is_mistaken(step: float) -> None:
    count, reading, total = RegisterCount(), REGISTER_WH - 3.5 * step, 0.0
    count.add(reading)
    for _ in range(20):
        reading, total = (reading + step) % REGISTER_WH, total + step
        assert count.add(reading) == pytest.approx(total)

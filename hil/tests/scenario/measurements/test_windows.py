"""Which readings tell of one window, and how many windows were not read: made readings at made instants."""

from __future__ import annotations

import pytest

from hil.evidence.documents import Kind
from hil.rig.sampling.timer import reading_age
from hil.scenario.measurements.windows import Grid, update_period, windows
from hil.tests.scenario.timelines import Scene
from hil.units import Second

PERIOD_S = 0.1


def read(*readings: tuple[float, float], bound: float = 0.0, watts: float = 1000.0) -> Scene:
    """A meter of ten windows a second shows so many volts at these instants."""
    scene = Scene(metered=False, bound=bound, period=PERIOD_S)
    for second, volts in readings:
        data = {"voltage_V": volts, "current_A": 1.0, "power_W": watts, "energy_Wh": 7.0}
        scene.write(second, Kind.READING, "meter", data, before=reading_age(scene.meter))
    return scene.run(max(second for second, _ in readings) + 1.0)


def spans(scene: Scene) -> list[tuple[float, float]]:
    """Return the instants of the first and of the last reading of each window."""
    return [(each.first.t, each.last.t) for each in windows(scene.observer)]


def between(first: tuple[float, float], second: tuple[float, float], bound: float = 0.0) -> tuple[int, int]:
    scene = read(first, second, bound=bound)
    earlier, later = windows(scene.observer)
    return Grid(scene.observer).updates(earlier, later)


# --- which readings tell of one window ------------------------------------------------------------------------------


def test_a_window_tells_what_the_meter_showed() -> None:
    scene = read((1.0, 230.0))
    (window,) = windows(scene.observer)
    assert (window.voltage, window.power, window.energy_wh) == (230.0, 1000.0, 7.0)
    assert update_period(scene.observer) == PERIOD_S


def test_the_same_values_within_a_period_are_one_window_that_was_read_twice() -> None:
    scene = read((1.0, 230.0), (1.05, 230.0), (1.09, 230.0))
    assert spans(scene) == [(1.0, 1.09)]


def test_the_same_values_a_period_later_are_another_window() -> None:
    assert spans(read((0.2, 230.0), (0.3, 230.0))) == [(0.2, 0.2), (0.3, 0.3)]
    assert spans(read((1.0, 230.0), (1.05, 230.0), (1.1, 230.0))) == [(1.0, 1.05), (1.1, 1.1)]


def test_a_period_is_kept_to_a_millionth() -> None:
    short, long = PERIOD_S * (1 - 1e-6), PERIOD_S * (1 + 1e-6)
    assert spans(read((0.0, 230.0), (short, 230.0))) == [(0.0, 0.0), (short, short)]
    assert spans(read((0.0, 0.0), (long, 0.0))) == [(0.0, long)]


def test_other_values_within_a_period_are_another_window() -> None:
    assert spans(read((1.0, 230.0), (1.05, 231.0))) == [(1.0, 1.0), (1.05, 1.05)]


def test_readings_without_voltage_that_follow_within_a_period_are_one_row_however_long() -> None:
    assert spans(read((0.3, 0.0), (0.4, 4.9), (0.5, 0.0), (0.6, 1.0))) == [(0.3, 0.6)]


def test_readings_without_voltage_more_than_a_period_apart_are_two_rows() -> None:
    assert spans(read((1.0, 0.0), (1.11, 0.0))) == [(1.0, 1.0), (1.11, 1.11)]


@pytest.mark.parametrize("readings", [((1.0, 5.0), (1.1, 0.0)), ((1.0, 0.0), (1.1, 5.0))])
def test_a_trace_of_voltage_before_or_after_belongs_to_no_row_without(
    readings: tuple[tuple[float, float], tuple[float, float]],
) -> None:
    assert spans(read(*readings)) == [(1.0, 1.0), (1.1, 1.1)]


def test_what_other_sources_and_other_events_tell_is_no_window() -> None:
    scene = read((1.0, 230.0))
    scene.write(2.0, Kind.READING, "socket meter", {"delivered_Wh": 3.0})
    scene.write(2.1, Kind.FAULT, "meter", {"what": "hangs", "who": "bench"})
    scene.write(2.2, Kind.READING, "meter", {"voltage_V": 1.0, "power_W": 0.0, "energy_Wh": 7.0})
    assert spans(scene.run(3.0)) == [(1.0, 1.0), (2.2, 2.2)]


# --- how often the meter updated ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "times"),
    [(0.3, 0.4, (1, 1)), (0.2, 0.3, (1, 1)), (0.6, 0.7, (1, 1)), (1.0, 1.2, (2, 2)), (1.0, 2.0, (10, 10))],
)
def test_readings_on_the_grid_tell_how_often_the_meter_updated(
    first: float, second: float, times: tuple[int, int]
) -> None:
    assert between((first, 230.0), (second, 231.0)) == times


def test_between_two_points_of_the_grid_there_was_one_update_more_or_not() -> None:
    assert between((1.0, 230.0), (1.15, 230.0)) == (1, 2)
    assert between((1.0, 230.0), (1.15, 231.0)) == (1, 2)


def test_other_values_tell_of_an_update_however_soon_they_come() -> None:
    assert between((1.0, 230.0), (1.05, 231.0)) == (1, 1)
    assert between((1.0, 230.0), (1.0, 231.0)) == (1, 1)


def test_stamps_in_error_make_the_number_of_updates_uncertain() -> None:
    assert between((1.0, 230.0), (1.3, 231.0), bound=0.01) == (2, 4)
    assert between((1.0, 230.0), (1.17, 231.0), bound=0.01) == (1, 2)
    assert between((1.0, 230.0), (1.26, 231.0), bound=0.01) == (2, 3)
    assert between((1.0, 230.0), (1.26, 231.0), bound=0.014) == (2, 3)


def test_readings_a_period_apart_by_stamps_in_error_have_one_update_between_them_or_two() -> None:
    assert between((1.0, 230.0), (1.1, 231.0), bound=0.01) == (1, 2)
    assert between((1.0, 230.0), (1.1, 230.0), bound=0.01) == (0, 2)
    assert between((1.0, 230.0), (1.2, 231.0), bound=1e-9) == (2, 2)


def around(*readings: tuple[float, float], index: int) -> tuple[int, int]:
    scene = read(*readings, bound=0.005)
    seen = windows(scene.observer)
    return Grid(scene.observer).updates(seen[index - 1], seen[index])


def test_readings_around_two_tell_how_often_the_meter_updated_between_them() -> None:
    """It updates at 0.05 and every 0.1 s; the fourth reading comes late."""
    readings = ((1.0, 1.0), (1.07, 2.0), (1.14, 2.0), (1.24, 3.0), (1.28, 4.0), (1.35, 4.0), (1.42, 5.0))
    shown = tuple((second, 230.0 + step) for second, step in readings)
    assert around(*shown[1:4], index=1) == (1, 2)
    assert around(*shown, index=2) == (1, 1)


def test_a_row_without_voltage_tells_of_the_phase_by_its_ends() -> None:
    row = ((1.0, 0.0), (1.07, 0.0), (1.14, 0.0), (1.21, 0.0))
    shown = (*row, (1.28, 230.0), (1.42, 231.0))
    assert around(*shown, index=2) == (1, 2)
    assert around(*shown, (1.43, 232.0), index=2) == (1, 1)


def every_70_ms(late: int, by: float, dead: int | None = None) -> list[tuple[float, float]]:
    """Sixty readings of a meter that updates at 0.05 and every 0.1 s, of which one comes late and one shows 0 V."""
    found = []
    for number in range(60):
        second = round(1.0 + 0.07 * number + (by if number == late else 0.0), 3)
        found.append((second, 0.0 if number == dead else 230.0 + int((second - 0.05) / 0.1 + 1e-9)))
    return found


@pytest.mark.parametrize(
    ("late", "by", "index", "updates"), [(1, 0.04, 1, (1, 1)), (40, 0.04, 28, (1, 1)), (40, 0.05, 28, (2, 2))]
)
def test_a_late_reading_is_placed_by_those_around_it_early_and_late_in_a_scenario(
    late: int, by: float, index: int, updates: tuple[int, int]
) -> None:
    assert around(*every_70_ms(late, by), index=index) == updates


def test_one_reading_without_voltage_counts_as_one_update_among_those_around() -> None:
    assert around(*every_70_ms(14, 0.04, dead=10), index=10) == (1, 1)
    assert around(*every_70_ms(9, 0.04, dead=10), index=7) == (1, 2)


def test_windows_that_do_not_follow_each_other_are_counted_by_their_stamps() -> None:
    scene = read(*every_70_ms(1, 0.04), bound=0.005)
    seen = windows(scene.observer)
    assert Grid(scene.observer).updates(seen[0], seen[2]) == (2, 3)


def test_windows_are_found_anew_once_another_update_period_was_observed() -> None:
    readings = [(1.0 + number / 10, 230.0) for number in range(12)]
    scene = read(*readings)
    assert len(windows(scene.observer)) == 12
    scene.meter.update_period = Second(0.5)
    assert len(windows(scene.observer)) == 3


def test_readings_that_come_later_add_to_the_windows_that_were_found_before() -> None:
    scene = read((1.0, 230.0), (1.05, 230.0))
    assert spans(scene) == [(1.0, 1.05)]
    later = ((3.0, 0.0), (3.1, 0.0), (3.3, 231.0))
    for second, volts in later:
        data = {"voltage_V": volts, "current_A": 1.0, "power_W": 1000.0, "energy_Wh": 7.0}
        scene.write(second, Kind.READING, "meter", data, before=reading_age(scene.meter))
        scene.run(second + 0.01)
        windows(scene.observer)
    assert spans(scene) == spans(read((1.0, 230.0), (1.05, 230.0), *later)) == [(1.0, 1.05), (3.0, 3.1), (3.3, 3.3)]


def test_updates_count_from_the_last_reading_of_one_window_to_the_first_of_another() -> None:
    scene = read((1.0, 230.0), (1.05, 230.0), (1.35, 231.0), (1.4, 231.0))
    earlier, later = windows(scene.observer)
    assert Grid(scene.observer).updates(earlier, later) == (3, 3)


# --- how many windows a row has -------------------------------------------------------------------------------------


def the_row(*seconds: float, bound: float = 0.0) -> tuple[int, int]:
    scene = read(*((second, 0.0) for second in seconds), bound=bound)
    (dead,) = windows(scene.observer)
    return Grid(scene.observer).row(dead)


def test_a_row_has_as_many_windows_as_periods_and_one_more() -> None:
    assert the_row(1.0) == (1, 1)
    assert the_row(0.3, 0.4) == (2, 2)
    assert the_row(1.0, 1.1, 1.2, 1.3) == (4, 4)
    assert the_row(1.0, 1.05) == (1, 2)


def test_stamps_in_error_make_the_length_of_a_row_uncertain_but_not_of_one_reading() -> None:
    assert the_row(1.0, bound=0.01) == (1, 1)
    assert the_row(1.0, 1.1, bound=0.01) == (1, 3)
    assert the_row(1.0, 1.01, bound=0.01) == (1, 2)
    assert the_row(1.0, 1.1, bound=0.03) == (1, 3)


def test_a_reading_that_was_taken_sooner_than_it_may_be_old_is_no_less_certain() -> None:
    scene = Scene(metered=False, period=PERIOD_S)
    for second in (1.0, 1.1):
        data = {"voltage_V": 0.0, "current_A": 0.0, "power_W": 0.0, "energy_Wh": 0.0}
        scene.write(second, Kind.READING, "meter", data, before=0.0)
    (dead,) = windows(scene.run(2.0).observer)
    assert dead.last is not dead.first
    assert Grid(scene.observer).row(dead) == (2, 2)

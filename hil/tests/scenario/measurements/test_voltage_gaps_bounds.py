"""Whether the power was interrupted, by readings that are written down one by one: the bounds of what they tell."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence

import pytest

from hil.evidence.documents import Kind
from hil.evidence.observations import EvidenceMissing, Timed
from hil.instruments import hmc8015
from hil.ports import Reading
from hil.rig.sampling.timer import reading_age
from hil.scenario.load_profiles import LoadProfile
from hil.scenario.measurements.voltage_gaps import SHORTEST_INTERRUPTION_S, longest_interruption
from hil.tests.scenario.timelines import MadeMeter, Scene, Truth
from hil.units import Ampere, Second, Volt, Watt, WattHour

PERIOD_S = 0.1
MAINS_V = 230.0
WHOLE = 0.999
"""A row without voltage counts by so much at least: a trace of voltage is not seen."""


def reading(volts: float, watts: float, watt_hours: float = 0.0) -> Reading:
    return Reading(Volt(volts), Ampere(watts / MAINS_V), Watt(watts), WattHour(watt_hours), Second(0.0))


def scene_of(readings: Iterable[tuple[float, Reading]], before: float = 0.2, **options: float) -> Scene:
    """A meter of ten windows a second shows these, each telling of the time ``before`` it at most."""
    scene = Scene(metered=False, period=PERIOD_S, **options)  # type: ignore[arg-type]
    for second, each in readings:
        data = {"voltage_V": each.voltage, "current_A": each.current, "power_W": each.power, "energy_Wh": each.energy}
        scene.write(second, Kind.READING, "meter", data, before=before)
    return scene


def found(scene: Scene) -> Timed:
    return longest_interruption(scene.run(60.0).observer, 0.0)


def volts(*shown: float) -> list[tuple[float, Reading]]:
    """One window each tenth of a second from the first second on, without load; the values differ all the time."""
    return [(round(1 + number / 10, 1), reading(each, 0.0, number * 1e-9)) for number, each in enumerate(shown)]


def u_volts(scene: Scene, highest: float) -> float:
    return scene.meter.voltage_budget(reading(highest, 0.0)).expanded


def off_least(voltage: float, full: float, u: float) -> float:
    """Return how long a window was without voltage at least, if it has ``full`` volts at least when it has any."""
    return (1 - min(1.0, (voltage + u) / (full - u)) ** 2) * PERIOD_S


def off_most(voltage: float, full: float, u: float) -> float:
    return (1 - ((voltage - u) / (full + u)) ** 2) * PERIOD_S


# --- one window ------------------------------------------------------------------------------------------------------


def test_a_window_is_off_by_its_voltage_squared_against_the_higher_of_two_on_either_side() -> None:
    scene = scene_of(volts(240, 240, 240, 160, 220, 220, 220))
    u = u_volts(scene, 240.0)
    assert found(scene).low == pytest.approx(off_least(160, 220, u), abs=1e-12)
    assert found(scene).high == pytest.approx(off_most(160, 240, u) + off_most(220, 240, u), abs=1e-12)


def test_windows_further_away_than_two_tell_nothing() -> None:
    scene = scene_of(volts(230, 260, 230, 230, 160, 230, 230, 260, 230))
    u = u_volts(scene, 260.0)
    assert found(scene).low == pytest.approx(off_least(160, 230, u), abs=1e-12)
    assert found(scene).high == pytest.approx(off_most(160, 230, u) + off_most(230, 260, u), abs=1e-12)


@pytest.mark.parametrize("shown", [(230, 230, 160, 200, 230, 230), (230, 230, 200, 160, 230, 230)])
def test_the_second_window_on_either_side_counts_if_the_next_one_was_off_in_part(shown: tuple[float, ...]) -> None:
    scene = scene_of(volts(*shown))
    u = u_volts(scene, 230.0)
    assert found(scene).low == pytest.approx(off_least(160, 230, u) + off_least(200, 230, u), abs=1e-12)
    assert found(scene).high == pytest.approx(off_most(160, 230, u) + off_most(200, 230, u), abs=1e-12)


def test_the_second_window_of_all_is_held_against_the_first() -> None:
    scene = scene_of(volts(230, 160, 230))
    u = u_volts(scene, 230.0)
    assert found(scene).low == pytest.approx(off_least(160, 230, u), abs=1e-12)
    assert found(scene).high == pytest.approx(off_most(160, 230, u), abs=1e-12)


def test_fifty_volts_beside_a_window_are_live_and_may_be_all_that_it_can_have() -> None:
    scene = scene_of(volts(230, 50, 50, 30, 230, 230))
    u = u_volts(scene, 230.0)
    assert found(scene).low == pytest.approx(off_least(50, 230, u) + off_least(30, 50, u), abs=1e-12)
    fewer = scene_of(volts(230, 49.9, 49.9, 30, 230, 230))
    assert found(fewer).low == pytest.approx(off_least(49.9, 230, u) + off_least(30, 230, u), abs=1e-12)


def test_five_volts_are_a_trace_of_voltage_and_less_is_none() -> None:
    scene = scene_of(volts(230, 230, 5, 230, 230))
    u = u_volts(scene, 230.0)
    assert found(scene).low == pytest.approx(off_least(5, 230, u), abs=1e-12)
    assert found(scene_of(volts(230, 230, 4.9, 230, 230))).low == pytest.approx(WHOLE * PERIOD_S, abs=1e-12)


def test_a_window_that_has_only_dead_ones_beside_it_may_have_been_live_all_the_time_or_for_a_moment() -> None:
    for alone in (30.0, 60.0, 229.0):
        scene = scene_of(volts(230, 230.1, 40, 0, alone, 0, 40, 230.1, 230))
        assert found(scene).high >= 3 * PERIOD_S


def test_a_meter_that_cannot_tell_a_trace_from_nothing_leaves_the_whole_window_open() -> None:
    coarse = dataclasses.replace(hmc8015.LIMITS.voltage, of_reading=0.0, of_range=0.02)
    limits = dataclasses.replace(hmc8015.LIMITS, voltage=coarse)
    scene = scene_of(volts(230, 230.1, 6, 230.1, 230), limits=limits)  # type: ignore[arg-type]
    u = u_volts(scene, 230.1)
    assert u > 6
    assert found(scene).high == pytest.approx(PERIOD_S + 2 * off_most(230.1, 230.1, u), abs=1e-12)


# --- rows of windows -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shown", [(230, 230, 160, 0, 0, 0, 230, 230), (230, 230, 0, 0, 0, 160, 230, 230)])
def test_a_row_adds_to_what_was_off_of_the_window_on_either_side(shown: tuple[float, ...]) -> None:
    scene = scene_of(volts(*shown))
    u = u_volts(scene, 230.0)
    assert found(scene).low == pytest.approx(off_least(160, 230, u) + WHOLE * 3 * PERIOD_S, abs=1e-12)
    most = off_most(160, 230, u) + 3 * PERIOD_S + off_most(230, 230, u)
    assert found(scene).high == pytest.approx(most, abs=1e-12)


@pytest.mark.parametrize("count", [1, 3, 29])
def test_a_row_of_any_length_adds_to_the_window_before_it_and_to_the_one_after_it(count: int) -> None:
    scene = scene_of(volts(230, 230, 160, *[0] * count, 230, 230))
    least = WHOLE * count * PERIOD_S + off_least(160, 230, u_volts(scene, 230.0))
    assert found(scene).low == pytest.approx(least, abs=1e-9)
    scene = scene_of(volts(230, 230, *[0] * count, 160, 230, 230))
    assert found(scene).low == pytest.approx(least, abs=1e-9)


def test_of_two_rows_with_voltage_between_them_the_longer_one_counts() -> None:
    for first, second in ((2, 3), (3, 2)):
        scene = scene_of(volts(230, 230.1, *[0] * first, 230.1, 230, *[0] * second, 230.1, 230))
        u = u_volts(scene, 230.1)
        assert found(scene).low == pytest.approx(WHOLE * 3 * PERIOD_S, abs=1e-12)
        assert found(scene).high == pytest.approx(3 * PERIOD_S + off_most(230, 230.1, u), abs=1e-3)


def test_only_what_lies_between_the_first_live_window_and_the_last_counts() -> None:
    assert found(scene_of(volts(0, 40, 49.9, 50, 230, 230.1, 50, 49.9, 40, 0))).high < PERIOD_S
    assert found(scene_of(volts(0, 0, 0, 50, 0, 0, 0))) == Timed(0.0, 0.0)


def test_what_was_off_of_the_last_live_window_is_its_end_and_none() -> None:
    scene = scene_of(volts(230, 230, 230, 100, 0, 0))
    u = u_volts(scene, 230.0)
    assert found(scene).low == 0.0
    assert found(scene).high == pytest.approx(2 * off_most(230, 230, u), abs=1e-12)


def test_without_any_voltage_it_is_told_in_these_words() -> None:
    with pytest.raises(EvidenceMissing, match=r"^there was never any voltage at the lab meter$"):
        found(scene_of(volts(0, 49.9, 0)))


def test_stamps_in_error_leave_open_how_many_windows_of_a_row_were_off() -> None:
    scene = scene_of(volts(230, 230.1, 0, 0, 230.1, 230), bound=0.01)
    assert found(scene).low == pytest.approx(WHOLE * PERIOD_S)
    assert found(scene).high == pytest.approx(5 * PERIOD_S, abs=2e-3)  # one on either side was perhaps not read


def scene_on_a_wall_clock(seconds: Sequence[float], off: tuple[float, float] = (0.0, 0.0)) -> Scene:
    """A meter that is read at these instants, with stamps that may be wrong by 5 ms, at 1800 W but for a while."""
    truth = Truth(live=((0.0, off[0]), (off[1], 100.0)), watts=1800.0)
    meter = MadeMeter(truth, lambda: at, PERIOD_S, 0.05, 0.0, 0.0, 0.0, hmc8015.LIMITS)
    readings = []
    for at in seconds:  # the meter's clock
        readings.append((at, meter.read()))
    return scene_of(readings, bound=0.005, before=reading_age(meter) + 0.0004)


def uneven(number: int) -> float:
    """Return when a reading is taken that is due every 70 ms: one comes 24 ms late, others up to 1 ms."""
    return 1.0 + 0.07 * number + (0.024 if number == 40 else 0.001 * math.sin(number))


def test_readings_that_come_unevenly_leave_no_interruption_open() -> None:
    off = found(scene_on_a_wall_clock([uneven(number) for number in range(80)]))
    assert off.low == 0.0
    assert off.high < SHORTEST_INTERRUPTION_S


def test_an_interruption_is_found_in_readings_that_come_unevenly() -> None:
    seconds = [uneven(number) for number in range(80)]
    off = found(scene_on_a_wall_clock(seconds, off=(3.8, 3.86)))
    assert off.low == pytest.approx(0.06, abs=3e-3)
    assert off.high == pytest.approx(0.06, abs=3e-3)


def test_a_window_that_may_be_the_one_before_once_more_is_no_certain_interruption() -> None:
    def twice(second: float) -> Scene:
        same = reading(160, 0.0)
        return scene_of([(1.0, reading(230, 0.0)), (1.1, same), (second, same), (1.4, reading(230, 0.0))], bound=0.04)

    once = scene_of(volts(230, 160, 230), bound=0.04)
    assert found(twice(1.2)).low == pytest.approx(found(once).low)
    assert found(twice(1.2)).high >= found(once).high


# --- mains that the bench changes ------------------------------------------------------------------------------------


def dipped(second: float, *changes: tuple[float, str], bound: float = 0.0) -> bool:
    """Tell whether a dip in the window that is read at ``second`` is an interruption for sure."""
    shown = {round(each / 10, 1): 230.0 for each in range(10, 90)} | {second: 160.0}
    scene = scene_of(((t, reading(v, 0.0, t * 1e-9)) for t, v in sorted(shown.items())), bound=bound)
    for t, what in changes:
        scene.fault(t, "mains", what)
    scene.fault(second, "plug", "cable pulled out of the socket")
    return found(scene).low > 0


LOWERED, RESTORED = "mains at 80 % for 500 ms", "mains restored"


@pytest.mark.parametrize(("second", "sure"), [(2.9, True), (3.0, False), (3.4, False), (3.7, False), (3.8, True)])
def test_a_dip_while_the_bench_has_other_mains_is_no_interruption_for_sure(second: float, sure: bool) -> None:
    assert dipped(second, (3.0, LOWERED), (3.5, RESTORED)) is sure


def test_a_dip_that_may_be_read_later_than_its_stamp_tells_may_be_the_benchs() -> None:
    assert not dipped(2.9, (3.0, LOWERED), (3.5, RESTORED), bound=0.11)
    assert dipped(2.8, (3.0, LOWERED), (3.5, RESTORED), bound=0.11)


def test_two_spells_with_changed_mains_between_them_do_not_add_up() -> None:
    shown = {round(each / 10, 1): 230.0 for each in range(20, 50)} | {2.9: 215.0, 3.3: 215.0}
    scene = scene_of((t, reading(v, 0.0, t * 1e-9)) for t, v in sorted(shown.items()))
    scene.fault(3.0, "mains", "mains at 80 % for 10 ms")
    scene.fault(3.01, "mains", RESTORED)
    assert found(scene).low == pytest.approx(off_least(215, 230, u_volts(scene, 230.0)), abs=1e-12)


def test_mains_that_were_lowered_and_never_restored_leave_every_later_dip_open() -> None:
    assert dipped(2.5, (3.0, LOWERED))
    assert not dipped(8.0, (3.0, LOWERED))
    assert not dipped(8.0, (3.0, LOWERED), (4.0, RESTORED), (5.0, LOWERED))
    assert dipped(4.6, (3.0, LOWERED), (4.0, RESTORED), (5.0, LOWERED))
    assert dipped(8.0)


# --- windows without a reading ----------------------------------------------------------------------------------------


def skipping(joules: float, earlier: float = 1000.0, later: float = 1000.0, *, highest: float = 0.0) -> Scene:
    """Readings at 3 and at 4 s, between which so much flowed; nine windows have no reading."""
    rest: Sequence[tuple[float, Reading]] = [(2.9, reading(230, highest))] if highest else []
    wh = 1.0 + joules / 3600
    return scene_of([*rest, (3.0, reading(230, earlier, 1.0)), (4.0, reading(230, later, wh))])


MISSED_S = 0.9


def u_joules(scene: Scene, watts: float, wh: float) -> tuple[float, float]:
    """Return what a mean power is uncertain by, in W, and an energy between the two readings, in J."""
    u_w = scene.meter.energy_budget(WattHour(watts), Second(3600.0), watts).expanded
    digit_wh = scene.meter.energy_budget(WattHour(wh), Second(0.0), 0.0).part("resolution")
    return u_w, u_w * (MISSED_S + PERIOD_S) + 2 * digit_wh * 3600


def test_energy_that_lacks_between_two_readings_bounds_how_long_it_was_off() -> None:
    scene = skipping(700.0)
    u_w, u_j = u_joules(scene, 1000.0, 1.0 + 700 / 3600)
    missed = 700.0 - 1000.0 * PERIOD_S  # the last window is read
    assert found(scene).low == pytest.approx(MISSED_S - (missed + u_j) / (1000 - u_w), abs=1e-9)
    assert found(scene).high == pytest.approx(MISSED_S - (missed - u_j) / (1000 + u_w), abs=1e-9)


@pytest.mark.parametrize(("earlier", "later"), [(1000.0, 500.0), (500.0, 1000.0)])
def test_no_less_is_reckoned_than_the_lower_reading_and_no_more_than_the_highest_of_all(
    earlier: float, later: float
) -> None:
    scene = skipping(350.0, earlier, later, highest=2000.0)
    u_w, u_j = u_joules(scene, 2000.0, 1.0 + 350 / 3600)
    missed = 350.0 - later * PERIOD_S
    assert found(scene).low == pytest.approx(MISSED_S - (missed + u_j) / (500 - u_w), abs=1e-9)
    whole = off_most(MAINS_V, MAINS_V, u_volts(scene, MAINS_V))  # of the window before, as far as its voltage tells
    assert found(scene).high == pytest.approx(MISSED_S - (missed - u_j) / (2000 + u_w) + whole, abs=1e-9)


def test_energy_that_stands_still_between_two_readings_with_power_tells_that_all_of_it_was_off() -> None:
    assert found(skipping(0.0)) == Timed(MISSED_S, MISSED_S)


def test_energy_for_all_of_the_time_tells_that_next_to_nothing_was_off() -> None:
    scene = skipping(1000.0)
    u_w, u_j = u_joules(scene, 1000.0, 1.0 + 1000 / 3600)
    assert found(scene).low == 0.0
    assert found(scene).high == pytest.approx(MISSED_S - (900 - u_j) / (1000 + u_w), abs=1e-9)
    assert found(skipping(1100.0)) == Timed(0.0, 0.0)


def test_without_power_windows_that_nobody_read_may_have_been_off_all_the_time_or_never() -> None:
    off_w = Scene().observer.off_w
    for watts in (0.0, off_w / 2, off_w):
        assert found(skipping(0.0, watts, watts)) == Timed(0.0, MISSED_S)


def test_energy_that_no_reading_has_the_power_for_tells_nothing_of_an_interruption() -> None:
    off_w = Scene().observer.off_w
    assert found(skipping(500.0, off_w, off_w)).high == MISSED_S
    assert found(skipping(500.0, off_w + 1, off_w + 1)).high == 0.0


def test_power_on_one_side_only_gives_no_lower_bound() -> None:
    off_w = Scene().observer.off_w
    u_w = u_joules(Scene(), 1000.0, 1.0)[0]
    for watts in (0.0, off_w, off_w + u_w):
        assert found(skipping(0.0, 1000.0, watts)).low == 0.0
    assert found(skipping(0.0, 1000.0, off_w + u_w + 1.0)).low > 0.0


@pytest.mark.parametrize(("second", "sure"), [(1.99, True), (2.0, False), (3.5, False), (4.0, False), (4.01, True)])
def test_a_load_that_was_told_another_power_gives_no_lower_bound_from_a_second_before_on(
    second: float, sure: bool
) -> None:
    scene = skipping(0.0)
    scene.write(second, Kind.LOAD, "load", {"power_W": 500.0})
    assert (found(scene).low > 0) is sure
    assert found(scene).high == MISSED_S


def test_a_load_that_plays_a_profile_or_is_no_load_of_the_bench_gives_no_lower_bound() -> None:
    scene = skipping(0.0)
    scene.observer.plan.load_power_w = None
    assert found(scene) == Timed(0.0, MISSED_S)
    scene = skipping(0.0)
    scene.observer.plan.load_profile = LoadProfile.model_construct(description="kettle", steps=())
    assert found(scene) == Timed(0.0, MISSED_S)


def test_what_was_off_between_two_readings_and_in_the_window_of_the_second_is_one_interruption() -> None:
    rows = [(3.0, reading(230, 1000.0, 1.0)), (4.0, reading(0, 0.0, 1.0)), (4.1, reading(230, 1000.0, 1.0))]
    result = found(scene_of(rows))
    assert result.low == pytest.approx(WHOLE * PERIOD_S)
    assert result.high == pytest.approx(MISSED_S + PERIOD_S)
    assert math.isfinite(result.high)


def test_one_window_that_nobody_read_may_have_been_off() -> None:
    rows = [(3.0, reading(230, 1000.0, 1.0)), (3.2, reading(230, 1000.0, 1.0 + 200 / 3600))]
    assert found(scene_of(rows)).low == 0.0
    assert 0 < found(scene_of(rows)).high < PERIOD_S
    rows = [(3.0, reading(230, 1000.0, 1.0)), (3.2, reading(230, 1000.0, 1.0 + 100 / 3600))]
    assert found(scene_of(rows)).low > 0.9 * PERIOD_S


def test_a_window_that_there_may_not_have_been_was_not_off_for_sure() -> None:
    rows = [(3.0, reading(230, 1000.0, 1.0)), (3.15, reading(230, 1000.0, 1.0 + 100 / 3600))]
    assert found(scene_of(rows)).low == 0.0
    assert found(scene_of(rows)).high == pytest.approx(PERIOD_S)


def test_stamps_in_error_leave_open_how_many_windows_nobody_read() -> None:
    scene = scene_of([(3.0, reading(230, 0.0, 1.0)), (4.0, reading(230, 0.0, 1.0000001))], bound=0.01)
    assert found(scene).low == 0.0
    assert found(scene).high == pytest.approx(1.0)

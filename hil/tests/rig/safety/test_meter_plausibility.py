"""A meter that answers and does not measure: found by the time that it says it has integrated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import pytest

from hil.conformance.update_period import Updates
from hil.errors import RigFault
from hil.instruments import hmc8015
from hil.instruments.meter_limits import SpecifiedMeter
from hil.ports import Meter, Reading
from hil.rig.config.limits import SafetyLimits
from hil.rig.safety import meter_plausibility
from hil.rig.safety.meter_age import ReadingAge
from hil.rig.safety.meter_plausibility import MeterWatch
from hil.rig.safety.standalone_safe_state import look_for_power
from hil.rig.virtual.lockstep_clock import LockstepClock
from hil.units import Ampere, Second, Volt, Watt, WattHour


class FreeTime:
    """A bench on which nothing happens by itself."""

    def advance(
        self, until: float, received: Mapping[str, int], on_idle: Callable[[], None]
    ) -> tuple[float, Mapping[str, int]]:
        return until, {}


class SteadyMeter(SpecifiedMeter):
    """1300 W for ever; ``hang_at``: from this instant on it shows what it showed then."""

    limits = hmc8015.LIMITS
    update_period = Second(0.1)

    def __init__(self, *, resolution: float = 0.1, hang_at: float = float("inf")) -> None:
        self.voltage = 230.0
        self.clock = LockstepClock(FreeTime())
        self.resolution = resolution
        self.hang_at = hang_at
        self.power = 1300.0

    @property
    def off_threshold_w(self) -> Watt:
        return Watt(3.0)

    def read(self) -> Reading:
        t = min(self.clock.now(), self.hang_at)
        integrated = t // self.resolution * self.resolution
        return Reading(
            Volt(self.voltage),
            Ampere(abs(self.power) / 230),
            Watt(self.power),
            WattHour(self.power * t / 3600),
            Second(integrated),
        )


def watch_of(meter: SteadyMeter) -> MeterWatch:
    limits = SafetyLimits.model_validate({"power": "2000 W", "energy": "500 Wh", "session": "4 h"})
    return MeterWatch(cast("Meter", meter), limits)


def sample(meter: SteadyMeter, watch: MeterWatch, seconds: float, period: float = 0.1) -> None:
    """Let the watch see a reading every ``period`` for this long."""
    end = meter.clock.now() + seconds
    while meter.clock.now() < end:
        watch.check(meter.read(), meter.clock.now())
        meter.clock.sleep(period)


@pytest.mark.parametrize("resolution", [0.1, 1.0])
@pytest.mark.parametrize("period", [0.1, 2.0])
def test_a_meter_that_measures_is_never_called_stale(resolution: float, period: float) -> None:
    meter = SteadyMeter(resolution=resolution)
    meter.clock.sleep(0.77)
    sample(meter, watch_of(meter), 120.0, period)


@pytest.mark.parametrize("resolution", [0.1, 1.0])
def test_readings_that_stand_are_found_within_three_seconds(resolution: float) -> None:
    meter = SteadyMeter(resolution=resolution, hang_at=60.0)
    watch = watch_of(meter)
    sample(meter, watch, 60.0)
    with pytest.raises(RigFault, match=r"its readings are old: .* it says (59.9|60) s") as caught:
        sample(meter, watch, 3.0)
    assert caught.value.place == "meter"


def test_readings_that_come_seconds_late_are_found_although_they_move() -> None:
    meter = SteadyMeter()
    watch = watch_of(meter)
    sample(meter, watch, 10.0)
    late = meter.clock.now() - 2.0
    reading = Reading(Volt(230.0), Ampere(5.65), Watt(1300.0), WattHour(1300 * late / 3600), Second(late))
    with pytest.raises(RigFault, match="its readings are old"):
        watch.check(reading, meter.clock.now())


def test_a_meter_for_which_more_time_went_by_tells_of_a_machine_that_stood_still() -> None:
    meter = SteadyMeter()
    watch = watch_of(meter)
    sample(meter, watch, 10.0)
    early = meter.clock.now() + 2.0
    reading = Reading(Volt(230.0), Ampere(5.65), Watt(1300.0), WattHour(1300 * early / 3600), Second(early))
    with pytest.raises(RigFault, match=r"by its own clock 2\.0 s more went by than by this machine's"):
        watch.check(reading, meter.clock.now())


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"power": 2600.0}, "more than their product"),
        ({"power": -5000.0}, "more than their product"),
        ({"power": -1290.0}, "flow back into the mains"),
        ({"energy": 3.0}, "integrated energy went from"),
        ({"energy": 9.0}, "integrated energy went from"),
    ],
)
def test_values_that_no_circuit_can_have_are_the_meters(changes: dict[str, float], why: str) -> None:
    meter = SteadyMeter()
    watch = watch_of(meter)
    sample(meter, watch, 10.0)
    values = {"voltage": 230.0, "current": 5.65, "power": 1300.0, "energy": 3.61, "integrated": 10.0} | changes
    with pytest.raises(RigFault, match=why) as caught:
        watch.check(Reading(**values), meter.clock.now())  # type: ignore[arg-type]  # units are floats
    assert caught.value.place == "meter"


def test_before_the_result_stands_the_meter_must_have_moved() -> None:
    meter = SteadyMeter(hang_at=10.0)
    watch = watch_of(meter)
    sample(meter, watch, 10.0)
    with pytest.raises(RigFault, match="its readings are old"):
        watch.prove(meter.clock)


def test_a_meter_that_moves_is_proved_with_one_reading() -> None:
    meter = SteadyMeter()
    watch = watch_of(meter)
    sample(meter, watch, 10.0)
    meter.clock.sleep(0.25)
    before = meter.clock.now()
    watch.prove(meter.clock)
    assert meter.clock.now() == before


def test_a_meter_that_was_never_read_has_nothing_to_prove() -> None:
    watch_of(meter := SteadyMeter(hang_at=0.0)).prove(meter.clock)


def test_old_readings_do_not_make_an_open_circuit_live() -> None:
    meter = SteadyMeter(hang_at=10.0)
    meter.clock.sleep(20.0)
    words, wrong = look_for_power(cast("Meter", meter), meter.clock)
    assert words.startswith("cannot tell (its readings are old: 1300 W")
    assert wrong == ""


def test_new_readings_with_power_behind_open_relays_tell_of_a_weld() -> None:
    meter = SteadyMeter()
    meter.clock.sleep(20.0)
    assert "welded shut" in look_for_power(cast("Meter", meter), meter.clock)[1]
    meter.power = meter.off_threshold_w / 2
    assert "the meter still has voltage" in look_for_power(cast("Meter", meter), meter.clock)[1]


@pytest.mark.parametrize("watts", [4.0, 8.0, 400.0])
def test_a_meter_that_shows_power_without_voltage_is_no_weld(watts: float) -> None:
    meter = SteadyMeter()
    meter.power, meter.voltage = watts, 0.06
    with pytest.raises(RigFault, match=f"it reads {watts:g} W, 0.06 V and .* A, which cannot be") as caught:
        look_for_power(cast("Meter", meter), meter.clock)
    assert caught.value.place == "meter"


def test_a_current_that_flows_without_voltage_is_the_meters() -> None:
    watch = watch_of(SteadyMeter())
    watch.expect(updates(timed=True), prepared=0.0)
    watch.check(Reading(Volt(0.06), Ampere(0.004), Watt(0.0), WattHour(0.0), Second(10.0)), 10.0)
    with pytest.raises(RigFault, match=r"0 W at 0\.06 V and 0\.5 A cannot be: no current flows without voltage"):
        watch.check(Reading(Volt(0.06), Ampere(0.5), Watt(0.0), WattHour(0.0), Second(10.1)), 10.1)


def test_the_age_of_a_reading_is_told_by_the_time_that_it_was_integrated() -> None:
    age = ReadingAge(prepared=0.0)
    for number in range(1, 1000):
        now = number / 10
        reading = Reading(Volt(0.0), Ampere(0.0), Watt(0.0), WattHour(0.0), Second(now))
        assert age.of(reading, now + 0.05) <= 0.05
    late = Reading(Volt(0.0), Ampere(0.0), Watt(0.0), WattHour(0.0), Second(99.5))
    assert age.of(late, 100.0) == pytest.approx(0.5, abs=0.1)


def test_a_meters_quartz_may_be_slow_without_its_readings_growing_old() -> None:
    age = ReadingAge(prepared=0.0)
    for number in range(1, 36_000):
        now = number / 10
        reading = Reading(Volt(0.0), Ampere(0.0), Watt(0.0), WattHour(0.0), Second(now * (1 - 1e-4)))
        assert age.of(reading, now) < 0.01


# --- what was observed of the updates ---------------------------------------------------------------------------------


def at(seconds: float, watts: float = 1300.0) -> Reading:
    """A reading that was integrated for so long."""
    return Reading(Volt(230.0), Ampere(watts / 230), Watt(watts), WattHour(watts * seconds / 3600), Second(seconds))


def updates(timed: bool) -> Updates:
    return Updates(stated=0.1, at_least=0.1, at_most=0.1, timed=timed)


def test_the_age_of_a_reading_is_known_once_the_integrated_time_tells_it() -> None:
    watch = watch_of(SteadyMeter())
    assert watch.age(at(9.5), 10.0) == 0.0
    watch.expect(updates(timed=False), prepared=0.0)
    assert watch.age(at(9.5), 10.0) == 0.0
    watch.expect(updates(timed=True), prepared=0.0)
    assert watch.age(at(9.5), 10.0) == pytest.approx(0.5 - 0.03 + 0.1)


def test_updates_that_nobody_read_are_reckoned_with_if_the_integrated_time_tells_of_them() -> None:
    def skips(timed: bool) -> None:
        watch = watch_of(SteadyMeter())
        watch.expect(updates(timed=timed), prepared=0.0)
        watch.check(at(10.0), 10.0)
        watch.check(at(11.5), 10.1)

    skips(timed=True)
    with pytest.raises(RigFault, match=r"its energy grew by 0\.542 Wh"):
        skips(timed=False)


def test_readings_may_be_late_by_what_whole_seconds_and_the_drift_of_two_clocks_make_and_no_more() -> None:
    watch = watch_of(SteadyMeter())
    watch.check(at(0.0, 0.0), 0.0)
    watch.check(at(998.5 - 1.0, 0.0), 1000.0)
    with pytest.raises(RigFault, match=r"are old: 1000\.0 s after it began to integrate it says 997\.4 s") as caught:
        watch.check(at(1000.0 - 2.6, 0.0), 1000.0)
    assert caught.value.remedy == "See whether its display moves; switch it off and on."


@pytest.mark.parametrize(("watts", "wrong"), [(6.0, False), (6.1, True), (-6.0, False), (-6.1, True)])
def test_without_voltage_or_current_power_may_be_what_the_meter_errs_by_and_no_more(watts: float, wrong: bool) -> None:
    reading = Reading(Volt(0.0), Ampere(0.0), Watt(watts), WattHour(0.0), Second(0.0))
    if not wrong:
        watch_of(SteadyMeter()).check(reading, 0.0)
        return
    with pytest.raises(RigFault, match="cannot be: it is more than their product") as caught:
        watch_of(SteadyMeter()).check(reading, 0.0)
    assert caught.value.remedy == "Check its inputs, interface and firmware."


@pytest.mark.parametrize(("watts", "wrong"), [(-6.0, False), (-6.1, True)])
def test_power_flows_back_from_twice_the_threshold_on(watts: float, wrong: bool) -> None:
    reading = Reading(Volt(230.0), Ampere(5.0), Watt(watts), WattHour(0.0), Second(0.0))
    if not wrong:
        watch_of(SteadyMeter()).check(reading, 0.0)
        return
    with pytest.raises(RigFault, match="would flow back into the mains; no appliance of the bench does that"):
        watch_of(SteadyMeter()).check(reading, 0.0)


def test_readings_are_held_against_the_instant_at_which_the_integration_began() -> None:
    watch = watch_of(SteadyMeter())
    watch.check(at(5.0), 10.0)
    watch.check(at(6.0), 11.0)
    with pytest.raises(RigFault, match=r"are old: 7\.7 s after it began to integrate it says 6\.1 s"):
        watch.check(at(6.1), 12.7)


def test_energy_may_grow_by_twice_the_power_limit_and_no_more() -> None:
    watch = watch_of(SteadyMeter())
    watch.check(at(10.0), 10.0)
    leap = Reading(Volt(230.0), Ampere(5.65), Watt(1300.0), WattHour(3.611 + 2.22), Second(10.1))
    with pytest.raises(RigFault, match=r"integrated energy went from 3\.61111 Wh to 5\.831 Wh in 0\.1 s"):
        watch.check(leap, 10.1)


def test_a_meter_that_stands_is_given_a_second_and_a_half_to_move() -> None:
    meter = SteadyMeter(hang_at=10.0)
    watch = watch_of(meter)
    sample(meter, watch, 10.0)
    before = meter.clock.now()
    with pytest.raises(RigFault, match="its readings are old"):
        watch.prove(meter.clock)
    assert meter.clock.now() - before == pytest.approx(1.5, abs=0.06)


def grown(watt_hours: float) -> str:
    """Return what the watch says of a dead circuit's energy that changes by so much in 0.3 s."""
    watch = watch_of(SteadyMeter())
    watch.check(at(0.0, 0.0), 0.0)
    with pytest.raises(RigFault) as caught:
        watch.check(Reading(Volt(0.0), Ampere(0.0), Watt(0.0), WattHour(watt_hours), Second(0.3)), 0.3)
    return caught.value.what


def test_energy_that_grows_just_by_what_the_rig_allows_may_be_but_not_without_power() -> None:
    contradiction = "its energy grew by 2.000 Wh in 0.3 s, and its power makes it 0.000 to 0.223 Wh"
    assert grown(2.0) == f"{contradiction}; it read 0 W at 0 V and 0 A"
    assert grown(2.0 + 0.5 / 3600) == "integrated energy went from 0 Wh to 2.00014 Wh in 0.3 s"
    assert grown(2.0 - 1 / 3600).startswith("its energy grew by")


def test_energy_that_falls_just_by_what_the_meter_errs_by_may_be_for_as_long_but_not_without_power() -> None:
    assert grown(-0.003).startswith("its energy grew by -0.003 Wh")
    assert grown(-0.0031) == "integrated energy went from 0 Wh to -0.0031 Wh in 0.3 s"


def test_an_update_that_nobody_read_had_twice_the_power_limit_at_most() -> None:
    watch = watch_of(SteadyMeter())
    watch.expect(updates(timed=True), prepared=0.0)
    watch.check(at(10.0, 0.0), 10.0)
    with pytest.raises(RigFault, match="its energy grew by"):
        watch.check(Reading(Volt(230.0), Ampere(0.0), Watt(0.0), WattHour(44_000 / 3600), Second(20.0)), 20.0)


@pytest.mark.parametrize(
    ("volts", "watts", "words"),
    [
        (100.0, 521.5, "521.5 W at 100 V and 5 A cannot be: it is more than their product"),
        (100.0, -50.0, "-50 W at 100 V and 5 A would flow back into the mains; no appliance of the bench does that"),
    ],
)
def test_what_cannot_be_is_told_with_power_voltage_and_current(volts: float, watts: float, words: str) -> None:
    with pytest.raises(RigFault) as caught:
        watch_of(SteadyMeter()).check(Reading(Volt(volts), Ampere(5.0), Watt(watts), WattHour(0.0), Second(0.0)), 0.0)
    assert caught.value.what == words


def test_a_meter_that_has_not_moved_when_its_time_is_over_is_not_looked_at_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(meter_plausibility, "LOOK_AGAIN_S", 0.25)  # a sum of such has no rounding
    meter = SteadyMeter(hang_at=7.5)
    watch = watch_of(meter)
    sample(meter, watch, 8.0, period=0.5)
    with pytest.raises(RigFault, match="its readings are old"):
        watch.prove(meter.clock)
    assert meter.clock.now() == 9.5


def test_power_that_flows_back_is_a_fault_unless_an_appliance_of_the_scenario_feeds() -> None:
    meter = SteadyMeter()
    meter.power = -400.0
    with pytest.raises(RigFault, match="would flow back into the mains"):
        sample(meter, watch_of(meter), 1.0)
    meter = SteadyMeter()
    meter.power = -400.0
    watch = watch_of(meter)
    watch.may_flow_back = True
    sample(meter, watch, 60.0)

"""The lab meter against the electronic load: what is wrong is named, and a device that switches is no contradiction."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hil.errors import RigFault
from hil.ports import Load, Meter, Reading
from hil.rig.safety.load_comparison import LoadComparison
from hil.tests.rig.safety.test_meter_plausibility import SteadyMeter
from hil.units import Ampere, Second, Volt, Watt, WattHour


class Bench:
    """A circuit: what flows, what the meter makes of it, and what the load says."""

    def __init__(self, *, adapter: bool = False) -> None:
        self.meter = SteadyMeter()
        self.behind_adapter = adapter
        self.flows = 0.0
        self.voltage = 230.0
        self.factor = 1.0
        self.load_factor = 1.0
        self.asked = 0
        self.socket: float | None = None
        clock = self.meter.clock
        self.watch = LoadComparison(cast("Meter", self.meter), cast("Load", self), clock, lambda since: self.socket)

    def read_power(self) -> Watt:
        self.asked += 1
        return Watt(self.flows * self.load_factor * (0.93 if self.behind_adapter else 1.0))

    def run(self, seconds: float, flows: float) -> None:
        """Let ``flows`` W flow for so long, read ten times a second."""
        self.flows = flows
        for _ in range(round(seconds * 10)):
            self.meter.clock.sleep(0.1)
            power = Watt(self.flows * self.factor)
            reading = Reading(Volt(self.voltage), Ampere(0.0), power, WattHour(0.0), Second(0.0))
            self.watch.on_reading(reading, float(self.meter.clock.now()))


@pytest.mark.parametrize("adapter", [False, True])
def test_a_meter_that_agrees_is_asked_about_once_for_each_steady_time(adapter: bool) -> None:
    bench = Bench(adapter=adapter)
    bench.run(3.0, 0.0)
    bench.run(60.0, 1300.0)
    bench.run(3.0, 0.0)
    assert bench.asked == 3


@pytest.mark.parametrize("factor", [0.0, 0.5, 0.94, 1.06, 2.0])
def test_a_meter_that_reads_another_power_than_the_load_is_named(factor: float) -> None:
    bench = Bench()
    bench.factor = factor
    with pytest.raises(RigFault, match="while the load reads 1300 W") as caught:
        bench.run(2.0, 1300.0)
    assert caught.value.place == "meter"


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (0.1, ", a factor of 10: a current transformer of ratio 10 would explain it"),
        (1.1, ""),
    ],
)
def test_a_factor_that_a_current_transformer_explains_is_told(factor: float, words: str) -> None:
    bench = Bench()
    bench.factor = factor
    with pytest.raises(RigFault) as caught:
        bench.run(2.0, 1300.0)
    assert words in caught.value.what
    assert ("transformer" in caught.value.what) is bool(words)


def test_a_meter_without_voltage_and_power_is_named_too_after_a_second() -> None:
    bench = Bench()
    bench.voltage = bench.factor = 0.0
    with pytest.raises(RigFault, match="it reads 0 W while the load reads 1300 W"):
        bench.run(3.0, 1300.0)


def test_a_load_that_the_sockets_own_meter_contradicts_as_well_is_named() -> None:
    bench = Bench()
    bench.load_factor, bench.socket = 0.5, 1301.0
    with pytest.raises(RigFault, match="so does the socket's own") as caught:
        bench.run(3.0, 1300.0)
    assert caught.value.place == "load"


def test_power_that_is_not_what_the_load_was_told_is_the_meters_if_the_load_obeys() -> None:
    bench = Bench()
    bench.watch.told(1300.0)
    bench.factor = 0.7
    with pytest.raises(RigFault, match="it reads 910 W while the load reads 1300 W") as caught:
        bench.run(1.0, 1300.0)
    assert caught.value.place == "meter"
    assert bench.asked <= 2


def test_a_load_that_does_not_draw_what_it_was_told_is_named() -> None:
    bench = Bench()
    bench.watch.told(1300.0)
    with pytest.raises(RigFault, match="it draws 900 W and was told 1300 W") as caught:
        bench.run(1.0, 900.0)
    assert caught.value.place == "load"


@pytest.mark.parametrize("seconds", [0.1, 0.2, 0.3, 0.5, 1.0])
def test_power_that_comes_and_goes_is_no_contradiction(seconds: float) -> None:
    bench = Bench()
    bench.watch.told(1300.0)
    for _ in range(20):
        bench.run(seconds, 1300.0)
        bench.run(seconds, 0.0)


def test_a_load_that_is_told_another_power_is_given_its_time() -> None:
    bench = Bench()
    bench.watch.told(1300.0)
    bench.run(5.0, 1300.0)
    bench.watch.told(500.0)
    bench.run(5.0, 500.0)
    assert bench.asked == 2


@pytest.mark.parametrize("told", [None, 1300.0])
def test_a_slow_update_that_power_entered_partly_is_no_contradiction_however_often_it_is_read(
    told: float | None,
) -> None:
    bench = Bench()
    bench.meter.update_period = Second(0.5)
    bench.watch.told(told)
    bench.run(5.0, 1300.0)
    for _ in range(2):
        bench.factor, bench.load_factor = 0.8, 1.0
        bench.run(0.5, 1300.0)
        bench.factor = 1.0
        bench.run(2.0, 1300.0)
    bench.factor = 0.8
    with pytest.raises(RigFault, match="1040 W while the load reads 1300 W"):
        bench.run(5.0, 1300.0)


@given(
    told=st.floats(20.0, 3000.0),
    share=st.floats(0.0, 1.0),
    difference=st.floats(-0.01, 0.01),
)
@example(told=100.0, share=0.868, difference=-0.008)
def test_whatever_share_of_an_update_power_entered_instruments_that_agree_contradict_each_other_never(
    told: float, share: float, difference: float
) -> None:
    bench = Bench()
    bench.watch.told(told)
    bench.run(1.0, 0.0)
    bench.factor = share
    bench.run(0.1, told)
    bench.factor = 1.0 + difference
    bench.run(3.0, told)

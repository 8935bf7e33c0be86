"""The integrator of the virtual HMC8015."""

from __future__ import annotations

import pytest

from hil.tests.vbench.instruments.hmc8015.bench import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()


def energy(bench: Bench) -> list[float]:
    bench("CHAN1:MEAS:FUNC TIME,WH,WHP,WHM,AH")
    return bench.numbers("CHAN1:MEAS:DATA?")


def test_the_integrator_runs_between_start_and_stop_only(bench: Bench) -> None:
    bench.pass_periods(10)
    assert energy(bench) == [0, 0, 0, 0, 0]
    bench("INT:STAR")
    bench.pass_periods(1108)
    bench("INT:STOP")
    bench.pass_periods(10)
    seconds, net, positive, negative, charge = energy(bench)
    assert seconds == pytest.approx(110.8, abs=1e-6)
    assert net == positive == pytest.approx(1300 * 110.8 / 3600, rel=1e-6)
    assert negative == 0
    assert charge == pytest.approx(5.65 * 110.8 / 3600, rel=1e-6)


def test_energy_is_not_rounded_as_power_is(bench: Bench) -> None:
    bench("CHAN1:VOLT:RANG 600;:CHAN1:CURR:RANG 20")  # power is shown in steps of 1 W
    bench("INT:STAR")
    bench.pass_periods(36_000, power=0.4)
    assert energy(bench)[1] == pytest.approx(0.4, rel=1e-6)
    bench("CHAN1:MEAS:FUNC P")
    assert bench.numbers("CHAN1:MEAS:DATA?") == [0]


def test_a_start_within_a_period_counts_for_the_rest_of_it(bench: Bench) -> None:
    bench.now = 0.04
    bench("INT:STAR")
    bench.now = 0.0
    bench.pass_periods(1)
    assert energy(bench)[0] == pytest.approx(0.06)
    bench.now += 0.03
    bench("INT:STOP")
    bench.now -= 0.03
    bench.pass_periods(2)
    assert energy(bench)[0] == pytest.approx(0.09)


def test_energy_that_flows_back_is_counted_apart(bench: Bench) -> None:
    bench("INT:STAR")
    bench.pass_periods(100)
    bench.pass_periods(50, power=-1300)
    _, net, positive, negative, _ = energy(bench)
    assert positive == pytest.approx(1300 * 10 / 3600, rel=1e-3)
    assert negative == pytest.approx(-1300 * 5 / 3600, rel=1e-3)
    assert net == pytest.approx(positive + negative, abs=1e-6)


def test_the_duration_mode_stops_by_itself(bench: Bench) -> None:
    bench("INT:MODE DUR;DUR 2;:INT:STAR")
    bench.pass_periods(100)
    assert energy(bench)[0] == pytest.approx(2)


def test_reset_clears_the_sums_and_start_after_stop_goes_on(bench: Bench) -> None:
    bench("INT:STAR")
    bench.pass_periods(10)
    bench("INT:STOP;STAR")
    bench.pass_periods(10)
    assert energy(bench)[0] == pytest.approx(2)
    bench("INT:RES")
    assert energy(bench) == [0, 0, 0, 0, 0]
    bench.pass_periods(10)
    assert energy(bench)[0] == 0

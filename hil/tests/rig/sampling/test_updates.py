"""On the virtual bench: what was observed of the meter's updates is reckoned with, asked ahead or one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from hil.instruments.dialects import open_meter
from hil.ports import Meter
from hil.rig.sampling.timer import LATENCY_S, reading_age
from hil.rig.sampling.updates import observe_updates
from hil.rig.virtual.lockstep_clock import LockstepClock
from hil.rig.virtual.process import VirtualBenchProcess
from hil.units import Second

STATED = Second(0.1)


@pytest.fixture(params=["hmc8015", "wt310e"], scope="module")
def bench(request: pytest.FixtureRequest) -> Iterator[VirtualBenchProcess]:
    process = VirtualBenchProcess(instruments={"meter": request.param})
    yield process
    process.close()


@pytest.fixture
def meter(bench: VirtualBenchProcess) -> Iterator[Meter]:
    with closing(open_meter("meter", f"TCPIP::{bench.address}::{bench.ports['meter']}::SOCKET")) as found:
        yield found


def prepared(bench: VirtualBenchProcess, meter: Meter, period: float) -> LockstepClock:
    bench.reset(seed="updates", plant={"meter_period": period}, devices={}, node=None)
    clock = LockstepClock(bench)
    meter.prepare()
    clock.sleep(meter.settling)
    return clock


@pytest.mark.parametrize("ahead", [True, False])
@pytest.mark.parametrize("period", [0.05, 0.1, 0.25, 0.5])
def test_bounds_follow_the_period_that_was_seen(
    bench: VirtualBenchProcess, meter: Meter, period: float, ahead: bool
) -> None:
    clock = prepared(bench, meter, period)
    updates = observe_updates(meter, clock, STATED, bench if ahead else None)
    kept = max(period, 0.1) if meter.identity.model.startswith("WT310") else period  # it keeps to the rate it was set
    assert (updates.slow, updates.fast) == (kept > 0.1, kept < 0.1)
    assert kept <= meter.update_period <= kept + 0.021
    assert reading_age(meter) == pytest.approx(2 * meter.update_period + LATENCY_S)


def test_readings_that_follow_are_taken_right_after_an_update(bench: VirtualBenchProcess, meter: Meter) -> None:
    clock = prepared(bench, meter, 0.1)
    observe_updates(meter, clock, STATED, bench)
    before = meter.read()
    clock.sleep(0.085)
    assert meter.read() == before
    clock.sleep(0.015)
    assert meter.read() != before


def test_what_was_seen_of_one_scenario_is_not_taken_into_the_next(bench: VirtualBenchProcess, meter: Meter) -> None:
    observe_updates(meter, prepared(bench, meter, 0.5), STATED, bench)
    observe_updates(meter, prepared(bench, meter, 0.1), STATED, bench)
    assert meter.update_period == STATED

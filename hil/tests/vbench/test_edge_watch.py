"""When lockstep time stops for a controller that follows the voltage at the meter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hil.vbench.edge_watch import LOOKS, EdgeWatch


def test_time_stops_at_the_readings_after_each_edge_and_at_no_other() -> None:
    watch = EdgeWatch(50.0)
    voltages = [0.0] * 3 + [230.0] * 8 + [49.9] * 8
    stops = [watch.stops(voltage) for voltage in voltages]
    assert stops == [False] * 3 + [True] * LOOKS + [False] * 3 + [True] * LOOKS + [False] * 3


@given(st.lists(st.floats(0.0, 300.0)))
def test_without_a_level_time_never_stops(voltages: list[float]) -> None:
    watch = EdgeWatch()
    assert not any(watch.stops(voltage) for voltage in voltages)

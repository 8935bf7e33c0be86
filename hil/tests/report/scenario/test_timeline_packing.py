"""A packed timeline is the timeline, to a tenth of a millisecond and six digits of its largest value."""

from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from hil.evidence.documents import Event, Kind
from hil.evidence.record import ScenarioRecord
from hil.report.scenario.timeline_data import timeline_of
from hil.report.scenario.timeline_packing import pack, unpack

READINGS = st.lists(st.tuples(st.floats(0, 1e5), st.floats(-1e9, 1e9)), max_size=60)


def record(values: list[tuple[float, float]], key: str = "power_W") -> ScenarioRecord:
    return ScenarioRecord("any", [Event(Kind.READING, t, "meter", {key: value}) for t, value in values])


@given(READINGS, st.sampled_from(["power_W", "credit_Wh"]))
def test_what_was_packed_is_unpacked(values: list[tuple[float, float]], key: str) -> None:
    timeline = timeline_of(record(values, key))
    packed = orjson.loads(orjson.dumps(pack(timeline)))
    again = unpack(packed)
    assert (again.start, again.end, again.lanes) == (timeline.start, timeline.end, timeline.lanes)
    assert [(mark.kind, mark.label) for mark in again.marks] == [(mark.kind, mark.label) for mark in timeline.marks]
    assert all(abs(mark.t - copy.t) <= 1e-3 for mark, copy in zip(timeline.marks, again.marks, strict=True))
    for curve, copy in zip(timeline.curves, again.curves, strict=True):
        largest = max((abs(value) for _, value in curve.points if value is not None), default=0.0)
        assert len(curve.points) == len(copy.points)
        for (t, value), (copied_t, copied) in zip(curve.points, copy.points, strict=True):
            assert abs(copied_t - t) <= 1e-4 * (len(values) + 1)
            assert (copied is None) == (value is None)
            assert value is None or copied is None or abs(copied - value) <= 1e-5 * largest + 1e-12


@given(READINGS)
def test_no_two_readings_share_an_instant_because_the_live_plot_would_keep_one(
    values: list[tuple[float, float]],
) -> None:
    for curve in unpack(pack(timeline_of(record(values)))).curves:
        times = [t for t, _ in curve.points]
        assert times == sorted(set(times))


def test_a_pause_is_packed_as_a_value_that_is_missing() -> None:
    values = [(tick / 10, 1300.0) for tick in range(100) if not 40 < tick < 60]
    (curve,) = unpack(pack(timeline_of(record(values)))).curves
    assert [point for point in curve.points if point[1] is None] == [(5.0, None)]
    assert curve.points[-1] == (9.9, 1300.0)

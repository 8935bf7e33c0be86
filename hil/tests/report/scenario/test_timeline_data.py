from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from hil.evidence.documents import Event, Json, Kind
from hil.evidence.record import ScenarioRecord
from hil.report.scenario.timeline_data import MOST_POINTS, reduce_points, timeline_of
from hil.report.scenario.timeline_drawing import draw, nice_ticks, scale_of

POINTS = st.lists(st.tuples(st.floats(0, 1e5), st.floats(-1e6, 1e6)), max_size=300).map(sorted)


def readings(values: list[tuple[float, float]], key: str = "power_W", source: str = "meter") -> list[Event]:
    return [Event(Kind.READING, t, source, {key: value}) for t, value in values]


@given(POINTS, st.integers(1, 40))
def test_reduction_keeps_order_and_both_extremes(points: list[tuple[float, float]], half: int) -> None:
    reduced = reduce_points(points, 2 * half)
    assert len(reduced) <= 2 * half
    assert reduced == sorted(reduced)
    assert set(reduced) <= set(points)
    if points:
        values, kept = [value for _, value in points], [value for _, value in reduced]
        assert (min(kept), max(kept)) == (min(values), max(values))


def test_spike_of_one_sample_survives_and_the_plot_says_that_it_is_reduced() -> None:
    values = [(tick / 10, 2500.0 if tick == 7777 else 1300.0 + tick % 3) for tick in range(20_000)]
    timeline = timeline_of(ScenarioRecord("soak", readings(values)))
    (curve,) = timeline.curves
    assert (777.7, 2500.0) in curve.points
    assert len(curve.points) <= MOST_POINTS
    assert timeline.notes == [
        "power (meter): 20000 readings drawn as 4000, the smallest and the largest of each of 2000 equal spans of "
        "time; the evidence file keeps them all."
    ]


def test_curve_of_a_few_thousand_readings_is_drawn_whole_and_without_a_note() -> None:
    timeline = timeline_of(ScenarioRecord("toast", readings([(tick / 10, 1300.0) for tick in range(1350)])))
    assert len(timeline.curves[0].points) == 1350
    assert timeline.notes == []


def test_pause_of_the_meter_breaks_the_power_curve_instead_of_bridging_it() -> None:
    values = [(tick / 10, 1300.0) for tick in range(100) if not 40 < tick < 60]
    timeline = timeline_of(ScenarioRecord("gap", readings(values)))
    assert [point for point in timeline.curves[0].points if point[1] is None] == [(5.0, None)]
    assert draw(timeline).paths[0][1].count("M") == 2


def test_credit_is_stepped_because_it_holds_until_the_next_report() -> None:
    timeline = timeline_of(ScenarioRecord("credit", readings([(0, 8.0), (30, 2.0)], "credit_Wh", "socket")))
    assert timeline.curves[0].stepped
    assert "H" in draw(timeline).paths[0][1]


def test_power_edge_is_placed_between_two_samples() -> None:
    timeline = timeline_of(ScenarioRecord("edge", readings([(1.0, 1300.0), (1.1, 1300.0), (1.2, 0.0)])))
    (mark,) = timeline.marks
    assert (mark.kind, mark.label) == ("off", "power went off between 1.100 s and 1.200 s")


def test_messages_that_were_struck_have_a_lane_of_their_own_and_are_not_told_one_by_one() -> None:
    struck: dict[str, Json] = {"what": "METER to the cable dropped", "who": "bench", "fault": "dropped"}
    events = [Event(Kind.FAULT, t / 10, "link", struck) for t in range(200)]
    events.append(Event(Kind.FAULT, 21.0, "link", {"what": "link dead for 5 s", "who": "bench"}))
    timeline = timeline_of(ScenarioRecord("lossy", events))
    assert [mark.label for mark in timeline.told] == ["fault: link dead for 5 s"]
    drawing = draw(timeline)
    assert [(row.name, len(row.marks)) for row in drawing.rows] == [("link", 200), ("events", 1)]
    assert [mark.kind for _, mark in drawing.lines] == ["fault"]


def test_relay_without_a_known_state_has_no_span_and_repeated_states_no_edge() -> None:
    states = [(1.0, True), (2.0, True), (3.0, False), (5.0, True)]
    events = [Event(Kind.RELAY, t, "K1", {"closed": closed}) for t, closed in states]
    (lane,) = timeline_of(ScenarioRecord("relay", [*events, Event(Kind.STOP, 9.0, "bench")])).lanes
    assert lane.closed == [(1.0, 3.0), (5.0, 9.0)]
    assert lane.edges == [1.0, 3.0, 5.0]


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_ticks_are_few_and_on_the_axis(low: float, span: float) -> None:
    high = low + span
    if high - low > 1e-9 * abs(low):
        ticks = nice_ticks(low, high, 5)
        assert len(ticks) <= 12
        assert all(low - 1e-6 * span <= tick + 1e-8 and tick <= high + 1e-6 * span + 1e-8 for tick in ticks)


def test_axis_holds_zero_and_every_value() -> None:
    timeline = timeline_of(ScenarioRecord("owed", readings([(0, 8.0), (1, -0.1)], "credit_Wh", "socket")))
    low, high = scale_of(timeline, "credit")
    assert low < -0.1
    assert high > 8.0
    assert scale_of(timeline, "power") == (0.0, 1.0)


def test_times_and_values_that_no_axis_can_hold_are_left_out() -> None:
    wild = [(math.nan, 1.0), (math.inf, 1.0), (1.0, 5.0), (1e300, 2.0), (0.5, -1e308), (0.6, math.nan)]
    timeline = timeline_of(ScenarioRecord("nan", readings(wild)))
    assert timeline.curves[0].points == [(1.0, 5.0)]
    assert timeline.end == 1.0


def test_what_the_load_was_told_is_marked_in_words() -> None:
    told = [Event(Kind.LOAD, 1.0, "load", {"power_W": 300.0}), Event(Kind.LOAD, 2.0, "load", {"input_on": False})]
    marks = timeline_of(ScenarioRecord("steps", told)).marks
    assert [(mark.kind, mark.label) for mark in marks] == [("load", "load set to 300 W"), ("load", "load input off")]


def test_marks_and_relays_are_told_in_words_and_no_more_than_can_be_read() -> None:
    receipts = [
        Event(Kind.FRAME, t / 2, "socket-link", {"message": "RECEIPT", "fields": {"n": t + 1}}) for t in range(60)
    ]
    relay = [Event(Kind.RELAY, t, "K1", {"closed": closed}) for t, closed in ((1.0, True), (2.0, False))]
    words = timeline_of(ScenarioRecord("many", [*receipts, *relay])).words
    assert words.startswith("0.000 s payment 1 accepted; 0.500 s payment 2 accepted; ")
    assert words.endswith("; 19.500 s payment 40 accepted and 20 more marks. K1 closed 1.000 s to 2.000 s")

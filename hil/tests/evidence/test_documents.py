"""Events as they are written and read back."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.evidence.documents import Event, Json, Kind, encode

times = st.floats(0, 1e6)
plain = st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(-1e9, 1e9), st.text())
data = st.dictionaries(st.text(), st.one_of(plain, st.lists(plain), st.dictionaries(st.text(), plain)))
events = st.builds(
    Event,
    kind=st.sampled_from(Kind),
    t=times,
    source=st.text(),
    data=data,
    clock=st.sampled_from(["virtual", "wall"]),
    before=times,
    after=times,
    host=st.one_of(st.none(), data),
)


@given(events)
def test_an_event_reads_back_as_it_was_written(event: Event) -> None:
    back = Event.from_json(json.loads(encode(event.canonical())))

    assert back.canonical() == event.canonical()
    assert encode(back.canonical()) == encode(event.canonical())


@given(events, data)
def test_what_belongs_to_the_host_is_not_in_the_canonical_form(event: Event, host: dict[str, Json]) -> None:
    other = Event(event.kind, event.t, event.source, event.data, event.clock, event.before, event.after, host)

    assert encode(other.canonical()) == encode(event.canonical())


def test_times_are_rounded_to_a_microsecond() -> None:
    assert Event(Kind.STEP, 0.1 + 0.2, "bench").canonical()["t"] == 0.3


def test_the_canonical_text_does_not_depend_on_the_order_of_keys() -> None:
    assert encode({"b": 1, "a": [1, 2]}) == encode({"a": [1, 2], "b": 1}) == b'{"a":[1,2],"b":1}'


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_does_not_know_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="NaN or infinity"):
        encode({"value": value})


@pytest.mark.parametrize(
    "change",
    [{"bounds": 3}, {"data": []}, {"kind": "rumour"}, {"t": "soon"}, {"bounds": ["a", "b"]}],
)
def test_a_line_that_is_no_event_is_refused(change: dict[str, Json]) -> None:
    line = {**Event(Kind.STEP, 0.0, "bench").canonical(), **change}

    with pytest.raises((ValueError, TypeError)):
        Event.from_json(line)


@pytest.mark.parametrize("bounds", [[], [0], [0, 0, 0], "ab"])
def test_bounds_are_two_numbers(bounds: object) -> None:
    document = {**Event(Kind.START, 0.0, "bench").canonical(), "bounds": bounds}
    with pytest.raises((TypeError, ValueError)):
        Event.from_json(document)  # type: ignore[arg-type]  # what a damaged file may hold

"""What ``--place`` selects, and the tags by which the coordinator finds the same places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import ConfigurationError
from hil.fleet.marks import AWAY, IN, OUT, SERVICE
from hil.fleet.selection import Selection, changes_of_marks, filters_for
from hil.fleet.states import PlaceState

TAGS = st.dictionaries(st.sampled_from(["rig", "room", "meter"]), st.sampled_from(["a", "b", "ab"]))


@st.composite
def fleets(draw: st.DrawFn) -> list[PlaceState]:
    tags = draw(st.lists(TAGS, min_size=1, max_size=5))
    return [PlaceState(f"place{number}", each) for number, each in enumerate(tags)]


@given(fleets(), st.dictionaries(st.sampled_from(["rig", "room"]), st.sampled_from(["a", "a*", "*"]), min_size=1))
def test_the_coordinators_filters_find_exactly_the_places_that_fit_and_are_in_service(
    places: list[PlaceState], wanted: dict[str, str]
) -> None:
    selection = Selection(wanted)
    fitting = {place.name for place in places if selection.fits(place)}
    filters, mark = filters_for(selection, places)

    found = set()
    for place in places:
        tags = {**place.tags, **changes_of_marks(selection, place, mark), "name": place.name}
        if filters.items() <= tags.items():
            found.add(place.name)

    assert found == fitting


@given(fleets(), st.sampled_from(["a", "*"]))
def test_marks_are_changed_once_and_then_stay(places: list[PlaceState], value: str) -> None:
    selection = Selection({"rig": value})
    _, mark = filters_for(selection, places)

    for place in places:
        marked = PlaceState(place.name, {**place.tags, **changes_of_marks(selection, place, mark)})
        assert changes_of_marks(selection, marked, mark) == {}


def test_several_tags_are_parted_by_commas() -> None:
    selection = Selection.parse("rig=fleet, room=b*")

    assert selection.fits(PlaceState("x", {"rig": "fleet", "room": "b2"}))
    assert not selection.fits(PlaceState("x", {"rig": "fleet", "room": "a"}))
    assert str(selection) == "rig=fleet,room=b*"


def test_a_place_can_be_named() -> None:
    assert Selection.parse("name=bench-1").fits(PlaceState("bench-1"))


@pytest.mark.parametrize("text", ["rig", "=x", "rig=", "rig=a,rig=b", ""])
def test_what_is_no_tag_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"--place: .*is no tag of a place.*--place 'rig=fleet'"):
        Selection.parse(text)


def test_a_selection_that_no_place_fits_names_the_nearest_tag() -> None:
    places = [PlaceState("one", {"rig": "realtime", "room": "b"}), PlaceState("two", {"rig": "fleet"})]

    with pytest.raises(
        ConfigurationError, match=r"no place has rig=flet; known: rig=fleet, rig=realtime\. Did you mean"
    ):
        Selection.parse("rig=flet").among(places)


def test_a_coordinator_without_places_is_told() -> None:
    with pytest.raises(ConfigurationError, match="the coordinator has no place"):
        Selection.parse("rig=*").among([])


def test_a_place_out_of_service_is_left_alone_and_one_whose_parts_are_gone_is_away_until_they_are_back() -> None:
    selection = Selection.parse("rig=a")
    gone = PlaceState("x", {"rig": "a", SERVICE: IN}, absent=("lab/x/*",))

    assert changes_of_marks(selection, PlaceState("x", {"rig": "a", SERVICE: OUT}), "") == {}
    assert changes_of_marks(selection, gone, "") == {SERVICE: AWAY}
    assert changes_of_marks(selection, PlaceState("x", {"rig": "a", SERVICE: AWAY}), "") == {SERVICE: IN}

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


@pytest.mark.parametrize("text", ["rig", "=x", "rig=", "rig=a,", ""])
def test_what_is_no_tag_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"--place: .*is no tag of a place.*--place 'rig=fleet'"):
        Selection.parse(text)


def test_a_tag_that_is_asked_for_twice_is_refused_with_both_values() -> None:
    with pytest.raises(ConfigurationError, match=r"--place: 'rig' is there twice, as rig=\* and as rig=fleet; once is"):
        Selection.parse("rig=*,rig=fleet")


@pytest.mark.parametrize("text", ["RIG=*", "rg=*", "room=b,Rig=fleet"])
def test_a_tag_that_no_place_has_names_the_nearest_that_persons_set(text: str) -> None:
    places = [PlaceState("one", {"rig": "fleet", "room": "b", SERVICE: IN, "fits_1234abcd": "yes", "lease_owner": "x"})]

    with pytest.raises(
        ConfigurationError, match=r"no place has a tag '\w+'; known: name, rig, room\. Did you mean 'rig'\?"
    ):
        Selection.parse(text).among(places)


def test_tags_that_no_place_has_together_are_told_with_what_there_is() -> None:
    places = [PlaceState("one", {"rig": "fleet", "room": "a"}), PlaceState("two", {"rig": "other", "room": "b"})]

    with pytest.raises(
        ConfigurationError, match="no place has all of rig=fleet,room=b; there are places with rig=fleet, "
    ):
        Selection.parse("rig=fleet,room=b").among(places)


def test_brackets_in_a_value_stand_for_themselves() -> None:
    selection = Selection.parse("room=[ab]*")

    assert selection.fits(PlaceState("x", {"room": "[ab]2"}))
    assert not selection.fits(PlaceState("x", {"room": "a2"}))


def test_a_place_that_lacks_a_part_is_not_given_out_although_it_has_the_tags() -> None:
    selection = Selection.parse("rig=a").with_parts(["meter", "load"])
    whole = PlaceState("whole", {"rig": "a"}, addresses={"meter": ("", {}), "load": ("", {}), "K1": ("", {})})
    lacking = PlaceState("lacking", {"rig": "a"}, addresses={"meter": ("", {})})

    filters, mark = filters_for(selection, [whole, lacking])

    assert mark
    assert filters == {SERVICE: IN, mark: "yes"}
    assert changes_of_marks(selection, whole, mark) == {mark: "yes", SERVICE: IN}
    assert changes_of_marks(selection, lacking, mark) == {}
    assert filters_for(selection, [whole]) == ({SERVICE: IN, "rig": "a"}, "")


def test_a_place_that_is_away_fits_since_nothing_is_known_of_its_parts() -> None:
    away = PlaceState("x", {"rig": "a"}, absent=("lab/x/*",))

    assert Selection.parse("rig=a").with_parts(["meter"]).fits(away)


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

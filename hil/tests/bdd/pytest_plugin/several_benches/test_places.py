"""How the benches of a run are shared out over the rig files of a fleet."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hil.bdd.pytest_plugin.several_benches.places import shares

NEEDS = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(1, 50), min_size=1)


@given(NEEDS, st.integers(1, 12), st.data())
def test_each_rig_file_that_is_needed_has_a_bench_and_none_more_than_it_has_places(
    needed: dict[str, int], benches: int, data: st.DataObject
) -> None:
    places = {kind: data.draw(st.integers(1, 6)) for kind in needed}
    benches = min(max(benches, len(needed)), sum(places.values()))

    chosen = Counter(shares(needed, places, benches))

    assert chosen.total() == benches
    assert set(chosen) == set(needed)
    assert all(chosen[kind] <= places[kind] for kind in needed)


def test_the_rig_file_with_most_scenarios_has_most_benches() -> None:
    assert Counter(shares({"a": 30, "b": 10}, {"a": 9, "b": 9}, 4)) == {"a": 3, "b": 1}

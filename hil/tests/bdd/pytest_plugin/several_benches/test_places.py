"""How the benches of a run are shared out over the rig files of a fleet."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.bdd.pytest_plugin.several_benches.places import calibrated, fewest, shares
from hil.errors import RigFault
from hil.rig.config.rig_file import RigFile

RIGS = Path(__file__).parents[5] / "rigs"

ABLE = st.lists(st.frozensets(st.sampled_from("abc"), min_size=1), min_size=1, max_size=30)
PLACES = st.fixed_dictionaries({kind: st.integers(1, 6) for kind in "abc"})


@given(ABLE, PLACES, st.integers(1, 20))
def test_every_scenario_has_a_bench_that_can_run_it_and_no_rig_file_more_benches_than_places(
    able: list[frozenset[str]], places: dict[str, int], benches: int
) -> None:
    usable = Counter(kind for kinds in able for kind in kinds)
    least = fewest(able, places)
    benches = min(max(benches, len(least)), sum(places[kind] for kind in usable))

    chosen = Counter(shares(least, usable, places, benches))

    assert chosen.total() == benches
    assert all(kinds & set(chosen) for kinds in able)
    assert all(chosen[kind] <= places[kind] for kind in chosen)


def test_the_rig_file_that_can_run_most_has_most_benches() -> None:
    assert Counter(shares({"a", "b"}, {"a": 30, "b": 10}, {"a": 9, "b": 9}, 4)) == {"a": 3, "b": 1}


def rig(tmp_path: Path, name: str, due: str) -> RigFile:
    """A rig file whose meter has a certificate that holds to this day."""
    text = (RIGS / "realtime.yaml").read_text(encoding="utf-8")
    old = "      meter: {calibration: 'none: virtual'}\n"
    assert old in text
    path = tmp_path / f"{name}.yaml"
    path.write_text(text.replace(old, f"      meter: {{calibration: C-1, due: {due}}}\n"), encoding="utf-8")
    return RigFile.load(path)


def test_an_acceptance_uses_only_rigs_whose_calibrations_hold(tmp_path: Path) -> None:
    expired, good = rig(tmp_path, "expired", "2020-01-31"), rig(tmp_path, "good", "2999-01-31")

    assert calibrated({"expired": expired, "good": good}) == {"good": good}
    with pytest.raises(RigFault, match=r"expired\.yaml: .*calibration"):
        calibrated({"expired": expired})


def test_one_bench_is_enough_if_one_rig_file_can_run_everything() -> None:
    assert fewest([frozenset("ab"), frozenset("a"), frozenset("ab")], {"a": 1, "b": 5}) == {"a"}

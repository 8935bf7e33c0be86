"""Which places of a fleet a run can use, and why others are left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.bdd.pytest_plugin.several_benches.usable_places import Kind, usable_places
from hil.errors import ConfigurationError
from hil.fleet.marks import OUT, SERVICE
from hil.fleet.safe_place import SafePlace
from hil.fleet.selection import Selection
from hil.fleet.states import NO_MATCH, PlaceState
from hil.rig.config.rig_file import RigFile

ROOT = Path(__file__).parents[5]
PARTS = ("meter", "load", "K1", "K2", "K3", "K4", "socket-link", "cable-link", "socket-console", "cable-console")
ANY = Selection.parse("rig=*")


def place(name: str, rig: str = "fleet", parts: tuple[str, ...] = PARTS, **more: object) -> PlaceState:
    tags = {"rig": rig} if rig else {"room": "b"}
    return PlaceState(name, tags, addresses={part: ("", {}) for part in parts}, **more)  # type: ignore[arg-type]


GOOD = place("good")


def usable(*places: PlaceState, rig: Path | None = None) -> tuple[dict[str, Kind], list[str]]:
    safe = SafePlace(ROOT, "127.0.0.1:9", ROOT / "rigs", rig)
    return usable_places(places, ANY, safe, lambda path, _: RigFile.load(path))


def names(kinds: dict[str, Kind]) -> dict[str, list[str]]:
    return {tag: [each.name for each in kind.places] for tag, kind in kinds.items()}


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (place("x", "nosuch"), "its tag rig=nosuch names no rig file of rigs; there are: bench-example, "),
        (place("x", "../rigs/fleet"), "its tag rig=../rigs/fleet names no rig file of rigs; there are: "),
        (place("x", ""), "it has no tag rig, which names one of the rig files of rigs; there are: "),
        (place("x", absent=(NO_MATCH,)), "it has no part, since no exporter is matched to it"),
        (place("x", parts=PARTS[1:]), "it does not offer meter, which "),
        (PlaceState("x", {"rig": "fleet", SERVICE: OUT}, "out of service: relay K1 sticks"), "relay K1 sticks"),
    ],
)
def test_a_place_that_cannot_be_used_stops_no_run_and_is_told(
    other: PlaceState, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)

    kinds, told = usable(other, GOOD)

    assert names(kinds) == {"fleet": ["good"]}
    assert len(told) == 1
    assert told[0].startswith("place x is left out: ")
    assert why in told[0]


def test_if_no_place_can_be_used_each_is_told_with_its_reason() -> None:
    with pytest.raises(ConfigurationError) as refused:
        usable(place("one", "nosuch"), place("two", parts=("K1", "metre")))

    told = str(refused.value)
    assert "--place: no place with rig=* can be used\nplace one is left out: its tag rig=nosuch names" in told
    assert "place two is left out: it does not offer K2, " in told


def test_a_part_with_another_name_is_told_with_the_nearest() -> None:
    _, told = usable(GOOD, place("x", parts=("metre", *PARTS[1:])))

    assert told[0].endswith("Did you mean 'metre'?")


def test_a_place_that_is_away_can_be_waited_for() -> None:
    kinds, told = usable(place("x", parts=(), absent=("lab/x/*",)))

    assert (names(kinds), told) == ({"fleet": ["x"]}, [])


def test_a_rig_file_that_was_told_for_all_needs_no_tag() -> None:
    kinds, told = usable(place("x", ""), place("y", "nosuch"), rig=ROOT / "rigs/fleet.yaml")

    assert (names(kinds), told) == ({"": ["x", "y"]}, [])

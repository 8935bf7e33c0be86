"""Seeded faults of the bench: whom it blames, and how soon, on made timelines."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from hil.errors import AuthorError, RigFault
from hil.scenario.measurements import bench
from hil.scenario.stimuli.bench import SELF_TEST
from hil.tests.scenario.timelines import Scene, Truth


def seeded(
    fault_of_load_from: float | None, until: float = 2.0, at: tuple[float, ...] = (1.5, 2.0), where: str = ""
) -> Scene:
    """Faults are seeded; the load says from some second on that it opened by itself, the meter that it failed."""
    scene = Scene(Truth(((1.0, 3.3),)))
    rig: Any = scene.observer.rig
    rig.mended = []
    rig.bench = SimpleNamespace(mend=lambda: rig.mended.append(scene.clock.now()), plug=lambda _: None)
    rig.strategy = SimpleNamespace(told={})
    rig.mirror_contacts = {}
    rig.load.opened_by_itself = lambda: (
        "" if fault_of_load_from is None or scene.clock.now() < fault_of_load_from else "over-power"
    )

    def look() -> None:
        if where and fault_of_load_from is not None and scene.clock.now() >= fault_of_load_from:
            raise RigFault("it failed", place=where)

    rig.watchdog.look = look
    for t in at:
        scene.fault(t, SELF_TEST, "load opens")
    return scene.run(until)


def test_the_part_that_is_blamed_is_timed_from_the_newest_seeded_fault_and_mended() -> None:
    scene = seeded(2.55)
    found = bench.time_to_blame(scene.observer, "load", 5.0)
    assert 0.55 <= found.low <= found.high <= 0.55 + 0.1  # looked for each tenth of a second
    assert len(scene.observer.rig.mended) == 1  # type: ignore[attr-defined]


def test_another_part_that_is_blamed_is_a_rig_fault() -> None:
    scene = seeded(2.5)
    with pytest.raises(RigFault, match="over-power") as caught:
        bench.time_to_blame(scene.observer, "lab meter", 5.0)
    assert caught.value.place == "load"
    assert scene.observer.rig.mended  # type: ignore[attr-defined]


def test_a_fault_that_is_not_found_is_the_benchs_own() -> None:
    scene = seeded(None)
    with pytest.raises(RigFault, match="nothing was found wrong with the load in 5 s") as caught:
        bench.time_to_blame(scene.observer, "load", 5.0)
    assert caught.value.place == SELF_TEST
    assert scene.clock.now() == pytest.approx(7.0, abs=0.11)
    assert scene.observer.rig.mended  # type: ignore[attr-defined]


def test_power_is_cut_after_the_first_seeded_fault() -> None:
    found = bench.fault_to_cut(seeded(None).observer, 2.0)
    assert found.low <= 1.8 <= found.high
    assert found.began == 1.5


def test_without_a_seeded_fault_the_step_is_the_authors_mistake() -> None:
    with pytest.raises(AuthorError, match="no fault of the bench was seeded"):
        bench.fault_to_cut(Scene(Truth()).run(1.0).observer, 2.0)


def test_of_three_seeded_faults_the_newest_counts_for_the_time_and_for_the_watch() -> None:
    at = (0.5, 1.0, 2.0)
    found = bench.time_to_blame(seeded(2.55, at=at).observer, "load", 5.0)
    assert 0.55 <= found.low <= found.high <= 0.55 + 0.1
    assert found.began == 2.0
    scene = seeded(None, at=at)
    with pytest.raises(RigFault, match="nothing was found wrong"):
        bench.time_to_blame(scene.observer, "load", 5.0)
    assert scene.clock.now() == pytest.approx(7.0, abs=0.11)


def test_what_is_wrong_at_the_end_of_the_watch_only_was_not_found_within_it() -> None:
    scene = seeded(2.0)
    with pytest.raises(RigFault, match="nothing was found wrong with the load in 0 s"):
        bench.time_to_blame(scene.observer, "load", 0.0)


def test_a_part_that_errors_call_by_another_word_is_known_by_it() -> None:
    found = bench.time_to_blame(seeded(2.55, where="meter").observer, "lab meter", 5.0)
    assert 0.55 <= found.low <= found.high <= 0.55 + 0.1


def test_an_error_that_names_no_part_blames_none() -> None:
    with pytest.raises(RigFault, match="it failed"):
        bench.time_to_blame(seeded(2.55, where=" ").observer, "lab meter", 5.0)

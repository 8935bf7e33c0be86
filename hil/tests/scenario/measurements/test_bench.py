"""Seeded faults of the bench: whom it blames, and how soon, on made timelines."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from hil.errors import AuthorError, RigFault
from hil.scenario.measurements import bench
from hil.scenario.stimuli.bench import SELF_TEST
from hil.tests.scenario.timelines import Scene, Truth


def seeded(fault_of_load_from: float | None, until: float = 2.0) -> Scene:
    """A fault is seeded at 1.5 s and 2 s; the load says from some second on that it opened by itself."""
    scene = Scene(Truth(((1.0, 3.3),)))
    rig: Any = scene.trial.rig
    rig.mended = []
    rig.bench = SimpleNamespace(mend=lambda: rig.mended.append(scene.clock.now()), plug=lambda _: None)
    rig.strategy = SimpleNamespace(told={})
    rig.mirror_contacts = {}
    rig.load.opened_by_itself = lambda: (
        "" if fault_of_load_from is None or scene.clock.now() < fault_of_load_from else "over-power"
    )
    for t in (1.5, 2.0):
        scene.fault(t, SELF_TEST, "load opens")
    return scene.run(until)


def test_the_part_that_is_blamed_is_timed_from_the_newest_seeded_fault_and_mended() -> None:
    scene = seeded(2.55)
    found = bench.time_to_blame(scene.trial, "load", 5.0)
    assert 0.55 <= found.low <= found.high <= 0.55 + 0.1  # looked for each tenth of a second
    assert len(scene.trial.rig.mended) == 1  # type: ignore[attr-defined]


def test_another_part_that_is_blamed_is_a_rig_fault() -> None:
    scene = seeded(2.5)
    with pytest.raises(RigFault, match="over-power") as caught:
        bench.time_to_blame(scene.trial, "lab meter", 5.0)
    assert caught.value.place == "load"
    assert scene.trial.rig.mended  # type: ignore[attr-defined]


def test_a_fault_that_is_not_found_is_the_benchs_own() -> None:
    scene = seeded(None)
    with pytest.raises(RigFault, match="nothing was found wrong with the load in 5 s") as caught:
        bench.time_to_blame(scene.trial, "load", 5.0)
    assert caught.value.place == SELF_TEST
    assert scene.clock.now() == pytest.approx(7.0, abs=0.11)
    assert scene.trial.rig.mended  # type: ignore[attr-defined]


def test_power_is_cut_after_the_first_seeded_fault() -> None:
    found = bench.fault_to_cut(seeded(None).trial, 2.0)
    assert found.low <= 1.8 <= found.high
    assert found.began == 1.5


def test_without_a_seeded_fault_the_step_is_the_authors_mistake() -> None:
    with pytest.raises(AuthorError, match="no fault of the bench was seeded"):
        bench.fault_to_cut(Scene(Truth()).run(1.0).trial, 2.0)

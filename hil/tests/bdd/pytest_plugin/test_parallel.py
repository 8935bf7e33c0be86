"""How many benches a run has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hil.bdd.pytest_plugin.several_benches.parallel import FEWEST_SCENARIOS, number_of_benches
from hil.errors import ConfigurationError
from hil.rig.config.rig_file import RigFile

RIGS = Path(__file__).parents[4] / "rigs"
VIRTUAL, REAL_TIME, PHYSICAL = (
    RigFile.load(RIGS / f"{name}.yaml") for name in ("virtual", "realtime", "bench-example")
)


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1})
    monkeypatch.delenv("NODE", raising=False)


def test_many_scenarios_have_a_bench_for_each_processor() -> None:
    assert number_of_benches(None, VIRTUAL, None, FEWEST_SCENARIOS) == 2


def test_few_scenarios_have_one_bench_unless_more_are_asked_for() -> None:
    assert number_of_benches(None, VIRTUAL, None, FEWEST_SCENARIOS - 1) == 1
    assert number_of_benches(3, VIRTUAL, None, FEWEST_SCENARIOS - 1) == 3


def test_no_bench_is_without_a_scenario() -> None:
    assert number_of_benches(5, VIRTUAL, None, 2) == 2
    assert number_of_benches(5, VIRTUAL, None, 0) == 1


@pytest.mark.parametrize("rig", [REAL_TIME, PHYSICAL])
def test_a_bench_on_the_wall_clock_stays_alone(rig: RigFile) -> None:
    assert number_of_benches(None, rig, None, 1000) == number_of_benches(1, rig, None, 1000) == 1
    with pytest.raises(ConfigurationError, match=r"2 benches: rig '.*' is one bench"):
        number_of_benches(2, rig, None, 1000)


def test_an_external_node_has_one_chain() -> None:
    assert number_of_benches(None, VIRTUAL, "external", 1000) == 1
    assert number_of_benches(None, VIRTUAL, "native", 1000) == 2
    with pytest.raises(ConfigurationError, match="an external node has but one chain"):
        number_of_benches(2, VIRTUAL, "external", 1000)

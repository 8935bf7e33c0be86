"""A run that is read on several processors is told as on one."""

from __future__ import annotations

import os

import pytest

from hil.evidence.documents import Event, Kind
from hil.evidence.record import ScenarioRecord
from hil.report.scenario.from_events import view_scenario
from hil.report.scenario_loading import FEWEST, view_all


def scenarios(number: int = FEWEST + 3) -> list[ScenarioRecord]:
    return [
        ScenarioRecord(
            f"{index:04d}-scenario",
            [
                Event(Kind.START, 0.0, "bench", {"name": f"scenario {index}"}),
                Event(Kind.READING, 1.0, "meter", {"power_W": 100.0 + index}),
                Event(Kind.READING, 2.0, "meter", {"power_W": 0.0}),
                Event(Kind.STOP, 3.0, "bench", {"verdict": "pass", "safe_state": {"reached": True, "seconds": 0.1}}),
            ],
        )
        for index in range(number)
    ]


def test_several_processors_tell_the_same_in_the_same_order() -> None:
    told = view_all(scenarios(), processors=2)

    assert told == view_all(scenarios(), processors=1)
    assert [view.number for view, _ in told] == list(range(1, FEWEST + 4))


def test_what_a_process_raises_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(number: int, scenario: ScenarioRecord) -> None:
        raise ValueError(f"not {scenario.name}")

    monkeypatch.setattr("hil.report.scenario_loading.view_scenario", refuse)
    with pytest.raises(ValueError, match="not 0000-scenario"):
        view_all(scenarios(), processors=2)


def test_a_process_that_is_killed_leaves_its_work_to_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    here = os.getpid()

    def die_elsewhere(number: int, scenario: ScenarioRecord) -> object:
        return view_scenario(number, scenario) if os.getpid() == here else os._exit(9)

    monkeypatch.setattr("hil.report.scenario_loading.view_scenario", die_elsewhere)
    assert len(view_all(scenarios(), processors=2)) == FEWEST + 3

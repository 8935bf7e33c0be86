"""Appliances that the programmable load plays: their files, and how they follow the voltage at the outlet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import ValidationError

from hil.errors import AuthorError, ConfigurationError
from hil.evidence.documents import Kind
from hil.ports import Load, Reading
from hil.rig.recorder import Recorder
from hil.rig.virtual.lockstep_clock import LockstepClock
from hil.scenario.load_profiles import SHIPPED, LoadPlayer, LoadProfile, profile_names, read_profile
from hil.units import Ampere, Second, Volt, Watt, WattHour

MOTOR = {"description": "A motor.", "steps": [{"power": "1750 W", "for": "400 ms"}, {"power": "300 W"}]}
ROOT = Path(__file__).parents[3]


class FreeTime:
    """A bench on which nothing happens by itself."""

    def advance(
        self, until: float, received: Mapping[str, int], on_idle: Callable[[], None]
    ) -> tuple[float, Mapping[str, int]]:
        return until, {}


class Bench:
    """A load and a recorder that keep what they were told, with the instant."""

    def __init__(self, profile: dict[str, Any]) -> None:
        self.clock = LockstepClock(FreeTime())
        self.told: list[tuple[float, float]] = []
        self.recorded: list[tuple[Kind, str, dict[str, Any]]] = []
        load, recorder = cast("Load", self), cast("Recorder", self)
        self.player = LoadPlayer(LoadProfile.model_validate(profile), load, self.clock, recorder)
        self.player.start()

    def draw_power(self, power: Watt) -> None:
        self.told.append((round(self.clock.now(), 6), power))

    def observe(self, kind: Kind, source: str, data: dict[str, Any]) -> None:
        self.recorded.append((kind, source, data))

    def meter_shows(self, voltage: float) -> None:
        reading = Reading(Volt(voltage), Ampere(0.0), Watt(0.0), WattHour(0.0), Second(self.clock.now()))
        self.player.on_reading(reading)


def test_the_load_stands_at_the_first_step_before_there_is_voltage() -> None:
    bench = Bench(MOTOR)
    bench.clock.sleep(10.0)
    assert bench.told == [(0.0, 1750.0)]


def test_the_steps_follow_each_other_from_the_first_reading_with_voltage() -> None:
    bench = Bench(MOTOR)
    bench.clock.sleep(2.0)
    bench.meter_shows(230.0)
    bench.clock.sleep(60.0)
    assert bench.told == [(0.0, 1750.0), (2.4, 300.0)]
    assert bench.recorded[-1] == (Kind.LOAD, "load", {"power_W": 300.0})


def test_after_a_gap_the_appliance_starts_anew() -> None:
    bench = Bench(MOTOR)
    bench.meter_shows(230.0)
    bench.clock.sleep(60.0)
    bench.meter_shows(12.0)
    assert bench.told[-1] == (60.0, 1750.0)
    bench.clock.sleep(5.0)
    bench.meter_shows(230.0)
    bench.clock.sleep(60.0)
    assert bench.told[-1] == (65.4, 300.0)


def test_a_gap_in_the_middle_of_a_step_leaves_no_step_behind() -> None:
    bench = Bench(MOTOR)
    bench.meter_shows(230.0)
    bench.clock.sleep(0.2)
    bench.meter_shows(0.0)
    bench.clock.sleep(60.0)
    assert bench.told == [(0.0, 1750.0)]


def test_steps_that_repeat_keep_their_times_over_hours() -> None:
    steps = [{"power": "90 W", "for": "8 min"}, {"power": "1.5 W", "for": "16 min"}]
    bench = Bench({"description": "A refrigerator.", "repeat": True, "steps": steps})
    bench.meter_shows(230.0)
    bench.clock.sleep(10 * 24 * 60 - 1)
    assert bench.told[-1] == (9 * 24 * 60 + 8 * 60.0, 1.5)
    assert len(bench.told) == 20


@pytest.mark.parametrize("name", sorted(path.stem for path in SHIPPED.glob("*.yaml")))
def test_every_profile_of_the_project_reads_and_stays_within_the_load(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert 0 < read_profile(name).highest <= 1800


def test_a_profile_that_does_not_exist_is_told_with_the_nearest_that_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(AuthorError, match=r"'ketle' is no load profile; known: .*Did you mean 'kettle'"):
        read_profile("ketle")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"steps": []}, "at least 1"),
        ({"steps": [{"power": "300 Watt"}]}, "'Watt' is not a unit"),
        ({"steps": [{"power": "-1 W"}]}, "greater than or equal to 0"),
        ({"steps": [{"power": "1 W"}, {"power": "2 W"}]}, "each step but the last needs 'for'"),
        ({"repeat": True}, "the last step needs 'for' if the steps repeat"),
        ({"steps": [{"power": "1 W", "for": "0 s"}]}, "greater than 0"),
        ({"color": "white"}, "Extra inputs"),
    ],
)
def test_a_profile_that_cannot_be_played_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        LoadProfile.model_validate(MOTOR | change)


def test_every_mistake_in_the_file_of_a_profile_is_told_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("rigs", "features", "profiles"):
        (tmp_path / folder).mkdir()
    (tmp_path / "profiles/iron.yaml").write_text("description: An iron.\nsteps:\n  - {power: 7 Watt}\ncolor: white\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        read_profile("iron")
    told = str(caught.value)

    assert "iron.yaml:3:6: steps.0.power: 'Watt' is not a unit" in told
    assert "iron.yaml:4:1: color: 'color' is not known; known: description, repeat, steps" in told


def test_a_profile_of_the_laboratory_comes_before_that_of_the_framework(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loads").mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.hil]\nprofiles = 'loads'\n")
    for name in ("kettle", "iron"):
        (tmp_path / f"loads/{name}.yaml").write_text("description: Ours.\nsteps:\n  - {power: 7 W}\n")
    monkeypatch.chdir(tmp_path)

    assert (read_profile("kettle").highest, read_profile("iron").highest) == (Watt(7), Watt(7))
    assert read_profile("fridge").description != "Ours."
    assert {"iron", "fridge"} < set(profile_names())


def test_the_profiles_of_the_framework_are_there_outside_of_a_laboratory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert profile_names() == sorted(file.stem for file in SHIPPED.glob("*.yaml"))
    with pytest.raises(AuthorError, match=rf"'kettel' is no load profile; known: .*Did you mean 'kettle'.*{SHIPPED}"):
        read_profile("kettel")

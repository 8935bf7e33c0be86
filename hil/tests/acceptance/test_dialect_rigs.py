"""Whole runs with the second dialect of each instrument: the same features, another rig file."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.evidence.documents import Kind, Verdict
from hil.tests.acceptance.commands import Project
from hil.tests.acceptance.plans import FIRST_BOOT, PROVIDER

UNDERPAYMENT = "features/underpayment.feature"

LOADED = """\
Feature: A load
  Scenario: The load draws what was bought
    Given the socket is under test in single-fee mode
    And the load draws {power} W
    When the devices are switched on
    And 30 s have passed
    Then no power flowed before the first payment was accepted
"""


def models(document: dict[str, object]) -> list[str]:
    rig = document["rig"]
    assert isinstance(rig, dict)
    return [instrument["model"] for instrument in rig["instruments"]]


def test_features_pass_with_a_wt310e_on_its_serial_line(tmp_path: Path) -> None:
    # a seed with which the socket's own meter errs so little that a meter of this accuracy can decide 0.1 Wh in 16 Wh
    project = Project.make(tmp_path / "project")
    done = project.run(
        "run", FIRST_BOOT, UNDERPAYMENT, "--rig", "rigs/virtual-wt310e.yaml", "--node", PROVIDER, "--seed", "2"
    )
    assert done.code == 0, done.said
    assert done.document["verdict"] == Verdict.PASS
    assert models(done.document) == ["WT310E", "IT8615"]


def test_a_dc_load_takes_its_power_through_the_adapter_and_no_more_than_its_rating(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")
    rig = project.rig("dc.yaml", ("          name: bench\n", "          name: bench\n          load: dl3021\n"))
    (project.folder / "dc.feature").write_text(LOADED.format(power=186), encoding="utf-8")
    done = project.run("run", "dc.feature", "--rig", rig, "--node", PROVIDER, "--seed", "1")
    assert done.code == 0, done.said
    assert models(done.document) == ["HMC8015", "DL3021"]
    events = done.record.scenarios[0].of(Kind.READING)
    readings = [float(str(event.data["power_W"])) for event in events if event.source == "meter"]
    assert abs(max(readings) - 200) < 2

    (project.folder / "dc.feature").write_text(LOADED.format(power=300), encoding="utf-8")
    refused = project.run("run", "dc.feature", "--rig", rig, "--node", PROVIDER, "--seed", "1")
    assert refused.code == 4, refused.said
    assert "200 W" in refused.said


@pytest.mark.parametrize(("dialect", "power"), [("it8615", 1300), ("dl3021", 186)])
def test_a_load_whose_own_protection_trips_is_a_rig_fault_and_no_device_failure(
    tmp_path: Path, dialect: str, power: int
) -> None:
    project = Project.make(tmp_path / "project")
    rig = project.rig(
        "protected.yaml",
        ("          name: bench\n", f"          name: bench\n          load: {dialect}\n"),
        ("    limits:\n", "    limits:\n      load: {current: 3 A}\n"),
    )
    (project.folder / "loaded.feature").write_text(LOADED.format(power=power), encoding="utf-8")
    done = project.run("run", "loaded.feature", "--rig", rig, "--node", PROVIDER, "--seed", "1")
    assert done.code == 7, done.said
    assert "load: its own protection opened its input, error queue: -300" in done.said
    assert "over current" in done.said
    assert not (project.folder / "reports/locks").exists()


TRANSFORMER = "{ratio: 2, rated: 10 A, accuracy_class: 0.1}"


def behind_transformer(project: Project, dialect: str, plant: str) -> str:
    """Return a rig whose file states a current transformer of ratio 2 before this meter."""
    return project.rig(
        "behind.yaml",
        ("          name: bench\n", f"          name: bench\n          meter: {dialect}\n"),
        (
            "meter: {calibration: 'none: virtual'}",
            f"meter: {{calibration: 'none', current_transformer: {TRANSFORMER}}}",
        ),
        ("    plant: {}\n", f"    plant: {plant}\n"),
    )


@pytest.mark.parametrize("dialect", ["hmc8015", "wt310e"])
def test_a_session_is_measured_through_a_current_transformer_and_the_report_prints_it(
    tmp_path: Path, dialect: str
) -> None:
    project = Project.make(tmp_path / "project")
    rig = behind_transformer(project, dialect, "{meter_ct_ratio: 2, meter_ct_rated_a: 10, meter_ct_class: 0.1}")
    (project.folder / "behind.feature").write_text(LOADED.format(power=1800), encoding="utf-8")
    done = project.run("run", "behind.feature", "--rig", rig, "--node", PROVIDER, "--seed", "1")
    assert done.code == 0, done.said
    meter = done.document["rig"]["instruments"][0]
    assert meter["transformer"] == "current transformer 10 A/5 A, class 0.1 (IEC 61869-2)"
    events = done.record.scenarios[0].of(Kind.READING)
    readings = [float(str(event.data["power_W"])) for event in events if event.source == "meter"]
    assert abs(max(readings) - 1800) < 8
    assert meter["transformer"] in next(project.folder.glob("reports/runs/2*/report.html")).read_text(encoding="utf-8")


def test_a_ratio_that_the_bench_does_not_have_is_a_rig_fault_with_the_one_that_would_explain_it(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")
    (project.folder / "behind.feature").write_text(LOADED.format(power=800), encoding="utf-8")
    rig = behind_transformer(project, "wt310e", "{}")
    done = project.run("run", "behind.feature", "--rig", rig, "--node", PROVIDER, "--seed", "1")
    assert done.code == 7, done.said
    assert "a factor of 0.5: a current transformer of ratio 1 would explain it" in done.said


def test_an_instrument_that_the_virtual_bench_does_not_have_is_named_with_those_it_has(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")
    rig = project.rig("typo.yaml", ("          name: bench\n", "          name: bench\n          meter: wt310\n"))
    done = project.run("run", FIRST_BOOT, "--rig", rig, "--node", PROVIDER)
    assert done.code == 4, done.said
    assert "'wt310' is not a virtual meter; known: hmc8015, wt310e. Did you mean 'wt310e'?" in done.said

"""What a run is refused for before anything is started: mistakes of features and rig file, all at once."""

from __future__ import annotations

from pathlib import Path

from hil.tests.acceptance.commands import Project
from hil.tests.acceptance.plans import PROVIDER

MISTAKEN = """\
Feature: Wrong in several ways
  Scenario: Nothing is measured
    Given the socket is under test in single-fee mode
    And the load draws 2 kW
    When the devices are switched on
  Scenario: It waits too long
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And 11 h have passed
    Then no power flowed
"""

SOUND = MISTAKEN[: MISTAKEN.index("  Scenario: Nothing")] + MISTAKEN[MISTAKEN.index("  Scenario: It waits") :]


def test_a_run_is_refused_for_all_mistakes_of_features_and_rig_at_once(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")
    rig = project.rig("wrong.yaml", ("plant: {}", "plant: {mains_voltge: 1}"))
    (project.folder / "wrong.feature").write_text(MISTAKEN, encoding="utf-8")

    done = project.run("run", "wrong.feature", "--rig", rig)

    assert done.code == 4, done.said
    for words in (
        "4 mistakes in 1 feature file and the rig file; nothing was run, nothing was switched",
        "wrong.feature:2:3: the scenario 'Nothing is measured' has no Then step",
        "wrong.feature:4:9: 2000 W is outside what rig 'virtual' can draw",
        "wrong.feature:10:9: rig 'virtual' ends a session after 36000 s",
        "'mains_voltge' is not a parameter",
    ):
        assert words in done.said, done.said


def test_a_run_with_sound_steps_is_refused_for_the_rig_file_and_what_is_beyond_it(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")
    rig = project.rig("wrong.yaml", ("plant: {}", "plant: {mains_voltge: 1}"))
    (project.folder / "wrong.feature").write_text(SOUND, encoding="utf-8")

    done = project.run("run", "wrong.feature", "--rig", rig)

    assert done.code == 4, done.said
    assert "wrong.feature:6:9: rig 'virtual' ends a session after 36000 s" in done.said
    assert "'mains_voltge' is not a parameter" in done.said
    assert "nothing was run, nothing was switched; report: reports/runs/" in done.said


UNNOTICED = """\
Feature: A fault that nothing finds
  Scenario: The supply of a cable that the bench plays is welded
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And relay K4 welds shut, as a seeded fault
"""


def test_a_scenario_that_measures_nothing_does_not_pass_when_its_seeded_fault_is_not_found(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")
    (project.folder / "unnoticed.feature").write_text(UNNOTICED, encoding="utf-8")

    done = project.run("run", "unnoticed.feature", "--node", PROVIDER, "--seed", "7")

    assert done.code == 7, done.said
    assert "a fault of the bench was seeded, nothing found it, and nothing was measured" in done.said

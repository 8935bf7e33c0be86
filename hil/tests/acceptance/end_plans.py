"""Runs that something goes wrong with which is no device's: a step's own code, the disk, the watchdog, the meter."""

from __future__ import annotations

from pathlib import Path

from hil.tests.acceptance.commands import Finished, Project
from hil.tests.acceptance.plans import PROVIDER, SEED, plan

STEPS = '''\
"""Steps of a laboratory."""

import os
import resource
import shutil
import signal

from pathlib import Path

import pytest

from hil.bdd.language.catalogue import then, when


def run_folder():
    """Return the folder of the run that is under way: the newest."""
    return max(path for path in Path("reports/runs").iterdir() if not path.is_symlink())


@when("zero is divided")
def _(scenario):
    """A mistake in this code."""
    1 / 0


@when("the counterpart cannot be stopped")
def _(scenario):
    """A mistake that shows at the end of the scenario only."""

    def stop():
        raise ValueError("it goes on")

    scenario._counterpart.stop = stop


@when("the counterpart is left out at the end")
def _(scenario):
    """What pytest takes for a test that is not to run."""
    scenario._counterpart.stop = lambda: pytest.skip("left out")


@when("the program is left at the end")
def _(scenario):
    """As by a library that is called for its command line."""
    scenario._counterpart.stop = lambda: exit(0)


class Wordless(Exception):
    """Cannot be told."""

    def __str__(self):
        raise ZeroDivisionError


@when("the counterpart cannot say what is wrong")
def _(scenario):
    """An error of a library that fails when it is printed."""

    def stop():
        raise Wordless

    scenario._counterpart.stop = stop


@when("K1 is welded and the run is interrupted")
def _(scenario):
    """Someone sees smoke."""
    scenario.rig.bench.seed_fault("K1", "welded")
    scenario.rig.bench.seed_fault("K2", "welded")
    os.kill(os.getpid(), signal.SIGINT)


@then("one is more than two")
def _():
    """A comparison that is returned, and that no one judges."""
    return 1 > 2


@when("the run folder is removed")
def _(scenario):
    """As by a person who tidies up."""
    shutil.rmtree(run_folder())


@when("the disk is full")
def _(scenario):
    """No file of this process grows beyond what the evidence has."""
    limit = max(path.stat().st_size for path in run_folder().rglob("*") if path.is_file()) + 100
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


@when("the watchdog hangs")
def _(scenario):
    """It is stopped, and does not end."""
    os.kill(scenario.rig.watchdog.process, signal.SIGSTOP)
'''

SILENT = (
    "the counterpart is left out at the end",
    "the program is left at the end",
    "the counterpart cannot say what is wrong",
)

SOUND = """\
  Scenario: {name}
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the first payment has been accepted
{steps}    And the session has ended
    Then the energy delivered is 8 Wh within 2 %
"""


def laboratory(folder: Path) -> Project:
    """Return a project with the steps above."""
    project = Project.make(folder)
    (project.folder / "lab_steps.py").write_text(STEPS, encoding="utf-8")
    with (project.folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('\n[tool.hil]\nsteps = ["hil.steps", "lab_steps"]\n')
    return project


def run(folder: Path, *steps: str) -> Finished:
    """Run a scenario with each of these steps, and a sound one after them."""
    project = laboratory(folder)
    names = [*steps, ""]
    scenarios = [SOUND.format(name=f"S {step}", steps=f"    And {step}\n" if step else "") for step in names]
    (project.folder / "ends.feature").write_text("Feature: Ends\n" + "\n".join(scenarios), encoding="utf-8")
    return project.run("run", "ends.feature", "--node", PROVIDER, "--seed", SEED)


@plan
def own_mistakes(folder: Path) -> Finished:
    return run(folder, "zero is divided", "the counterpart cannot be stopped", *SILENT)


@plan
def folder_removed(folder: Path) -> Finished:
    return run(folder, "the run folder is removed")


@plan
def disk_full(folder: Path) -> Finished:
    return run(folder, "the disk is full")


@plan
def watchdog_hangs(folder: Path) -> Finished:
    return run(folder, "the watchdog hangs")


@plan
def meter_garbage(folder: Path) -> Finished:
    return run(folder, "the lab meter answers garbage, as a seeded fault")


@plan
def welded_and_interrupted(folder: Path) -> Finished:
    return run(folder, "K1 is welded and the run is interrupted")


@plan
def returned_comparison(folder: Path) -> Finished:
    """A Then of a laboratory whose function returns whether it holds."""
    project = laboratory(folder)
    scenario = SOUND.format(name="S", steps="") + "    And one is more than two\n"
    (project.folder / "ends.feature").write_text("Feature: Ends\n" + scenario, encoding="utf-8")
    return project.run("run", "ends.feature", "--node", PROVIDER, "--seed", SEED)

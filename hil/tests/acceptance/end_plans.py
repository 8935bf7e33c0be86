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

from hil.bdd.language.catalogue import when


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


def run(folder: Path, *steps: str) -> Finished:
    """Run a scenario with each of these steps, and a sound one after them."""
    project = Project.make(folder)
    (project.folder / "lab_steps.py").write_text(STEPS, encoding="utf-8")
    names = [*steps, ""]
    scenarios = [SOUND.format(name=f"S {step}", steps=f"    And {step}\n" if step else "") for step in names]
    (project.folder / "ends.feature").write_text("Feature: Ends\n" + "\n".join(scenarios), encoding="utf-8")
    with (project.folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('\n[tool.hil]\nsteps = ["hil.steps", "lab_steps"]\n')
    return project.run("run", "ends.feature", "--node", PROVIDER, "--seed", SEED)


@plan
def own_mistakes(folder: Path) -> Finished:
    return run(folder, "zero is divided", "the counterpart cannot be stopped")


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

"""Runs on several benches at the same time."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from hil.evidence.record import scenario_text
from hil.evidence.run_folder.files import SCENARIO_SUFFIX
from hil.tests.acceptance.commands import Finished, Helper, Project, Running, gone, helpers_of, poll
from hil.tests.acceptance.plans import PROVIDER, SEED, plan

LASTING = """\
  Scenario: The load draws {power} W
    Given the socket is under test in single-fee mode
    And the load draws {power} W
    When the devices are switched on
    And {duration} have passed
    Then no power flowed before the first payment was accepted
"""


@dataclass(frozen=True)
class SharedRun:
    """A run on two benches that was ended in the middle of two scenarios."""

    finished: Finished
    helpers: list[Helper]
    """The two processes that have a bench, and the programs that these had started."""
    all_gone: bool


def _start(project: Project, duration: str = "9 h") -> tuple[Running, list[Helper]]:
    """Return a run that is in the middle of two scenarios, and the processes that have a bench."""
    scenarios = [LASTING.format(power=power, duration=duration) for power in (100, 200, 300)]
    (project.folder / "hours.feature").write_text("Feature: Two benches\n" + "".join(scenarios))
    running = project.start("run", "hours.feature", "--benches", "2", "--node", PROVIDER, "--seed", SEED)

    def both_are_busy() -> bool:
        assert running.process.poll() is None, running.said.read_text()
        # latest leads to the same files
        files = {each.resolve() for each in project.folder.glob(f"reports/runs/*/scenarios/*{SCENARIO_SUFFIX}")}
        return len([file for file in files if b'"RECEIPT"' in scenario_text(file)[0]]) == 2

    poll(both_are_busy, "receipts in the evidence of two scenarios")
    return running, running.helpers()


def _end(running: Running, parts: list[Helper]) -> SharedRun:
    helpers = [*parts, *(helper for part in parts for helper in helpers_of(part))]
    return SharedRun(running.finish(), helpers, gone(helpers))


@plan
def shared(folder: Path) -> dict[str, Finished]:
    """The same scenarios on one bench, on two, and by pytest-xdist; and on two where there is but one."""
    project = Project.make(folder)
    command = (
        "run",
        "features/boot.feature",
        "features/underpayment.feature",
        "--node",
        PROVIDER,
        "--seed",
        SEED,
        "-rA",
    )
    outcomes = {benches: project.run(*command, "--benches", benches) for benches in ("1", "2")}
    two = ("--benches", "2", "--rig", "rigs/realtime.yaml")
    return {**outcomes, "xdist": project.run(*command, "-n", "2"), "real time": project.run(*command, *two)}


@plan
def shared_and_failing(folder: Path) -> Finished:
    """Two benches, a defective socket, and ``-x``."""
    project = Project.make(folder)
    rig = project.rig(
        "slow.yaml",
        ("serial: virtual-socket\n        profile: {}", "serial: slow\n        profile: {boot_delay_s: 10}"),
    )
    return project.run("run", "features/boot.feature", "--rig", rig, "--benches", "2", "-x", "--node", PROVIDER)


@plan
def quick_socket(folder: Path) -> Finished:
    """A socket that needs no time to boot, where the cable is pulled, swapped or bounces right after power-on."""
    project = Project.make(folder)
    rig = project.rig(
        "quick.yaml", ("serial: virtual-socket\n        profile: {}", "serial: quick\n        profile: {boot: []}")
    )
    scenarios = (
        "features/bench-faults.feature::A plug that bounces for 300 ms makes one session",
        *(f"features/defences.feature::The cable will <abuse>[{row}]" for row in QUICK_ROWS),
    )
    return project.run("run", *scenarios, "--rig", rig, "--benches", "1", "--node", PROVIDER, "--seed", SEED)


QUICK_ROWS = (
    "underpay-one-satoshi-single-fee-first-first-without a restart-1800 W-3 s",
    "lock-by-height-per-payment-first-first-after a restart-1800 W-2 min",
    "pay-an-absurd-fee-per-payment-first-third-with another cable-600 W-2 min",
)


STOPPER = """\
def pytest_sessionstart(session):
    global of_the_run
    of_the_run = session

def pytest_runtest_logreport(report):
    if report.when == "teardown" and of_the_run.config.pluginmanager.has_plugin("terminalreporter"):
        of_the_run.shouldstop = "somebody asked for the end"
"""


@plan
def shared_and_stopped(folder: Path) -> Finished:
    """Two benches, and a plugin that stops the session after the first scenario that is told of."""
    return _shared_with(STOPPER, folder)


EXITER = """\
import pytest

def pytest_bdd_before_step(request, feature, scenario, step, step_func):
    if "power flowed" in step.name:
        pytest.exit("the plugin has seen enough")
"""


@plan
def shared_and_exited(folder: Path) -> Finished:
    """Two benches, and a plugin that ends the session in the middle of a scenario."""
    return _shared_with(EXITER, folder)


def _shared_with(plugin: str, folder: Path) -> Finished:
    """Carry out a run on two benches with this plugin."""
    project = Project.make(folder)
    (project.folder / "meddler.py").write_text(plugin)
    command = ("run", "features/boot.feature", "--benches", "2", "-p", "meddler")
    return project.run(*command, "--node", PROVIDER, "--seed", SEED)


@plan
def shared_and_interrupted(folder: Path) -> SharedRun:
    """Ctrl-C, which a terminal tells every process of the run."""
    running, parts = _start(Project.make(folder))
    running.signal(signal.SIGINT)
    return _end(running, parts)


@plan
def shared_and_terminated(folder: Path) -> SharedRun:
    """SIGTERM to the process of the run alone, as a lab runner sends it."""
    running, parts = _start(Project.make(folder))
    running.process.terminate()
    return _end(running, parts)


@plan
def lost_bench(folder: Path) -> SharedRun:
    """SIGKILL to one of the two processes that have a bench; the other is let finish what it has on its own."""
    running, parts = _start(Project.make(folder), "1 h")
    os.kill(parts[0].pid, signal.SIGKILL)
    return _end(running, parts)


ODD_UPDATES = """\
  Scenario Outline: The mains are interrupted for <time> ms
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And the mains ahead of the socket's contact are interrupted for <time> ms
    And the session has ended
    Then the energy delivered is 16 Wh within 5 %
    Examples:
      | time |
      | 1000 |
      | 1090 |
      | 1225 |

  Scenario: Nothing happens to the mains
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the session has ended
    Then no power flowed before the first payment was accepted
    And the energy delivered is 8 Wh within 2 %
"""

PERIODS = ("0.05", "0.25", "0.333", "0.5", "0.7")


@plan
def odd_updates(folder: Path) -> dict[str, Finished]:
    """A good socket, and a lab meter that updates otherwise than its driver states."""
    outcomes = {}
    for period in PERIODS:
        project = Project.make(folder / period)
        (project.folder / "odd.feature").write_text("Feature: Odd updates\n" + ODD_UPDATES)
        rig = project.rig("odd.yaml", ("plant: {}", f"plant: {{meter_period: {period}}}"))
        outcomes[period] = project.run("run", "odd.feature", "--rig", rig, "--node", PROVIDER, "--seed", SEED)
    return outcomes

"""Studies of a virtual rig, and of a rig that is physical as far as the framework can tell."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

from hil.rig.virtual.environment import ADDRESS_VARIABLE
from hil.tests.acceptance.commands import Finished, Project, own_address, poll
from hil.tests.acceptance.foreign import standing
from hil.tests.acceptance.plans import PROVIDER, SEED, plan

FEATURE = """\
Feature: Limits
  Scenario: A cable that pays too little
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable does not pay from the third payment on
    When the devices are switched on
    And the session has ended
    Then the energy delivered is 16 Wh within 1 %
    And the power was cut within 500 ms of the refused payment
"""

OFFERED = (
    "    features:\n      - virtual\n      - seeded-defects\n      - link-faults\n      - switches-under-load\n"
    "      - programmable-mains\n      - seeded-faults\n"
)


@dataclass(frozen=True)
class Studied:
    """A study, the same once more, and what the history tells of both."""

    first: Finished
    again: Finished
    history: Finished
    page: str


@plan
def rig_study(folder: Path) -> Studied:
    project = Project.make(folder)
    (folder / "limits.feature").write_text(FEATURE, encoding="utf-8")
    rig = ("rig", "study", "rigs/virtual.yaml", "limits.feature")
    few = ("--levels", "3", "--trials", "2", "--benches", "2", "--seconds", "5", "--seed", SEED, "--node", PROVIDER)
    first, again = (project.run(*rig, *few, "--format", "json", "--output", name) for name in ("a.json", "b.json"))
    history = project.run(*rig, "--history", "--format", "html", "--output", "study.html")
    return Studied(first, again, history, (folder / "study.html").read_text(encoding="utf-8"))


@plan
def interrupted_study(folder: Path) -> Finished:
    """A study that is terminated in the middle of a trial."""
    project = Project.make(folder)
    running = project.start("rig", "study", "rigs/virtual.yaml", "--trials", "60", "--seed", SEED, "--node", PROVIDER)
    poll(lambda: "trial 5 of" in running.said.read_text(), "the fifth trial")
    running.signal(signal.SIGTERM)
    return running.finish()


@plan
def study_beyond_limits(folder: Path) -> Finished:
    """The load draws half as much again as it is told, which takes the level beyond the limits of the rig."""
    project = Project.make(folder)
    rig = project.rig("strong.yaml", ("power: 2000 W", "power: 1600 W"), ("plant: {}", "plant: {load_gain: 0.5}"))
    few = ("--levels", "1", "--trials", "2", "--benches", "1", "--seconds", "4", "--seed", SEED, "--node", PROVIDER)
    return project.run("rig", "study", rig, *few)


@plan
def bench_study(folder: Path) -> Finished:
    """A bench that stands already and tells no truth, on the wall clock, with a certificate for its load."""
    address = own_address(30)
    project = Project.make(folder, **{ADDRESS_VARIABLE: address})
    (folder / "limits.feature").write_text(FEATURE, encoding="utf-8")
    rig = project.rig(
        "bench.yaml",
        ("      - VirtualBench:\n          name: bench\n", ""),
        (OFFERED, "    features: []\n"),  # K1 switches no current
        ("meter: {calibration: 'none: virtual'}", "meter: {calibration: 'none: virtual', model: HMC8015}"),
        ("load: {calibration: 'none: virtual'}", "load: {calibration: 'none: virtual', model: IT8615}"),
        ("        serial: virtual-socket\n        profile: {}\n", "        serial: virtual-socket\n"),
        ("        serial: virtual-cable\n        profile: {}\n", "        serial: virtual-cable\n"),
        ("    plant: {}\n", "    reference: {uncertainty: '0.1 % + 0.4 W (k = 2)', certificate: load C-7}\n"),
    )
    few = ("--levels", "1", "--trials", "2", "--seconds", "4", "--operator", "Ada", "--node", PROVIDER)
    with standing(folder, address):
        return project.run("rig", "study", rig, "limits.feature", *few)

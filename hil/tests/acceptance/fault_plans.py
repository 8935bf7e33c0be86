"""Runs on a bench of which a part is wrong, and runs of wrong input."""

from __future__ import annotations

import re
import socket
from functools import partial
from pathlib import Path
from typing import Any

from hil.tests.acceptance import fault_matrix, lying_meters
from hil.tests.acceptance.commands import (
    Finished,
    Project,
    own_address,
)
from hil.tests.acceptance.plans import FIRST_BOOT, PLANS, PROVIDER, SEED, plan
from hil.tests.instruments.scripted import SILENCE, ScriptedInstrument, load_transcript


@plan
def garbage_meter(folder: Path) -> Finished:
    """A meter that knows its name and its settings, and answers garbage when it is read."""
    project = Project.make(folder)
    garbage: list[Any] = [b"\x00\xff~~ 12,,;\n"] * 1000
    with ScriptedInstrument(load_transcript("hmc8015"), {"CHAN1:MEAS:DATA?": garbage}) as meter:
        rig = project.rig("garbage.yaml", ("'TCPIP::$LG_HIL_BENCH::5025::SOCKET'", f"'{meter.resource}'"))
        return project.run("run", FIRST_BOOT, "--rig", rig, "--node", PROVIDER, "--seed", SEED)


FULL_AT = 300_000
LITTLE_ROOM = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({FULL_AT}, {FULL_AT}))
from hil.cli.main import main
sys.exit(main())
"""
"""``hil`` for which no file may grow beyond this many bytes: to a writer that is a full disk."""


@plan
def full_disk(folder: Path) -> Finished:
    """A disk that takes no more in the middle of a session."""
    project = Project.make(folder)
    return project.run("run", "long.feature:2", "--node", PROVIDER, "--seed", SEED, program=("-c", LITTLE_ROOM))


@plan
def dead_meter(folder: Path) -> Finished:
    """A meter at an address where nothing listens, for a run of several scenarios on one bench."""
    project = Project.make(folder)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        resource = f"'TCPIP::127.0.0.1::{silent.getsockname()[1]}::SOCKET'"
        rig = project.rig("dead.yaml", ("'TCPIP::$LG_HIL_BENCH::5025::SOCKET'", resource))
        feature, one = "features/boot.feature", ("--benches", "1")
        return project.run("run", feature, *one, "--rig", rig, "--node", PROVIDER, "--seed", SEED)


@plan
def socket_only(folder: Path) -> Finished:
    """A bench that cannot put a cable on trial, asked to."""
    project = Project.make(folder)
    rig = project.rig("socket-only.yaml", ("[socket under test, cable under test, pair]", "[socket under test]"))
    return project.run("run", "features/boot.feature", "--rig", rig, "--node", PROVIDER, "--seed", SEED)


UNDECIDED = """\
Feature: Faster than the meter
  Scenario: The socket is faster than the meter
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable underpays by 1 sat from the second payment on
    When the devices are switched on
    And the session has ended
    Then the power was cut within 20 ms of the refused payment
"""


@plan
def undecided(folder: Path) -> Finished:
    """A limit that the meter of the bench is too slow for, beside a scenario in Swedish that runs."""
    project = Project.make(folder)
    (project.folder / "fast.feature").write_text(UNDECIDED, encoding="utf-8")
    return project.run("run", "fast.feature", "features/brodrost.feature", "--node", PROVIDER, "--seed", SEED)


@plan
def busy_port(folder: Path) -> Finished:
    """A rig file that fixes the address of the bench, where somebody has the meter's port already."""
    project = Project.make(folder)
    address = own_address(1)
    rig = project.rig("busy.yaml", ("VirtualBench:\n          name: bench", f"VirtualBench: {{address: {address}}}"))
    with socket.socket() as other:
        other.bind((address, 5025))
        other.listen()
        return project.run("run", FIRST_BOOT, "--rig", rig, "--node", PROVIDER, "--seed", SEED)


@plan
def missing_node(folder: Path) -> Finished:
    """A machine without Docker, bitcoind and Debian mirror."""
    nothing = folder.with_name("nothing")
    nothing.mkdir()
    cache = folder.with_name("empty-cache")
    project = Project.make(folder, PATH=str(nothing), HIL_CACHE=str(cache), DOCKER_HOST=f"unix://{nothing}/docker.sock")
    return project.run("run", FIRST_BOOT, "--seed", SEED)


@plan
def broken_rig(folder: Path) -> Finished:
    """A rig file with two mistakes."""
    project = Project.make(folder)
    rig = project.rig("broken.yaml", ("power: 2000 W", "power: 2000 Watts"), ("energy: 20 kWh", "energi: 20 kWh"))
    return project.run("run", "features/boot.feature", "--rig", rig, "--seed", SEED)


@plan
def wrong_feature(folder: Path) -> Finished:
    """A feature file with an undefined step."""
    project = Project.make(folder)
    text = "Feature: Wrong\n  Scenario: One\n    When the devices are swiched on\n"
    (project.folder / "wrong.feature").write_text(text)
    return project.run("run", "wrong.feature", "--seed", SEED)


@plan
def beyond_a_limit(folder: Path) -> Finished:
    """A rig that allows less energy than the load takes in three hours, which no step names."""
    project = Project.make(folder)
    file = project.folder / "rigs/virtual.yaml"
    file.write_text(re.sub(r"energy: \d.*", "energy: 5 Wh", file.read_text(), count=1))
    return project.run("run", "long.feature:2", "--node", PROVIDER, "--seed", SEED)


@plan
def hanging_meter(folder: Path) -> Finished:
    """A meter that falls silent in the middle of a session in real time."""
    project = Project.make(folder)
    file = project.folder / "rigs/realtime.yaml"
    alive = [b"2.30E+02,0.0E+00,0.0E+00,0.0E+00,%.2f\n" % (number / 10) for number in range(1, 41)]
    answers: list[Any] = alive + [SILENCE] * 100
    with ScriptedInstrument(load_transcript("hmc8015"), {"CHAN1:MEAS:DATA?": answers}) as meter:
        file.write_text(file.read_text().replace("'TCPIP::$LG_HIL_BENCH::5025::SOCKET'", f"'{meter.resource}'"))
        return project.run("run", "long.feature:2", "--rig", "rigs/realtime.yaml", "--node", PROVIDER)


PLANS |= {
    lying_meters.plan_of(what): partial(lying_meters.run, what) for what in (*lying_meters.LIES, *lying_meters.COMMANDS)
}
PLANS |= {cell.plan: partial(fault_matrix.run, cell) for cell in (*fault_matrix.HEALTHY, *fault_matrix.CELLS)}


SEEDED = """\
Feature: A bench of which a contactor fails
  Scenario: K1 is welded with a socket under test
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the first payment has been accepted
    And relay K1 welds shut, as a seeded fault
    And the session has ended
    Then at most 0.1 Wh flowed unpaid
  Scenario: K1 is welded with a cable under test
    Given the cable is under test in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And relay K1 welds shut, as a seeded fault
    And 5 s have passed
    Then at most 0.1 Wh flowed unpaid
  Scenario: K2 is welded
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And relay K2 welds shut, as a seeded fault
    And the cable is pulled out of the socket
    Then the outlet was dead within 200 ms of the unplugging
  Scenario: K3 is welded
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And relay K3 welds shut, as a seeded fault
    And the supply of the socket fails for 5 s
    Then no power flowed
  Scenario: K1 ignores its coil
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And relay K1 ignores its coil, as a seeded fault
    And the mains ahead of the socket's contact are interrupted for 1 s
    Then no power flowed
  Scenario: The contact of the socket is welded
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the first payment has been accepted
    And the socket's own contact welds shut, as a seeded fault
    And 60 s have passed
    Then at most 0.1 Wh flowed unpaid
"""

MIRRORS = "    mirror_contacts: {K1: 0, K2: 1, K3: 2, K4: 3}\n"


def _seeded(project: Project, name: str, rig: str = "rigs/virtual.yaml") -> Finished:
    return project.run("run", f"seeded.feature::{name}", "--rig", rig, "--node", PROVIDER, "--seed", SEED)


@plan
def welded(folder: Path) -> list[Finished]:
    """A contactor that does not open any more; the next run, the clearing, and the run after that."""
    project = Project.make(folder)
    (project.folder / "seeded.feature").write_text(SEEDED)
    broken = _seeded(project, "K1 is welded with a socket under test")
    lock = (project.folder / "reports/locks/virtual.json").read_text()
    (project.folder / "lock.txt").write_text(lock)
    return [
        broken,
        project.run("run", FIRST_BOOT, "--node", PROVIDER, "--seed", SEED),
        project.run("rig", "clear", "rigs/virtual.yaml"),
        project.run("run", FIRST_BOOT, "--node", PROVIDER, "--seed", SEED),
    ]


@plan
def seeded(folder: Path) -> dict[str, Finished]:
    """Contactors and a contact that fail on a bench without mirror contacts."""
    outcomes = {}
    for part, name in {
        "K1": "K1 is welded with a cable under test",
        "K2": "K2 is welded",
        "K3": "K3 is welded",
        "deaf K1": "K1 ignores its coil",
        "socket": "The contact of the socket is welded",
    }.items():
        project = Project.make(folder / part.replace(" ", "-"))
        (project.folder / "seeded.feature").write_text(SEEDED)
        outcomes[part] = _seeded(project, name, project.rig("plain.yaml", (MIRRORS, "")))
    return outcomes

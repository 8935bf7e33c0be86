"""Runs with devices that are programs of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from hil.protocol.payment.account import Account
from hil.qualify.catalogue import load, patched
from hil.tests.acceptance.commands import ROOT, Finished, Project
from hil.tests.acceptance.plans import PROVIDER, SEED, plan

WRAPPED = f"[env, 'PYTHONPATH={ROOT}', '{sys.executable}', -m, hil.cli.main, device, lockstep]"
"""The reference firmware as a program that speaks the lockstep device protocol."""

FOREIGN = ROOT / "hil/tests/devices/foreign"

COMPILERS = ("cc", "node")
"""What the devices in other languages need, besides libsecp256k1 and libcrypto."""

CRASHES = """\
#!/bin/sh
# Boots, says who it is, and crashes when the first bytes come.
while read -r at time voltage current power energy contact plug event rest; do
  [ "$at" = at ] || continue
  case $event in
    power-on) echo "identity crashing socket 0.9" ;;
    link) echo "stack smashed at $time" >&2; exit 9 ;;
  esac
  echo "until never"
done
"""

ON_PORTS = """\
#!/bin/sh
# A program on serial ports: says who it is, and ends in the middle of its work.
printf 'identity program on ports 0.9\\r\\n' >"$2"
read -r profile
head -c 5 <"$1" >/dev/null
echo "no more fuel" >&2
exit 9
"""

TWO = """\
Feature: A device that fails, and one that does not
  Scenario: The socket fails
    Given the socket is under test in single-fee mode
    And the load draws 1000 W
    When the devices are switched on
    And the first payment has been accepted
    Then no power flowed before the first payment was accepted

  Scenario: The cable does not
    Given the cable is under test in single-fee mode
    And the load draws 1000 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the first payment has been accepted
    Then no power flowed before the first payment was accepted
"""


def _with(project: Project, name: str, socket: str, cable: str = "", *, original: str = "virtual") -> str:
    """Write a copy of a rig file whose devices have these commands; return its path in the project."""
    text = (project.folder / f"rigs/{original}.yaml").read_text(encoding="utf-8")
    for role, command in (("socket", socket), ("cable", cable)):
        serial = f"        serial: {original}-{role}\n"
        assert text.count(serial) == 1
        text = text.replace(serial, f"{serial}        command: {command}\n" if command else serial)
    (project.folder / "rigs" / name).write_text(text, encoding="utf-8")
    return f"rigs/{name}"


def _script(project: Project, name: str, text: str) -> None:
    path = project.folder / "rigs" / name
    path.write_text(text)
    path.chmod(0o755)


@plan
def wrapped_devices(folder: Path) -> Finished:
    """Both devices outside of the bench, in each set-up."""
    project = Project.make(folder)
    rig = _with(project, "wrapped.yaml", WRAPPED, WRAPPED)
    features = ("features/toast.feature", "features/pair.feature")
    return project.run(
        "run", *features, "-m", "core", "-k", "slice or supply", "--rig", rig, "--node", PROVIDER, "--seed", SEED
    )


def _build_socket(project: Project, firmware: int = 1, *, source: Path = FOREIGN / "socket.c") -> str:
    """Compile a version of the socket in C; return its command."""
    name = f"socket-{firmware}"
    flags = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", f"-DFIRMWARE={firmware}", "-lsecp256k1", "-lcrypto")
    built = str(project.folder / "rigs" / name)
    subprocess.run([str(shutil.which("cc")), "-o", built, str(source), *flags], check=True)
    return f"[./{name}]"


def _versions(first: str, other: str) -> str:
    """Return what stands behind ``command:`` for a device with two versions of its firmware."""
    return f"{first}\n        other_firmware: {other}"


@plan
def foreign_devices(folder: Path) -> Finished:
    """A socket in C and a cable in JavaScript, both written from SPEC alone, in each set-up."""
    project = Project.make(folder)
    rig = _with(project, "foreign.yaml", _build_socket(project), f"[node, '{FOREIGN / 'cable.js'}']")
    return project.run("run", "features", "-m", "core", "--rig", rig, "--node", PROVIDER, "--seed", SEED, timeout=600)


@plan
def foreign_at_limits(folder: Path) -> Finished:
    """The same: large coins, twenty minutes in which nothing happens, and meters whose register comes to its end."""
    project = Project.make(folder)
    rig = _with(project, "foreign.yaml", _build_socket(project), f"[node, '{FOREIGN / 'cable.js'}']")
    features = (f"features/{name}.feature" for name in ("funds", "idling", "metering"))
    chosen = (*features, "-k", "reckons or minutes or register")
    return project.run("run", *chosen, "--rig", rig, "--node", PROVIDER, "--seed", SEED, timeout=600)


WATCHED = """\
Feature: What a program takes
  Scenario Outline: The program of the <device> is watched
    Given the <device> is under test in single-fee mode
    And the load draws 1800 W
    And the cable pays for at most 120 payments
    And the cable's coins are worth 15 mBTC
    When the devices are switched on
    And the first payment has been accepted
    And the lab meter is read once every 10 s from now on
    And 10 min have passed
    And the program of the <device> is watched from now on
    And 18 min have passed
    Then the program of the <device> grew by at most 2 MiB, 0 descriptors and 0 threads

    Examples:
      | device |
      | socket |
      | cable  |
"""
"""As the hour in features/soak.feature, but shorter."""

LEAKS = ("c-socket-leaks-memory", "c-socket-leaks-descriptors")


@plan
def watched_programs(folder: Path) -> dict[str, Finished]:
    """The socket in C as it should be with the cable in JavaScript, the socket with each leak, and the reference."""
    defects = {defect.id: defect for _, defect in load(ROOT)}

    def watched(name: str) -> Finished:
        project = Project.make(folder / name)
        (project.folder / "watched.feature").write_text(WATCHED, encoding="utf-8")
        rig = "rigs/virtual.yaml"
        if name in LEAKS:
            source = project.folder / "rigs/leaking.c"
            source.write_text(patched(defects[name], ROOT), encoding="utf-8")
            rig = _with(project, "watched.yaml", _build_socket(project, source=source))
        elif name == "good":
            rig = _with(project, "watched.yaml", _build_socket(project), f"[node, '{FOREIGN / 'cable.js'}']")
        return project.run("run", "watched.feature", "--rig", rig, "--node", PROVIDER, "--seed", SEED)

    return {name: watched(name) for name in ("good", "reference", *LEAKS)}


@plan
def foreign_storages(folder: Path) -> Finished:
    """The same with storages that are full, read-only and torn."""
    project = Project.make(folder)
    rig = _with(project, "foreign.yaml", _build_socket(project), f"[node, '{FOREIGN / 'cable.js'}']")
    return project.run("run", "features/storage.feature", "--rig", rig, "--node", PROVIDER, "--seed", SEED)


@plan
def set_calendars(folder: Path) -> Finished:
    """The same with calendars that are set back and forth."""
    project = Project.make(folder)
    rig = _with(project, "foreign.yaml", _build_socket(project), f"[node, '{FOREIGN / 'cable.js'}']")
    return project.run("run", "features/calendar.feature", "--rig", rig, "--node", PROVIDER, "--seed", SEED)


@plan
def two_versions(folder: Path) -> Finished:
    """Devices in other languages that get a newer firmware and their first one again in mid-session."""
    project = Project.make(folder)
    socket = _versions(_build_socket(project), _build_socket(project, 2))
    cable = _versions(f"[node, '{FOREIGN / 'cable.js'}']", f"[node, '{FOREIGN / 'cable.js'}', '2']")
    rig = _with(project, "versions.yaml", socket, cable)
    return project.run("run", "features/firmware.feature", "--rig", rig, "--node", PROVIDER, "--seed", SEED)


@plan
def forgetful_version(folder: Path) -> Finished:
    """A first version of the socket in C that takes a session of the newer one for none, and begins anew."""
    project = Project.make(folder)
    text = (FOREIGN / "socket.c").read_text(encoding="utf-8")
    stops = "    dev.damaged = dev.damaged || !good;\n    return good;\n"
    assert text.count(stops) == 1
    source = project.folder / "forgetful.c"
    source.write_text(text.replace(stops, "    return good;\n"), encoding="utf-8")
    socket = _versions(_build_socket(project, source=source), _build_socket(project, 2))
    rig = _with(project, "versions.yaml", socket)
    return project.run("run", "features/firmware.feature:26", "--rig", rig, "--node", PROVIDER, "--seed", SEED)


@plan
def foreign_in_real_time(folder: Path) -> Finished:
    """The same on the wall clock."""
    project = Project.make(folder)
    cable = f"[node, '{FOREIGN / 'cable.js'}']"
    rig = _with(project, "foreign.yaml", _build_socket(project), cable, original="realtime")
    features = ("features/smoke.feature:22", "features/smoke.feature:35")
    return project.run("run", *features, "--rig", rig, "--node", PROVIDER, "--seed", SEED)


@plan
def crashing_device(folder: Path) -> Finished:
    """A socket that crashes in virtual time, and a scenario after that."""
    project = Project.make(folder)
    _script(project, "crashes.sh", CRASHES)
    (project.folder / "two.feature").write_text(TWO)
    rig = _with(project, "crashes.yaml", "[./crashes.sh]")
    return project.run("run", "two.feature", "--rig", rig, "--node", PROVIDER, "--seed", SEED)


@plan
def crashing_in_real_time(folder: Path) -> Finished:
    """The same socket on the wall clock."""
    project = Project.make(folder)
    _script(project, "crashes.sh", CRASHES)
    (project.folder / "two.feature").write_text(TWO)
    rig = _with(project, "crashes.yaml", "[./crashes.sh]", original="realtime")
    return project.run("run", "two.feature", "--rig", rig, "--node", PROVIDER, "--seed", SEED)


@plan
def crashing_on_ports(folder: Path) -> Finished:
    """A socket on serial ports that ends by itself."""
    project = Project.make(folder)
    _script(project, "ports.sh", ON_PORTS)
    (project.folder / "two.feature").write_text(TWO)
    rig = _with(project, "ports.yaml", "[./ports.sh, '{link}', '{console}']", original="realtime")
    return project.run("run", "two.feature", "--rig", rig, "--node", PROVIDER, "--seed", SEED)


SLEEPS = """\
#!/bin/sh
while read -r at rest; do [ "$at" != at ] || echo "until never"; done
"""

OWN_ACCOUNT = bytes(range(32))

OWN_COINS = """\
Feature: Coins of a cable that keeps its keys to itself
  Scenario: It is paid where the rig file says
    Given the cable is under test in single-fee mode
    And the load draws 1000 W
    When the devices are switched on
    And 20 s have passed
    Then no power flowed before the first payment was accepted

  Scenario: It takes no other type of coins
    Given the cable is under test in single-fee mode
    And the cable's coins are of type P2PKH
    And the load draws 1000 W
    When the devices are switched on
    And 20 s have passed
    Then no power flowed before the first payment was accepted
"""


@plan
def coins_to_an_address(folder: Path) -> Finished:
    """A cable whose coins go to an extended public key that the rig file names."""
    project = Project.make(folder)
    (project.folder / "coins.feature").write_text(OWN_COINS)
    _script(project, "sleeps.sh", SLEEPS)
    own = f"[./sleeps.sh]\n        coins_to: {Account(OWN_ACCOUNT).public}"
    rig = _with(project, "coins.yaml", "", own)
    return project.run("run", "coins.feature", "--rig", rig, "--node", PROVIDER, "--seed", SEED)


@plan
def wrong_commands(folder: Path) -> Finished:
    """Commands that cannot be, found at the desk."""
    project = Project.make(folder)
    (project.folder / "rigs/plain.txt").write_text("no program\n")
    rig = _with(project, "wrong.yaml", "[./no-such-program]", "[./plain.txt, '{lnk}', '{meter}']")
    return project.run("check", "--rig", rig)

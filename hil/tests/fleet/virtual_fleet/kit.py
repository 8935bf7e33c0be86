"""What tests of fleets share: a laboratory, labgrid's client, our commands, a program that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from shutil import copytree

from hil.fleet.virtual_fleet.programs import wait_until
from hil.fleet.virtual_fleet.up_and_down import Fleet

ROOT = Path(__file__).parents[4]
TIMEOUT_S = 120.0

Done = subprocess.CompletedProcess[str]


def new_laboratory(root: Path) -> Path:
    """Make a laboratory with the project's rig files at ``root``; return its rig file for a fleet."""
    copytree(ROOT / "rigs", root / "rigs")
    (root / "features").mkdir()
    return root / "rigs/fleet.yaml"


def labgrid(fleet: Fleet, *words: str) -> str:
    """Run labgrid's own client at the fleet's coordinator; return what it printed."""
    command = [sys.executable, "-m", "labgrid.remote.client", "-x", fleet.coordinator, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def hil(root: Path, *words: str, **environment: str) -> Done:
    """Run ``hil`` in a laboratory, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "hil.cli.main", *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def kill(fleet: Fleet, name: str) -> None:
    """Kill -9 a program of the fleet; return when it has ended."""
    program = next(program for program in fleet.programs if program.name == name)
    os.kill(program.pid, signal.SIGKILL)
    assert wait_until(lambda: not program.runs(), 10.0)

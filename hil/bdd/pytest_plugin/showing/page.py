"""``--live``: starts the live page beside the run, and tells its address once.

The page is a process of its own, which outlives the run: a person may look at its end for as long as the page is open.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

import select
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from hil.bdd.pytest_plugin.showing.bench_status import STATUS, BenchStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hil.scenario.run import Run

PAGE = pytest.StashKey[str]()
"""The line that tells where the page is."""

_DETACHED: Final = ("setsid", "--fork")
"""The page is no child of this process, which has neither to watch it nor to end it; Debian has this everywhere."""

START_S: Final = 10.0
"""Longest wall time until the page tells its address; it takes less than half a second."""

UNVIEWED_S: Final = 60.0
"""After the end of the run and without a viewer, the page ends by itself."""


def show(config: pytest.Config, run: Run, scenarios: Sequence[pytest.Item]) -> None:
    """Tell the live page of this run from now on, and start one if that was asked for."""
    config.stash[STATUS] = BenchStatus(config, run, scenarios)
    if config.getoption("live"):
        config.stash[PAGE] = start_page(run.root, run.folder)


def start_page(root: Path, folder: Path) -> str:
    """Start the page of the run in ``folder``; return the line that tells its address, or why there is none."""
    command = [*_DETACHED, sys.executable, "-m", "hil.cli.main", "live", str(folder), "--end-after", f"{UNVIEWED_S:g}"]
    try:
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=root
        ) as starter:
            told = starter.stdout
            ready = told is not None and select.select([told], [], [], START_S)[0]
            said = told.readline().decode(errors="replace").strip() if told is not None and ready else ""
    except OSError as error:
        said = str(error)
    return said if said.startswith("live page: ") else f"live page: it does not start ({said or 'it says nothing'})"

"""How long the commands take to start, beside pytest, which collects an empty file."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hil.clock import stopwatch

ROUNDS = 7
"""The commands take turns, so that a machine that is busy for a moment does not spoil one of them alone."""

TIMEOUT_S = 60.0

FEATURE = "features/toast.feature"


def measure(root: Path) -> dict[str, Any]:
    """Return ``start_up``: for each command the median of seconds (``wall_s``) and processor seconds (``cpu_s``).

    ``check_to_pytest`` is the median ratio of the processor times of ``hil check`` with one feature file and of
    ``pytest --collect-only`` with an empty file, each pair measured one right after the other.

    :param root: folder of the project.
    :raises SystemExit: a command ends with a code that it should not have.
    """
    hil = [sys.executable, "-m", "hil.cli.main"]
    found: dict[str, list[tuple[float, float]]] = {"help": [], "check": [], "pytest": []}
    with tempfile.TemporaryDirectory() as empty:
        Path(empty, "test_empty.py").touch()
        commands: dict[str, tuple[list[str], Path, int]] = {
            "help": ([*hil, "--help"], root, 0),
            "check": ([*hil, "check", FEATURE], root, 0),
            # its code for "no tests collected"
            "pytest": ([sys.executable, "-m", "pytest", "--collect-only", "-q", "test_empty.py"], Path(empty), 5),
        }
        for number in range(ROUNDS + 1):
            for name, command in commands.items():
                seconds = _time(*command)
                if number:  # the first round fills the caches
                    found[name].append(seconds)
    ratios = [check[1] / collect[1] for check, collect in zip(found["check"], found["pytest"], strict=True)]
    figures: dict[str, Any] = {
        name: {
            "wall_s": round(statistics.median(wall for wall, _ in each), 3),
            "cpu_s": round(statistics.median(cpu for _, cpu in each), 3),
        }
        for name, each in found.items()
    }
    return {"start_up": {**figures, "check_to_pytest": round(statistics.median(ratios), 2)}}


def _time(command: list[str], folder: Path, code: int) -> tuple[float, float]:
    """Run a command and return the seconds and the processor seconds that it took."""
    before, elapsed = resource.getrusage(resource.RUSAGE_CHILDREN), stopwatch()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    wall, after = elapsed(), resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != code:
        raise SystemExit(f"{' '.join(command)} ended with code {done.returncode}\n{done.stderr[-3000:]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

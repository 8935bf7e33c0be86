"""labgrid's coordinator under load, on a small scale: every worker has a place once, and the figures are there."""

from __future__ import annotations

import subprocess
import sys


def test_twice_as_many_workers_as_places_all_have_one_in_turn() -> None:
    command = [sys.executable, "-m", "hil.perf.coordinator.load", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    places, workers, connect, _, acquire, *_ = done.stdout.splitlines()[-1].split()
    assert (places, workers) == ("2", "4")
    assert float(connect) >= 0.0
    assert float(acquire) >= 0.0

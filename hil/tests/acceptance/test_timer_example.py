"""The example laboratory docs/examples/timer-socket with the installed wheel: another kind of device on the rig."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hil.errors import ExitCode
from hil.tests.acceptance.commands import ROOT
from hil.tests.acceptance.installed import Laboratory

EXAMPLE = ROOT / "docs/examples/timer-socket"


@pytest.fixture
def timers(installed: Laboratory, tmp_path: Path) -> Laboratory:
    folder = tmp_path / "timers"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("reports", "__pycache__"))
    return Laboratory(folder, installed.python, installed.cache)


def test_a_timer_socket_passes_by_the_lab_meter_and_is_held_against_no_payment_protocol(timers: Laboratory) -> None:
    assert "0 mistakes" in timers.passes("check", "--rig", "rigs/virtual.yaml")
    assert "4 scenarios: 4 pass" in timers.passes("run", "--seed", "7")

    evidence = "".join(
        path.read_text("utf-8") for path in (timers.folder / "reports/runs/latest").glob("scenarios/*.jsonl")
    )
    assert '"invariants"' not in evidence
    assert '"text":"on 60"' in evidence
    assert "timer-socket 1.0" in (timers.folder / "reports/runs/latest/report.html").read_text("utf-8")


def test_a_timer_that_never_opens_fails_and_the_bench_is_made_safe(timers: Laboratory) -> None:
    done = timers.hil("run", "--seed", "7", "--rig", "rigs/sticky.yaml")

    assert done.returncode == ExitCode.DEVICE_FAILURE, done.stdout
    assert "2 pass, 2 fail" in done.stdout
    assert "time of delivery: not within" in done.stdout


def test_the_steps_of_the_payment_protocol_are_refused_for_it(timers: Laboratory) -> None:
    feature = (timers.folder / "features/timer.feature").read_text("utf-8")
    timers.write("features/timer.feature", feature.replace("And 75 s have passed", "And the session has ended"))

    done = timers.hil("check")

    assert done.returncode == ExitCode.AUTHOR_ERROR
    assert "a socket of another kind knows no sessions and no payments" in done.stdout

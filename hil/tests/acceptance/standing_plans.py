"""A bench that stands by itself, and a bench that is made safe by hand."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from hil.rig.virtual.environment import ADDRESS_VARIABLE
from hil.rig.virtual.process import VirtualBenchProcess
from hil.tests.acceptance.commands import (
    TIMEOUT,
    Finished,
    Helper,
    Project,
    environment,
    own_address,
    still_taken,
)
from hil.tests.acceptance.plans import plan

FOREIGN_CLIENTS = ("lxi", "mbpoll")
"""Of the Debian packages lxi-tools and mbpoll."""


@dataclass(frozen=True)
class StandingBench:
    """``hil vbench up``: its ready line, what foreign clients got, and how it ended."""

    ready: str
    answers: dict[str, subprocess.CompletedProcess[str]]
    code: int
    rest: str
    busy: list[tuple[str, int]]


@plan
def standing_bench(folder: Path) -> StandingBench:
    folder.mkdir()
    address = own_address(2)
    process = subprocess.Popen(
        [sys.executable, "-m", "hil.cli.main", "vbench", "up", "--address", address],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment({}),
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        ready = process.stdout.readline()
        by_vxi11 = ["lxi", "scpi", "--timeout", "5", "--address", address]
        scpi = [*by_vxi11, "--raw"]
        modbus = ["mbpoll", "-m", "tcp", "-p", "5020", "-t", "0", "-r", "1", "-o", "5"]
        questions = {
            "meter": [*scpi, "--port", "5025", "*IDN?"],
            "meter by VXI-11": [*by_vxi11, "*IDN?"],
            "load": [*scpi, "--port", "30000", "*IDN?"],
            "coils before": [*modbus, "-1", "-c", "4", address],
            "close K1": [*modbus, address, "1"],
            "coils after": [*modbus, "-1", "-c", "4", address],
        }
        answers = {
            name: subprocess.run(question, capture_output=True, text=True, timeout=TIMEOUT, check=False)
            for name, question in questions.items()
            if shutil.which(question[0])
        }
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=TIMEOUT)
    finally:
        process.kill()
        process.wait(timeout=5)
    helper = Helper(process.pid, 0, "", ("hil.vbench", "--address", address))
    busy = still_taken(helper.endpoints())
    return StandingBench(ready, answers, process.returncode, rest, busy)


@plan
def by_hand(folder: Path) -> list[Finished]:
    """``hil rig safe`` without and with a bench that stands, and a rig that must not give an acceptance."""
    project = Project.make(folder)
    bench = VirtualBenchProcess()
    try:
        alone = project.run("rig", "safe", "rigs/realtime.yaml")
        project.environment[ADDRESS_VARIABLE] = bench.address
        there = project.run("rig", "safe", "rigs/realtime.yaml")
    finally:
        bench.close()
    del project.environment[ADDRESS_VARIABLE]
    facts = "meter: {calibration: 'none: virtual'}"
    rig = project.rig("expired.yaml", (facts, "meter: {calibration: 'No. 7', due: 2001-01-01}"))
    return [alone, there, project.run("run", "features/toast.feature", "--rig", rig, "--acceptance")]

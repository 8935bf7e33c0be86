"""Kills at random instants: how long the bench then takes to be safe, by the true state of the virtual plant.

``python -m hil.perf.safe_state`` is the program that is killed: it has a watchdog as every run has, and
switches relays and load on and off. Both sides of the campaign work on one virtual bench on the wall clock, which
outlives each program; so what its contacts did can be asked after the kill.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labgrid import Environment

from hil.clock import WallClock, stopwatch
from hil.errors import RigFault
from hil.rig.config.rig_file import RigFile
from hil.rig.labgrid.protocols import load_driver, meter_driver
from hil.rig.labgrid.relays import CoilRelay
from hil.rig.safety.watchdog_client import WatchdogClient
from hil.rig.virtual.environment import ADDRESS_VARIABLE
from hil.rig.virtual.process import VirtualBenchProcess
from hil.units import Watt

KILLS = 200
AHEAD = 2
"""Programs that are started ahead: most of a program's life is importing."""

LATEST_S = 0.25
"""A kill comes at any instant up to so long after the program began to switch."""

ON_S = 0.03
"""For so long everything stays on, so that most kills find power flowing."""

SAFE_TIMEOUT_S = 10.0
LOOK_AGAIN_S = 0.001
LOAD_W = Watt(1300.0)
SWITCHED = ("K1", "K2", "K4")
"""K3 would start a device's program, if one were fitted."""


@dataclass(frozen=True)
class Kill:
    """One kill.

    :param was_live: whether power flowed at that instant.
    :param ms: until every contact was open and no power flowed, and the watchdog had read that back.
    """

    was_live: bool
    ms: float
    report: dict[str, Any]


class Program:
    """One program that will be killed: started, ready, and waiting for the word to begin."""

    def __init__(self, rig: Path, address: str, report: Path, *more: str, errors: int = subprocess.DEVNULL) -> None:
        self.report = report
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, "--rig", str(rig), "--address", address, "--report", str(report), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )

    def begin(self) -> None:
        """Let it switch; returns when it has begun. Raises RigFault if it ends before that."""
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("started with pipes")
        self.expect("ready")
        self._process.stdin.write(b"go\n")
        self._process.stdin.flush()
        self.expect("switching")

    @property
    def process(self) -> int:
        """Its process id, and that of its process group."""
        return self._process.pid

    def expect(self, word: str) -> None:
        """Wait for ``word`` as its next line; raises RigFault if it says something else or ends."""
        line = b"" if self._process.stdout is None else self._process.stdout.readline()
        if line.decode().strip() != word:
            raise RigFault(f"said '{line.decode().strip()}' where '{word}' was awaited", place="program to be killed")

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def kills(rig: Path, *, count: int = KILLS, seed: int = 1) -> Iterator[Kill]:
    """Kill ``count`` programs, each at a random instant; raises DeadlineExceeded if the bench does not become safe.

    :param rig: a rig file with a virtual bench on the wall clock.
    """
    chance = random.Random(seed)  # noqa: S311 - repeatable, and nothing to keep secret
    bench = VirtualBenchProcess()
    waiting: deque[Program] = deque()
    try:
        bench.reset(seed=str(seed), plant={}, devices={}, node=None, clock="wall")
        bench.plug("load")
        with tempfile.TemporaryDirectory(prefix="hil-kills-") as folder:
            for number in range(count):
                while len(waiting) < AHEAD and number + len(waiting) < count:
                    report = Path(folder) / f"{number + len(waiting)}.json"
                    waiting.append(Program(rig, bench.address, report))
                yield _kill(bench, waiting, chance.uniform(0.0, LATEST_S))
    finally:
        for program in waiting:
            program.close()
        bench.close()


def _kill(bench: VirtualBenchProcess, waiting: deque[Program], delay: float) -> Kill:
    clock = WallClock()
    program = waiting[0]
    program.begin()
    clock.sleep(delay)
    was_live = bench.ask({"op": "truth"})["power"] > 0
    elapsed = stopwatch()
    program.kill()

    def look_again() -> None:
        clock.call_at(clock.now() + LOOK_AGAIN_S, look_again)

    look_again()
    clock.wait_for(lambda: is_dead(bench), timeout=SAFE_TIMEOUT_S, what="a bench without power")
    dead_ms = elapsed() * 1000
    clock.wait_for(program.report.exists, timeout=SAFE_TIMEOUT_S, what="the watchdog's report")
    report: dict[str, Any] = json.loads(program.report.read_text(encoding="utf-8"))
    waiting.popleft().close()
    if not report["reached"] or not is_dead(bench):
        raise RigFault(f"the bench is not safe after a kill: {report}", place="safe state")
    return Kill(was_live, max(dead_ms, report["ms"]), report)


def is_dead(bench: VirtualBenchProcess) -> bool:
    """Tell whether all of K1 to K4 are truly open and no power flows."""
    truth = bench.ask({"op": "truth"})
    contacts = [contact["closed"] or contact["coil"] for name, contact in truth["contacts"].items() if name[0] == "K"]
    return not any(contacts) and truth["power"] == 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Be the program that is killed; never returns in good order."""
    parser = argparse.ArgumentParser(prog="hil.perf.safe_state", description="Switches until it is killed.")
    parser.add_argument("--rig", type=Path, required=True)
    parser.add_argument("--address", required=True)
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("--locks", type=Path)
    parser.add_argument("--steady", action="store_true", help="switch everything on once, then only live")
    parser.add_argument("--hang", action="store_true", help="likewise, and then give no more sign of life")
    options = parser.parse_args(arguments)
    os.environ[ADDRESS_VARIABLE] = options.address
    guard = WatchdogClient(
        RigFile.load(options.rig), address=options.address, report=options.report, locks=options.locks
    )
    target = Environment(config_file=str(options.rig)).get_target("main")
    load = load_driver(target).port
    relays = [CoilRelay(target.get_driver("DigitalOutputProtocol", name=name)) for name in SWITCHED]
    meter = meter_driver(target).port
    guard.wait_until_ready()
    _say("ready")
    sys.stdin.readline()
    guard.arm()
    meter.prepare()
    load.prepare()
    load.draw_power(LOAD_W)
    _say("switching")
    on, clock = True, WallClock()
    while True:
        for relay in relays:
            relay.set(closed=on)
        load.set_input(on=on)
        guard.beat()
        if options.steady or options.hang:
            break
        if on:
            clock.sleep(ON_S)
        on = not on
    _say("live")
    while not options.hang:
        clock.sleep(LATEST_S)
        guard.beat()
    sys.stdin.readline()
    return 0


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

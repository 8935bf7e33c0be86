"""A virtual fleet of real programs, each of which can be killed and started again just as it was."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pyModbusTCP.client import ModbusClient

from hil.errors import RigFault
from hil.fleet.coordinator import Coordinator
from hil.fleet.marks import IN, OUT, SERVICE
from hil.fleet.owner import Owner
from hil.fleet.states import PlaceState
from hil.fleet.virtual_fleet import Fleet, down, up
from hil.tests.acceptance.commands import Project, poll

RELAYS_PORT = 5020

READY = {"coordinator": "listening on", "exporter": "Exporter ready", "bench": '"ready": true'}
"""What a program says when it can be used, by the first word of its name."""


@dataclass
class Program:
    """How a program was started, and its process."""

    pid: int
    words: list[str]
    folder: str
    environment: dict[str, str]
    log: Path
    child: subprocess.Popen[bytes] | None = None
    """What was started here; None: the fleet itself has started it."""

    @classmethod
    def of(cls, pid: int, log: Path) -> Program:
        process = Path("/proc") / str(pid)
        lines = (process / "environ").read_bytes().decode().split("\0")
        environment = dict(line.split("=", 1) for line in lines if "=" in line)
        words = (process / "cmdline").read_bytes().decode().rstrip("\0").split("\0")
        return cls(pid, words, os.readlink(process / "cwd"), environment, log)

    @property
    def runs(self) -> bool:
        if self.child is not None:
            return self.child.poll() is None
        try:
            stat = (Path("/proc") / str(self.pid) / "stat").read_text()
        except OSError:
            return False
        return stat.rpartition(")")[2].split()[0] not in "ZX"

    def kill(self) -> None:
        if self.runs:
            os.kill(self.pid, signal.SIGKILL)
            poll(lambda: not self.runs, f"the end of {self.words[-1]}")

    def start_until(self, ready: str) -> None:
        """Start it until it stays: an exporter whose coordinator has just started may end once more."""

        def starts() -> bool:
            self.start(ready)
            return self.runs

        poll(starts, self.words[-1])

    def start(self, ready: str) -> None:
        """Start it again, unless it runs, and wait until it is ready."""
        if self.runs:
            return
        with self.log.open("wb") as log:
            self.child = subprocess.Popen(
                self.words, executable=sys.executable, cwd=self.folder, env=self.environment, stdout=log, stderr=log
            )
        self.pid = self.child.pid
        poll(lambda: ready in self.log.read_text(errors="replace") or not self.runs, f"{self.words[-1]} to be ready")


@dataclass
class StruckFleet:
    """A fleet with a project that runs on it. :ivar client: looks at the coordinator, and holds nothing."""

    project: Project
    fleet: Fleet
    client: Coordinator
    programs: dict[str, Program] = field(default_factory=dict)

    def kill(self, name: str) -> None:
        self.programs[name].kill()

    def repair(self) -> None:
        """Start what does not run, as systemd would; an exporter ends with its coordinator."""
        for kind, ready in READY.items():
            for name, program in self.programs.items():
                if name.startswith(kind):
                    program.start_until(ready)
        poll(lambda: self.places() and not any(place.absent for place in self.places().values()), "every exporter")

    def places(self) -> dict[str, PlaceState]:
        """Return the places; none while the coordinator is away."""
        with contextlib.suppress(RigFault):
            return self.client.places()
        return {}

    def held(self) -> dict[str, str]:
        """Return who holds places, by place."""
        return {name: place.owner for name, place in self.places().items() if place.owner}

    def out_of_service(self) -> dict[str, str]:
        """Return the comments of places that are out of service."""
        return {name: each.comment for name, each in self.places().items() if each.tags.get(SERVICE) == OUT}

    def closed_relays(self) -> list[str]:
        """Return the relays that are not open, as each bench's board reads them back."""
        closed = []
        for name, address in self.fleet.benches.items():
            board = ModbusClient(host=address, port=RELAYS_PORT, auto_open=True, auto_close=True, timeout=5.0)
            states = board.read_coils(0, 4)
            closed += [f"{name} does not answer"] if states is None else []
            closed += [f"{name} K{number}" for number, closed_now in enumerate(states or [], 1) if closed_now]
        return closed

    def mend(self) -> None:
        """Do what a person does after a look: every place is in service again, and no rig is locked."""
        for name in self.out_of_service():
            self.client.tag(name, {SERVICE: IN})
            self.client.comment(name, "")
        for lock in (self.project.folder / "reports/locks").glob("*.json"):
            lock.unlink()

    def close(self) -> None:
        self.client.close()
        down(self.project.folder)
        for program in self.programs.values():
            if program.child is not None:
                program.child.wait(10)


@contextlib.contextmanager
def struck_fleet(folder: Path, rigs: int) -> Iterator[StruckFleet]:
    """Start a fleet of so many rigs for a project in ``folder``; everything is ended afterwards."""
    project = Project.make(folder)
    fleet = up(folder, rigs, folder / "rigs/fleet.yaml")
    project.environment["LG_COORDINATOR"] = fleet.coordinator
    struck = StruckFleet(project, fleet, Coordinator(fleet.coordinator, Owner.new_job()))
    try:
        for program in fleet.programs:
            struck.programs[program.name] = Program.of(program.pid, Path(program.log))
        yield struck
    finally:
        struck.close()

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

from hil.errors import RigFault
from hil.fleet.coordinator import Coordinator
from hil.fleet.marks import IN, OUT, SERVICE
from hil.fleet.owner import Owner
from hil.fleet.states import PlaceState
from hil.fleet.virtual_fleet import Fleet, down, up
from hil.tests.acceptance.commands import Project, poll
from hil.tests.fleet.network.open_relays import not_open, not_open_there
from hil.tests.fleet.network.rig_network import RigNetwork

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
            self.child = subprocess.Popen(self.words, cwd=self.folder, env=self.environment, stdout=log, stderr=log)
        self.pid = self.child.pid
        poll(lambda: ready in self.log.read_text(errors="replace") or not self.runs, f"{self.words[-1]} to be ready")


@dataclass
class StruckFleet:
    """A fleet with a project that runs on it. :ivar client: looks at the coordinator, and holds nothing."""

    project: Project
    fleet: Fleet
    client: Coordinator
    programs: dict[str, Program] = field(default_factory=dict)
    far: str = ""
    """Name of the rig that has a network namespace of its own; empty: none has."""
    network: RigNetwork | None = None
    """Of that rig."""

    def kill(self, name: str) -> None:
        self.programs[name].kill()

    def cut(self) -> None:
        """Cut the network to the rig that has one of its own."""
        if self.network is not None:
            self.network.cut()

    def repair(self) -> None:
        """Join what was cut, and start what does not run, as systemd would; an exporter ends with its coordinator."""
        if self.network is not None:
            self.network.join()
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
        """Return the relays that are not open, as each bench's board reads them back, also behind a cut cable."""
        closed = []
        for name, address in self.fleet.benches.items():
            told = not_open_there(self.network) if name == self.far and self.network is not None else not_open(address)
            closed += [f"{name} {each}" for each in told]
        return closed

    def send_away(self, name: str, network: RigNetwork) -> None:
        """Let the bench and the exporter of a rig run in a network namespace of their own from now on."""
        for kind in ("exporter", "bench"):
            program = self.programs[f"{kind} {name}"]
            program.kill()
            program.words = network.inside([sys.executable, *program.words[1:]])
        self.far, self.network = name, network
        self.repair()

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
def struck_fleet(folder: Path, rigs: int, *, network: bool = False) -> Iterator[StruckFleet]:
    """Start a fleet of so many rigs for a project in ``folder``; everything is ended afterwards.

    :param network: whether the last rig gets a network namespace of its own, behind a cable that can be cut.
    """
    project = Project.make(folder)
    fleet = up(folder, rigs, folder / "rigs/fleet.yaml")
    project.environment["LG_COORDINATOR"] = fleet.coordinator
    if network:  # a node in Docker is on another network
        project.environment["NODE"] = "native"
    struck = StruckFleet(project, fleet, Coordinator(fleet.coordinator, Owner.new_job()))
    try:
        for program in fleet.programs:
            struck.programs[program.name] = Program.of(program.pid, Path(program.log))
        if not network:
            yield struck
            return
        far, address = list(fleet.benches.items())[-1]
        with RigNetwork.made(address) as cable:
            struck.send_away(far, cable)
            yield struck
    finally:
        struck.close()

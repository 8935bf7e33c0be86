"""labgrid's own coordinator and exporters as programs, on a loopback address of their own, for the tests of a fleet."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from hil.errors import RigFault
from hil.fleet.coordinator import Coordinator
from hil.fleet.owner import Owner
from hil.rig.virtual.process import loopback_address
from hil.tests.acceptance.commands import poll

PROGRAMS = Path(sys.executable).parent
PORT = 20408
PARTS = ("meter", "load")
"""What each exporter offers here: enough to be reserved, acquired and looked for."""


@dataclass
class RealFleet:
    """A coordinator and one exporter for each place; each can be killed and started again."""

    folder: Path
    address: str
    programs: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _logs: list[IO[bytes]] = field(default_factory=list)

    @property
    def target(self) -> str:
        """The coordinator's address, as ``LG_COORDINATOR`` names it."""
        return f"{self.address}:{PORT}"

    def start_coordinator(self) -> None:
        self._start("coordinator", str(PROGRAMS / "labgrid-coordinator"), "-l", self.target)
        with self.client() as client:
            poll(lambda: self._answers(client), "the coordinator")

    def start_exporter(self, name: str) -> None:
        """Offer the parts of a rig ``name``."""
        configuration = self.folder / f"{name}.yaml"
        lines = [f"  {part}: {{cls: VisaInstrument, resource: 'TCPIP::{self.address}::1::SOCKET'}}" for part in PARTS]
        configuration.write_text("\n".join(["rig:", *lines, ""]), encoding="utf-8")
        program = str(PROGRAMS / "labgrid-exporter")
        self._start(name, program, "-c", self.target, "-n", name, "--hostname", "localhost", str(configuration))

    def add_place(self, name: str, tags: Mapping[str, str]) -> None:
        """Make a place of the exporter's parts, and wait until they are there."""
        from labgrid.remote.generated import labgrid_coordinator_pb2 as messages

        self.start_exporter(name)
        with self.client() as client:
            client._call("AddPlace", messages.AddPlaceRequest(name=name))
            for part in PARTS:
                pattern = f"{name}/rig/*/{part}"
                client._call("AddPlaceMatch", messages.AddPlaceMatchRequest(placename=name, pattern=pattern))
            client.tag(name, tags)
            poll(lambda: not client.places()[name].absent, f"the parts of {name}")

    def client(self, owner: Owner | None = None) -> Coordinator:
        return Coordinator(self.target, owner or Owner.new_job())

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """End a program and wait for its end."""
        program = self.programs.pop(name)
        program.send_signal(number)
        program.wait(20)

    def close(self) -> None:
        for name in list(self.programs):
            self.kill(name)
        for log in self._logs:
            log.close()

    def _start(self, name: str, *command: str) -> None:
        log = (self.folder / f"{name}.txt").open("ab")
        self._logs.append(log)
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self.programs[name] = subprocess.Popen(
            command, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT, env=environment
        )

    @staticmethod
    def _answers(client: Coordinator) -> bool:
        with contextlib.suppress(RigFault):
            client.places()
            return True
        return False


@contextlib.contextmanager
def real_fleet(folder: Path, number: int = 0) -> Iterator[RealFleet]:
    """Start a coordinator without places; everything is ended afterwards."""
    fleet = RealFleet(folder, loopback_address(number))
    try:
        fleet.start_coordinator()
        yield fleet
    finally:
        fleet.close()

"""What clients from their own packages get from a standing virtual bench, alone and through our rig files."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from RsInstrument import RsInstrument
from RsInstrument.Internal.InstrumentErrors import StatusException

from hil.rig.virtual.environment import ADDRESS_VARIABLE
from hil.tests.acceptance.commands import TIMEOUT, Finished, Project, environment, own_address, poll
from hil.tests.acceptance.plans import PROVIDER, plan

Answer = subprocess.CompletedProcess[str]

PROGRAMS = Path(sys.executable).parent
"""Where the environment's own labgrid-client, labgrid-exporter, labgrid-coordinator and pyvisa-shell are."""

COORDINATOR = 20408
SERIAL_SERVER = 7100
PLUGS = ("--plug", "socket-link=cable-link", "--plug", "socket-console")


@contextmanager
def running(command: Sequence[str], folder: Path, said: str, more: Mapping[str, str] | None = None) -> Iterator[Path]:
    """Run a program in ``folder`` with its output in the file ``said`` there; it is ended afterwards."""
    output = folder / said
    with output.open("wb") as stream:
        process = subprocess.Popen(
            command, cwd=folder, stdout=stream, stderr=subprocess.STDOUT, env=environment(more or {})
        )
    try:
        yield output
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=5)


@contextmanager
def standing(folder: Path, address: str, *options: str) -> Iterator[dict[str, Any]]:
    """``hil vbench up``; give its ready line."""
    command = [sys.executable, "-m", "hil.cli.main", "vbench", "up", "--address", address, *options]
    with running(command, folder, "bench.txt") as said:
        line = poll(lambda: said.read_text().partition("\n")[0], "the bench's ready line")
        ready: dict[str, Any] = json.loads(line)
        yield ready


def ask(*command: str, folder: Path, given: str = "", more: Mapping[str, str] | None = None) -> Answer:
    """Run a foreign client to its end."""
    return subprocess.run(
        command,
        input=given,
        cwd=folder,
        env=environment(more or {}),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


# --- VISA ------------------------------------------------------------------------------------------------------------

SHELL = """\
open TCPIP::{address}::5025::SOCKET
termchar LF LF
query *IDN?
write CHAN1:MEAS:FUNC URMS,IRMS,P
query CHAN1:MEAS:FUNC?
query SYST:ERR?
close
exit
"""


@dataclass(frozen=True)
class VisaClients:
    """What pyvisa-shell printed, and what RsInstrument read by each of its two ways to a socket."""

    shell: Answer
    driver: dict[str, list[str]]


@plan
def visa_clients(folder: Path) -> VisaClients:
    folder.mkdir()
    address = own_address(8)
    with standing(folder, address):
        shell = ask(str(PROGRAMS / "pyvisa-shell"), "-b", "py", folder=folder, given=SHELL.format(address=address))
        ways = ("SelectVisa='socket'", "SelectVisa='@py'")
        return VisaClients(shell, {way: _converse(f"TCPIP::{address}::5025::SOCKET", way) for way in ways})


def _converse(resource: str, way: str) -> list[str]:
    """Identity, a reset with its own waiting, a setting with *OPC by status, and a mistake that it must find out."""
    instrument = RsInstrument(resource, True, True, way)
    try:
        instrument.write_str_with_opc("CHAN1:MEAS:FUNC URMS,IRMS,P,WH")
        told = [instrument.idn_string, instrument.query_str("CHAN1:MEAS:FUNC?")]
        try:
            instrument.write_str("CHAN1:NONSENSE 1")
        except StatusException as error:
            told.append(str(error))
        return told
    finally:
        instrument.close()


# --- labgrid ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LabgridPlace:
    """A place over a standing bench: what labgrid-client did with it, and our own commands on the rig file."""

    client: dict[str, Answer] = field(default_factory=dict)
    commands: dict[str, Finished] = field(default_factory=dict)


@plan
def labgrid_place(folder: Path) -> LabgridPlace:
    address = own_address(9)
    coordinator = f"{address}:{COORDINATOR}"
    project = Project.make(folder, LG_COORDINATOR=coordinator)
    more = {"LG_COORDINATOR": coordinator, ADDRESS_VARIABLE: address}
    found = LabgridPlace()

    def client(name: str, *words: str) -> Answer:
        found.client[name] = ask(str(PROGRAMS / "labgrid-client"), *words, folder=project.folder, more=more)
        return found.client[name]

    def at_bench(name: str, *words: str) -> Answer:
        return client(name, "-p", "bench", *words)

    with ExitStack() as stack:
        stack.enter_context(standing(folder, address, *PLUGS))
        stack.enter_context(
            running([str(PROGRAMS / "labgrid-coordinator"), "-l", coordinator], folder, "coordinator.txt")
        )
        poll(lambda: client("places", "places").returncode == 0, "the coordinator")
        exporter = [str(PROGRAMS / "labgrid-exporter"), "-c", coordinator, "-n", "lab", "--hostname", "localhost"]
        stack.enter_context(
            running([*exporter, "rigs/laboratory/exporters/virtual-bench.yaml"], folder, "exporter.txt", more)
        )
        poll(lambda: "cable-console" in client("resources", "-v", "resources").stdout, "the exporter's last resource")
        at_bench("create", "create")
        at_bench("add-match", "add-match", "lab/bench/*")
        found.commands["not acquired"] = project.run("rig", "safe", "rigs/remote.yaml")
        found.commands["looked at before"] = project.run("doctor", "--rig", "rigs/remote.yaml")
        at_bench("acquire", "acquire")
        found.commands["looked at"] = project.run("doctor", "--rig", "rigs/remote.yaml", "--format", "json")
        rig = ("-c", "rigs/remote.yaml")
        at_bench("armed", *rig, "-s", "armed", "io", "get", "K2")
        at_bench("K1", *rig, "io", "get", "K1")
        at_bench("high", *rig, "io", "high", "K3")
        at_bench("K3", *rig, "io", "get", "K3")
        found.commands["safe"] = project.run("rig", "safe", "rigs/remote.yaml")
        at_bench("K2 afterwards", *rig, "io", "get", "K2")
        found.commands["check"] = project.run(
            "rig", "check", "rigs/remote.yaml", "features/smoke.feature", "--node", PROVIDER
        )
        at_bench("release", "release")
    return found


# --- ser2net ---------------------------------------------------------------------------------------------------------

SER2NET = shutil.which("ser2net") or shutil.which("ser2net", path="/usr/sbin:/sbin")
"""Debian puts it where only root looks."""

SERVER = """\
%YAML 1.1
---
connection: &link
  accepter: telnet(rfc2217),tcp,{address},{port}
  connector: serialdev,{terminal},115200n81,local
"""


@plan
def serial_server(folder: Path) -> Finished:
    """A line of a bench behind ser2net, speaking RFC 2217, held against the suite of lines by its rig file."""
    address = own_address(10)
    project = Project.make(folder, **{ADDRESS_VARIABLE: address})
    rig = project.rig(
        "serial-server.yaml",
        ("      - VirtualBench:\n          name: bench\n", ""),  # it stands already, as a physical one would
        (
            "{name: socket-link, host: !template '$LG_HIL_BENCH', port: 7001, protocol: raw}",
            f"{{name: socket-link, host: !template '$LG_HIL_BENCH', port: {SERIAL_SERVER}, protocol: rfc2217}}",
        ),
        ("    devices:\n", "    loop_back: [socket-link]\n    devices:\n"),
    )
    with standing(folder, address, "--pty", "socket-link", "--plug", "socket-link") as ready:
        server = SERVER.format(address=address, port=SERIAL_SERVER, terminal=ready["terminals"]["socket-link"])
        (folder / "ser2net.yaml").write_text(server, encoding="utf-8")
        command = [str(SER2NET), "-d", "-c", "ser2net.yaml", "-P", str(folder / "ser2net.pid")]
        with running(command, folder, "ser2net.txt"):
            return project.run("rig", "check", rig, "features/smoke.feature", "--conformance", "--node", PROVIDER)

"""The command lines of rigs/laboratory do what they are for: they are run, with addresses and paths of this test."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hil.fleet.coordinator import Coordinator
from hil.fleet.owner import Owner
from hil.fleet.states import PlaceState
from hil.fleet.virtual_fleet.places import make_places
from hil.fleet.virtual_fleet.programs import end, start, wait_until, wait_until_ready
from hil.rig.config.target_section import LINES, RELAYS
from hil.tests.acceptance.commands import own_address

LABORATORY = Path(__file__).parents[3] / "rigs/laboratory"
PROGRAMS = Path(sys.executable).parent
NETWORKED = {"meter", "load", *RELAYS}
READY = {"labgrid-coordinator": "listening on", "labgrid-exporter": "Exporter ready", "hil": '"ready": true'}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    end((), of_fleet=tmp_path)


def run(name: str, words: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Start a program of this environment by its name, and return when it is ready."""
    program = Path(words[0]).name
    with pytest.MonkeyPatch.context() as patch:
        for key, value in environment.items():
            patch.setenv(key, value)
        started = start(name, [str(PROGRAMS / program), *words[1:]], folder, working_folder=folder)
    wait_until_ready(started, READY[program])


def place(coordinator: str, exporter: str, available: int) -> PlaceState:
    """Return a place of all parts of a bench, once an exporter offers them, and so many are available."""
    make_places(coordinator, {exporter: {"rig": "remote"}}, available)
    with Coordinator(coordinator, Owner.person()) as client:
        assert wait_until(lambda: len(client.places()[exporter].addresses) >= len({*NETWORKED, *LINES}), 20.0)
        return client.places()[exporter]


def exec_start(unit: str, **values: str) -> list[str]:
    """Return the command line of a unit of the instance ``bench-1``, with these values of its variables."""
    text = (LABORATORY / "systemd" / unit).read_text(encoding="utf-8").replace("\\\n", " ").replace("%i", "bench-1")
    (line,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    for name, value in values.items():
        line = line.replace(f"${{{name}}}", value)
    return shlex.split(line.replace("/etc/labgrid/exporters", str(LABORATORY / "exporters")))


def test_the_units_start_a_coordinator_and_an_exporter_whose_parts_are_reached_through_ssh(folder: Path) -> None:
    coordinator = f"{own_address(31)}:20408"
    run("coordinator", exec_start("labgrid-coordinator.service", LISTEN=coordinator), folder, {})
    run("exporter", exec_start("labgrid-exporter@.service"), folder, {"LG_COORDINATOR": coordinator})
    bench = place(coordinator, "bench-1", len(NETWORKED))
    assert set(bench.addresses) == {*NETWORKED, *LINES}
    assert set(bench.ways) == set(bench.addresses)
    assert bench.addresses["socket-link"][0] == "NetworkSerialPort", "labgrid has a ser2net for it"


def test_the_containers_run_a_coordinator_and_two_benches_whose_exporters_offer_all_parts(folder: Path) -> None:
    here, first, second = own_address(32), own_address(33), own_address(34)
    text = (LABORATORY / "compose/compose.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("127.0.0.1:20408", f"{here}:20408"),
        ("127.0.1.1", first),
        ("127.0.1.2", second),
        ("/exporters/", f"{LABORATORY / 'exporters'}/"),
    ):
        text = text.replace(old, new)
    services: dict[str, Any] = yaml.safe_load(text)["services"]
    for kind in ("coordinator", "virtual", "exporter"):
        for name, service in services.items():
            if name.startswith(kind):
                run(name, service["command"], folder, service.get("environment", {}))
    for exporter, address in (("bench-1", first), ("bench-2", second)):
        bench = place(f"{here}:20408", exporter, len({*NETWORKED, *LINES}))
        assert bench.absent == ()
        assert bench.addresses["meter"] == ("VisaInstrument", {"resource": f"TCPIP::{address}::5025::SOCKET"})

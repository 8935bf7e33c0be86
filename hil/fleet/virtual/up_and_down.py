"""``hil fleet up | down``: virtual rigs in real time behind a real labgrid coordinator, all on this machine.

Each rig is a bench program on a loopback address of its own and an exporter that offers its parts; the coordinator has
a place for it. There is at most one such fleet for each laboratory; its folder is ``reports/fleet``.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hil.errors import ConfigurationError
from hil.fleet.tags import tags_of
from hil.fleet.virtual.places import make_places
from hil.fleet.virtual.programs import Program, end, marked, start, wait_until_ready
from hil.rig.config.rig_file import RigFile
from hil.vbench.model_request import LINES
from hil.vbench.server import STANDARD_PORTS

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER: Final = Path("reports/fleet")
"""Below the project's root."""

COORDINATOR_PORT: Final = 20408
"""labgrid's own."""

MOST_RIGS: Final = 200
"""They share one network of 254 loopback addresses with their coordinator."""


@dataclass(frozen=True)
class Fleet:
    """A virtual fleet that was started.

    :param coordinator: its address, ``HOST:PORT``.
    :param rig: rig file that describes each place.
    :param benches: loopback address of the bench of each place, by the name of the place.
    """

    coordinator: str
    rig: str
    benches: dict[str, str]
    programs: tuple[Program, ...] = field(default=())

    def missing(self) -> list[str]:
        """Return the names of its programs that do not run any more."""
        return [program.name for program in self.programs if not program.runs()]


def up(root: Path, number: int, rig: Path) -> Fleet:
    """Start a fleet of so many rigs in the laboratory at ``root``; one of that size that is up already is returned.

    Whatever goes wrong, nothing of it is left running. Raises ConfigurationError for a number that cannot be or a fleet
    of another size that is up, RigFault if a program does not start.
    """
    if not 1 <= number <= MOST_RIGS:
        raise ConfigurationError(f"a fleet of {number} rigs cannot be; 1 to {MOST_RIGS} are allowed")
    described = RigFile.load(rig)
    folder = (root / FOLDER).resolve()
    with _alone(folder):
        present = info(root)
        if present is not None and not present.missing():
            if len(present.benches) == number:
                return present
            raise ConfigurationError(
                f"a fleet of {len(present.benches)} rigs is up", place=str(folder), remedy="End it with: hil fleet down"
            )
        _end_all(folder)
        addresses = _addresses(folder)
        benches = {f"virtual-{each}": next(addresses) for each in range(1, number + 1)}
        fleet = Fleet(f"{next(addresses)}:{COORDINATOR_PORT}", str(rig), benches)
        try:
            fleet = _start(fleet, folder)
            make_places(fleet.coordinator, dict.fromkeys(benches, tags_of(described)), len(_resources("")))
        except BaseException:
            _end_all(folder)
            raise
        return fleet


def info(root: Path) -> Fleet | None:
    """Return the fleet of the laboratory at ``root``, whether all of it runs or not; None if there is none."""
    try:
        state = json.loads((root / FOLDER / "state.json").read_text(encoding="utf-8"))
        programs = tuple(Program(**each) for each in state.pop("programs"))
        return Fleet(**state, programs=programs)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def down(root: Path) -> list[str]:
    """End all programs of the fleet, whatever state it is in; return the names of those that still ran."""
    folder = (root / FOLDER).resolve()
    if not folder.exists() and not marked(folder):
        return []
    with _alone(folder):
        return _end_all(folder)


def _start(fleet: Fleet, folder: Path) -> Fleet:
    """Start coordinator, benches and exporters, each of them written down as soon as it runs."""

    def run(name: str, *command: str, working_folder: Path | None = None) -> Program:
        nonlocal fleet
        program = start(name, [sys.executable, "-m", *command], folder, working_folder=working_folder)
        fleet = replace(fleet, programs=(*fleet.programs, program))
        _write(fleet, folder)
        return program

    places = folder / "coordinator"
    places.mkdir(parents=True)
    coordinator = run("coordinator", "labgrid.remote.coordinator", "-l", fleet.coordinator, working_folder=places)
    benches = [run(f"bench {name}", "hil.vbench", "--address", address) for name, address in fleet.benches.items()]
    wait_until_ready(coordinator, lambda said: "listening on" in said)
    for bench in benches:
        wait_until_ready(bench, lambda said: '"ready": true' in said)
    exporters = []
    for name, address in fleet.benches.items():
        offer = folder / f"{name}.yaml"
        offer.write_text(json.dumps({name: _resources(address)}, indent=1) + "\n", encoding="utf-8")
        exporters.append(
            run(
                f"exporter {name}",
                *("labgrid.remote.exporter", "-c", fleet.coordinator, "-n", name, "--hostname", address, str(offer)),
            )
        )
    for exporter in exporters:
        wait_until_ready(exporter, lambda said: "Exporter ready" in said)
    return fleet


def _resources(address: str) -> dict[str, dict[str, object]]:
    """Return what an exporter offers of the bench at ``address``: the resources of a rig file, by name."""
    ports = STANDARD_PORTS
    offered: dict[str, dict[str, object]] = {
        "bench": {"cls": "VirtualBench", "address": address, "clock": "wall", "standing": True}
    }
    for role in ("meter", "load"):
        offered[role] = {"cls": "VisaInstrument", "resource": f"TCPIP::{address}::{ports[role]}::SOCKET"}
    for coil in range(4):
        offered[f"K{coil + 1}"] = {"cls": "ModbusTCPCoil", "host": f"{address}:{ports['relays']}", "coil": coil}
    for line in LINES:
        offered[line] = {"cls": "NetworkSerialPort", "host": address, "port": ports[line], "protocol": "raw"}
    return offered


def _addresses(folder: Path) -> Iterator[str]:
    """Yield loopback addresses of a network that follows from the folder: two laboratories do not meet.

    127.32.0.0/11 is used by nothing else of the framework.
    """
    digest = hashlib.sha256(str(folder).encode()).digest()
    return (f"127.{32 + digest[0] % 32}.{digest[1]}.{host}" for host in range(1, 255))


def _end_all(folder: Path) -> list[str]:
    root = folder.parents[len(FOLDER.parts) - 1]
    fleet = info(root)
    ended = end(fleet.programs if fleet else (), folder)
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != LOCK:
            entry.unlink()
    return ended


LOCK: Final = "lock"


def _write(fleet: Fleet, folder: Path) -> None:
    draft = folder / "state.tmp"
    draft.write_text(json.dumps(asdict(fleet), indent=2) + "\n", encoding="utf-8")
    draft.replace(folder / "state.json")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one command at a time start or end the fleet; the kernel frees the lock when its holder dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

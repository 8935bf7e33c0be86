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
from hil.fleet.virtual_fleet.places import make_places
from hil.fleet.virtual_fleet.programs import Program, end, marked, start, wait_until_ready
from hil.owner_only import make_folder
from hil.rig.config.rig_file import RigFile
from hil.vbench.model_request import LINES
from hil.vbench.server import STANDARD_PORTS
from hil.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
    """Start a fleet of so many rigs in the laboratory at ``root``, or what is missing of one that is up.

    If a new fleet cannot be started, nothing of it is left running. Raises ConfigurationError for a number that cannot
    be or a fleet of another size that is up, RigFault if a program does not start.
    """
    if not 1 <= number <= MOST_RIGS:
        raise ConfigurationError(f"a fleet has 1 to {MOST_RIGS} rigs, not {number}", place="N")
    described = RigFile.load(rig)
    _refuse_misfit(described)
    folder = (root / FOLDER).resolve()
    with _alone(folder):
        present = info(root)
        if present is not None and len(present.missing()) < len(present.programs):
            if len(present.benches) != number:
                size = len(present.benches)
                raise ConfigurationError(
                    f"a fleet of {size} rigs is up", place=str(folder), remedy="End it with: hil fleet down"
                )
            return _completed(present, folder, described)
        _end_all(folder)
        addresses = _addresses(folder)
        benches = {f"virtual-{each}": next(addresses) for each in range(1, number + 1)}
        fleet = Fleet(f"{next(addresses)}:{COORDINATOR_PORT}", str(rig), benches)
        try:
            return _completed(fleet, folder, described)
        except BaseException:
            _end_all(folder)
            raise


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


@dataclass(frozen=True)
class _Part:
    """A program that a fleet is made of, and the text by which it says that it is ready."""

    name: str
    words: tuple[str, ...]
    ready: str
    working_folder: Path | None = None


def _completed(fleet: Fleet, folder: Path, described: RigFile) -> Fleet:
    """Start what does not run of a fleet, and make the places that are missing; return the fleet as it is then."""
    exporters = [_exporter(name, address, fleet, folder) for name, address in fleet.benches.items()]
    if "coordinator" in fleet.missing():  # its exporters end by themselves, sooner or later
        names = [part.name for part in exporters]
        end([program for program in fleet.programs if program.name in names])
    first = [_coordinator(fleet, folder), *(_bench(name, address) for name, address in fleet.benches.items())]
    for parts in (first, exporters):
        fleet = _started(fleet, folder, parts)
    tags = tags_of(described)
    make_places(fleet.coordinator, dict.fromkeys(fleet.benches, tags), len(_resources("")))
    return fleet


def _started(fleet: Fleet, folder: Path, parts: Sequence[_Part]) -> Fleet:
    """Start those of ``parts`` that do not run, each written down as soon as it does; return when all are ready."""
    running = {program.name for program in fleet.programs if program.runs()}
    begun = []
    for part in parts:
        if part.name not in running:
            command = [sys.executable, "-m", *part.words]
            program = start(part.name, command, folder, working_folder=part.working_folder)
            others = [each for each in fleet.programs if each.name != part.name]
            fleet = replace(fleet, programs=(*others, program))
            _write(fleet, folder)
            begun.append((program, part.ready))
    for program, ready in begun:
        wait_until_ready(program, ready)
    return fleet


def _coordinator(fleet: Fleet, folder: Path) -> _Part:
    """It keeps places and tags in its working folder."""
    state = folder / "coordinator"
    state.mkdir(exist_ok=True)
    return _Part("coordinator", ("labgrid.remote.coordinator", "-l", fleet.coordinator), "listening on", state)


def _bench(name: str, address: str) -> _Part:
    return _Part(f"bench {name}", ("hil.vbench", "--address", address), '"ready": true')


def _exporter(name: str, address: str, fleet: Fleet, folder: Path) -> _Part:
    offer = folder / f"{name}.yaml"
    offer.write_text(json.dumps({name: _resources(address)}, indent=1) + "\n", encoding="utf-8")
    words = ("labgrid.remote.exporter", "-c", fleet.coordinator, "-n", name, "--hostname", address, str(offer))
    return _Part(f"exporter {name}", words, "Exporter ready")


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


def _refuse_misfit(rig: RigFile) -> None:
    """Raise ConfigurationError for a rig file that does not take its parts from a place of this fleet."""
    offered = _resources("").keys()
    missing = sorted(rig.parts_of_place.keys() - offered)
    if rig.parts_of_place and not missing:
        return
    what = f"a place of a virtual fleet does not offer {', '.join(missing)}; it offers {', '.join(sorted(offered))}"
    raise ConfigurationError(
        what if missing else "it has no RemotePlace, so it cannot describe a place",
        place=str(rig.path),
        remedy="rigs/fleet.yaml shows how such a rig file is written.",
    )


def _addresses(folder: Path) -> Iterator[str]:
    """Yield loopback addresses of a network that follows from the folder: two laboratories do not meet.

    It lies in :data:`hil.fleet.address.VIRTUAL_FLEETS`.
    """
    digest = hashlib.sha256(str(folder).encode()).digest()
    return (f"127.{32 + digest[0] % 32}.{digest[1]}.{host}" for host in range(1, 255))


def _end_all(folder: Path) -> list[str]:
    root = folder.parents[len(FOLDER.parts) - 1]
    fleet = info(root)
    ended = end(fleet.programs if fleet else (), of_fleet=folder)
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != LOCK:
            entry.unlink()
    return ended


LOCK: Final = "lock"


def _write(fleet: Fleet, folder: Path) -> None:
    write_whole(folder / "state.json", json.dumps(asdict(fleet), indent=2) + "\n")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one command at a time start or end the fleet; the kernel frees the lock when its holder dies."""
    make_folder(folder)
    with (folder / LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

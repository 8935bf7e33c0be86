"""What one rig needs of this machine: its ports, addresses, place and programs. Nothing is switched, asked or sent."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from labgrid.config import Config
from labgrid.exceptions import InvalidConfigError

from hil.bdd.check.rig_file import read_rig
from hil.doctor import machine
from hil.doctor.addresses import sight_of
from hil.doctor.finding import Probe, State, look_at, not_needed, ok, problem, warning
from hil.errors import ConfigurationError
from hil.rig.config.addresses import HOLDERS, Part, parts
from hil.rig.config.mistakes import REMEDY
from hil.rig.config.project import find_project
from hil.rig.safety.lock import LOCKS, clearing, find_locks
from hil.rig.virtual.environment import ADDRESS_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.doctor.finding import Finding, Sight, Surroundings
    from hil.rig.config.rig_file import RigFile

WATCHDOG = b"hil.rig.safety.watchdog"
"""In the command of the process that guards a bench in use."""


def look(around: Surroundings) -> list[Finding]:
    """Look at the rig of ``--rig``; [] without one. Raises ConfigurationError if its file is wrong."""
    if around.rig is None:
        return []
    rig = load(around.rig)
    found = look_at(
        Probe("rig.file", "rig file", lambda: ok(f"{rig.path}: {rig.options.name}, {_kind(rig)}")),
        Probe("rig.lock", "lock", partial(lock, rig, around.folder)),
        Probe("rig.in-use", "in use", partial(in_use, rig.path)),
    )
    found += look_at(*_programs(rig))
    if rig.virtual and not os.environ.get(ADDRESS_VARIABLE):
        return found
    if any(each.id == "rig.in-use" and each.state is not State.OK for each in found):
        return [*found, *look_at(Probe("rig.addresses", "addresses", _left_alone))]
    return found + _addresses(rig.path, around)


def load(path: Path) -> RigFile:
    """Return the rig; raises ConfigurationError with every mistake of its file, as ``hil check --rig`` finds them."""
    rig, problems = read_rig(path, None)
    if rig is None or problems:
        raise ConfigurationError("\n".join(map(str, problems)), remedy=REMEDY)
    return rig


def lock(rig: RigFile, folder: Path) -> Sight:
    """Look whether the bench is locked until a person has looked at it."""
    try:
        locks = find_project(folder.resolve()).root / LOCKS
    except ConfigurationError:
        return not_needed("no laboratory here, and so no locks", "Change into it.")
    for _, found in find_locks(locks, rig):
        remedy = f"Look at the bench, mend it, then: {clearing(rig)}"
        return problem(f"locked since {found.since}: {found.reason}", remedy)
    return ok("not locked")


def in_use(path: Path) -> Sight:
    """Look for a run of this user or another that has the bench: its watchdog's command names the rig file."""
    for process in sorted(Path("/proc").glob("[0-9]*")):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if WATCHDOG in words and os.fsencode(path.resolve()) in words:
                return warning(f"a run has the bench (watchdog: process {process.name})", "Wait for its end.")
    return ok("by no run on this machine")


def addresses(path: Path) -> list[Part]:
    """Return the resources of a rig file, with labgrid's templates filled in from the environment.

    Raises ConfigurationError for a template that names no variable.
    """
    try:
        return parts(Config(str(path)).data["targets"]["main"], "resources")
    except InvalidConfigError as error:
        raise ConfigurationError(str(error), place=str(path), remedy="Set the variable.") from None


def _kind(rig: RigFile) -> str:
    if not rig.virtual:
        return "a physical bench"
    standing = os.environ.get(ADDRESS_VARIABLE)
    return f"the simulated bench at {standing}" if standing else "simulated: a run starts its bench"


def _left_alone() -> Sight:
    return not_needed("not tried while a run has the bench: it might disturb it", "Wait for the end of the run.")


def _programs(rig: RigFile) -> list[Probe]:
    """Return probes for what devices that are programs need; some scenarios are not applicable without it."""
    if not any(facts.command for facts in rig.options.devices.by_role().values()):
        return []
    return [
        Probe("rig.storage", "storage of programs", partial(_wanted, machine.namespaces)),
        Probe("rig.calendar", "calendar of programs", partial(_wanted, machine.calendar)),
    ]


def _wanted(look_for: Callable[[], Sight]) -> Sight:
    """Return what is seen; a warning if it is not there."""
    sight = look_for()
    return sight if sight.state is not State.NOT_NEEDED else warning(sight.seen, sight.remedy)


def _addresses(path: Path, around: Surroundings) -> list[Finding]:
    """Look at each address once, whatever parts have it; those of a place after the place itself."""
    listed: list[Part] = []
    found = look_at(Probe("rig.resources", "resources", partial(_resources, path, listed)))
    places = [part for part in listed if part.kind in HOLDERS]
    if places:
        from hil.doctor.place import coordinator_of, look_at_place  # it loads gRPC, and most rigs have no place

        address = coordinator_of(path)
        asked = [partial(look_at_place, address, place.name, listed) for place in places]
        named_places = zip(places, asked, strict=True)
        found += look_at(*(Probe(f"rig.place.{each.name}", f"place {each.name}", ask) for each, ask in named_places))
    named: dict[Callable[[], Sight], list[str]] = defaultdict(list)
    for part in listed:
        if part.kind not in (*HOLDERS, "VirtualBench"):
            named[sight_of(part, around)].append(part.name)
    probes = [Probe(f"rig.{'+'.join(names)}", ", ".join(names), look_for) for look_for, names in named.items()]
    return found + look_at(*probes)


def _resources(path: Path, listed: list[Part]) -> Sight:
    listed += addresses(path)
    return ok(f"{len(listed)} in the file")

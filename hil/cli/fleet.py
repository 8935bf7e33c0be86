"""``hil fleet``: a virtual fleet behind a labgrid coordinator, and the state of a fleet."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.cli.laboratory import laboratory, shown
from hil.cli.runs.history import add_format_options, print_or_write
from hil.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    import argparse

    from hil.fleet.coordinator import Coordinator
    from hil.rig.config.project import Project

RIG = "fleet.yaml"
"""In the folder of rig files: describes each place of a virtual fleet."""


def add_fleet_command(commands: Any) -> None:
    """Add ``fleet`` and its actions to argparse's ``commands``."""
    fleet = commands.add_parser("fleet", help="many rigs behind a labgrid coordinator")
    actions = fleet.add_subparsers(dest="action", required=True, metavar="ACTION")

    text = "start virtual rigs in real time, with exporters and a coordinator, on loopback addresses of this machine"
    up = actions.add_parser("up", help=text, description=text)
    up.add_argument("number", type=int, metavar="N", help="how many rigs")
    up.add_argument("--rig", metavar="FILE", help="rig file that describes each place (default: rigs/fleet.yaml)")
    up.set_defaults(act=_up)

    text = "end the virtual fleet, whatever state it is in"
    down = actions.add_parser("down", help=text, description=text)
    down.add_argument("--force", action="store_true", help="also if a job or a person holds one of its places")
    down.set_defaults(act=_down)

    text = "print the tags of a place that a rig file describes, as labgrid-client sets them"
    tags = actions.add_parser("tags", help=text, description=text)
    tags.add_argument("rig", metavar="RIG", help="rig file")
    tags.set_defaults(act=_tags)

    text = "show places, owners, queue, health, last verdicts, calibrations and locks; nothing is changed"
    status = actions.add_parser("status", help=text, description=text)
    status.add_argument(
        "--coordinator",
        metavar="HOST:PORT",
        help="whose places (default: LG_COORDINATOR, else the virtual fleet of this laboratory)",
    )
    status.add_argument("--watch", action="store_true", help="look anew every 2 s, until Ctrl-C")
    add_format_options(status)
    status.set_defaults(act=_status)


def _up(options: argparse.Namespace, _: list[str]) -> int:
    from hil.fleet.virtual_fleet import up

    project = laboratory()
    rig = Path(options.rig) if options.rig else project.rigs / RIG
    if not options.rig and not rig.exists():
        raise ConfigurationError(
            "the rig file that describes the places is missing", place=shown(rig), remedy="Name one with --rig."
        )
    fleet = up(project.root, options.number, rig)
    number = len(fleet.benches)
    counted = f"{number} place{'' if number == 1 else 's'}"
    print(f"{counted} at {fleet.coordinator}, described by {shown(rig.absolute())}: {', '.join(fleet.benches)}")
    print(f"use it:          hil run FEATURE --place 'rig={rig.stem}'")
    print("look at it:      hil fleet status")
    print(f"from elsewhere:  export LG_COORDINATOR={fleet.coordinator}")
    print("end it:          hil fleet down")
    return ExitCode.PASS


def _down(options: argparse.Namespace, _: list[str]) -> int:
    from hil.fleet.virtual_fleet import down

    root = laboratory().root
    if not options.force:
        _refuse_in_use(root)
    ended = down(root)
    print(f"ended: {', '.join(ended)}" if ended else "no fleet was up")
    return ExitCode.PASS


def _refuse_in_use(root: Path) -> None:
    """Raise ConfigurationError if a place of the virtual fleet is held, as far as its coordinator can be asked."""
    from hil.clock import utc_now
    from hil.errors import RigFault
    from hil.fleet.coordinator import Coordinator
    from hil.fleet.marks import lease_of
    from hil.fleet.owner import Owner
    from hil.fleet.virtual_fleet import info

    fleet = info(root)
    if fleet is None or "coordinator" in fleet.missing():
        return
    with Coordinator(fleet.coordinator, Owner.person()) as coordinator:
        try:
            places = coordinator.places().values()
        except RigFault:
            return
    now = utc_now().timestamp()
    held = [f"{place.name} is held by {lease_of(place)[0]}" for place in places if lease_of(place)[1] > now]
    if held:
        raise ConfigurationError(
            "; ".join(held),
            remedy="Wait for the end of the run. With --force the fleet ends at once; what runs on it is a rig fault.",
        )


def _tags(options: argparse.Namespace, _: list[str]) -> int:
    from hil.fleet.tags import tags_of
    from hil.rig.config.rig_file import RigFile

    laboratory()  # its plug-ins may drive the rig
    tags = tags_of(RigFile.load(Path(options.rig)))
    print(f"labgrid-client -p PLACE set-tags {' '.join(f'{key}={value}' for key, value in sorted(tags.items()))}")
    return ExitCode.PASS


def _status(options: argparse.Namespace, _: list[str]) -> int:
    from hil.clock import WallClock
    from hil.fleet.address import coordinator_address
    from hil.fleet.coordinator import Coordinator, CoordinatorGone
    from hil.fleet.owner import Owner
    from hil.fleet.status.formats import EVERY_S

    project = laboratory()
    clock = WallClock()
    address = options.coordinator or coordinator_address(project.root)
    with Coordinator(address, Owner.person()) as coordinator:
        _tell_status(options, project, coordinator)
        while options.watch:
            clock.sleep(EVERY_S)
            try:
                _tell_status(options, project, coordinator)
            except CoordinatorGone as gone:  # it may come back
                print(f"hil fleet status: {gone}", file=sys.stderr, flush=True)
    return ExitCode.PASS


def _tell_status(options: argparse.Namespace, project: Project, coordinator: Coordinator) -> None:
    from hil.fleet.status import formats
    from hil.fleet.status.survey import survey
    from hil.rig.safety.lock import LOCKS, all_locks

    status = survey(coordinator, [lock for _, lock in all_locks(project.root / LOCKS)])
    if options.format == "html":
        text = formats.page(status, watched=options.watch)
    else:
        text = formats.document(status) if options.format == "json" else formats.text(status)
    if options.watch and options.format == "text" and not options.output and sys.stdout.isatty():
        print("\x1b[H\x1b[J", end="")  # a terminal shows the newest only
    print_or_write(text, options, project.root / "reports/fleet.html")
    sys.stdout.flush()

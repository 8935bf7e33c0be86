"""``hil fleet``: a virtual fleet behind a labgrid coordinator, and the state of a fleet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.cli.laboratory import laboratory, shown
from hil.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    import argparse

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
    down.set_defaults(act=_down)


def _up(options: argparse.Namespace, _: list[str]) -> int:
    from hil.fleet.virtual_fleet import up

    project = laboratory()
    rig = Path(options.rig) if options.rig else project.rigs / RIG
    if not options.rig and not rig.exists():
        raise ConfigurationError(
            "the rig file that describes the places is missing", place=shown(rig), remedy="Name one with --rig."
        )
    fleet = up(project.root, options.number, rig)
    names = ", ".join(fleet.benches)
    print(f"{len(fleet.benches)} places at {fleet.coordinator}, each as {shown(rig.absolute())} says: {names}")
    print(f"use it:   export LG_COORDINATOR={fleet.coordinator}")
    print("end it:   hil fleet down")
    return ExitCode.PASS


def _down(options: argparse.Namespace, _: list[str]) -> int:
    from hil.fleet.virtual_fleet import down

    ended = down(laboratory().root)
    print(f"ended: {', '.join(ended)}" if ended else "no fleet was up")
    return ExitCode.PASS

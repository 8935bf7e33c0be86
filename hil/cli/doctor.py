"""``hil doctor``: what this machine, this folder and a rig's surroundings lack, each with its remedy."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import Any

from hil.cli.laboratory import laboratory
from hil.errors import ConfigurationError


def add_doctor_command(commands: Any) -> None:
    """Add ``doctor`` to argparse's ``commands``."""
    doctor = commands.add_parser(
        "doctor", help="what this machine and this folder lack for runs, each with its remedy; nothing is switched"
    )
    doctor.add_argument("--rig", metavar="FILE", help="look at what this rig needs, too: ports, addresses, place, lock")
    doctor.add_argument("--format", choices=("text", "json"), default="text")
    doctor.set_defaults(act=_doctor)


def _doctor(options: argparse.Namespace, _: list[str]) -> int:
    from hil.doctor import formats
    from hil.doctor.examination import examine, exit_code
    from hil.doctor.finding import Surroundings

    with contextlib.suppress(ConfigurationError):  # a mistake in [tool.hil] is one of the findings
        laboratory()  # a rig file may name its plug-ins
    rig = Path(options.rig) if options.rig else None
    around = Surroundings(Path.cwd(), rig, devices=Path("/dev"), usb=Path("/sys/bus/usb/devices"))
    findings = examine(around)
    if options.format == "json":
        print(formats.document(findings, around))
    else:
        print(formats.text(findings, colours=_terminal_takes_colours()))
    return exit_code(findings)


def _terminal_takes_colours() -> bool:
    """Tell whether standard output is a terminal that is not told to have none (no-color.org)."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb" and not os.environ.get("NO_COLOR")

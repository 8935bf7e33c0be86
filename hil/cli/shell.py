"""``hil shell``: a prompt at a rig."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_shell_command(commands: Any) -> None:
    """Add ``shell`` to argparse's ``commands``."""
    text = "type steps one by one at a rig; the session can be saved as a feature file"
    shell = commands.add_parser("shell", help=text, description=text)
    shell.add_argument("rig", metavar="RIG", nargs="?", help="rig file (default: rig of [tool.hil])")
    shell.add_argument("--node", help="bitcoind: auto, docker, native or external (default: NODE, else auto)")
    shell.add_argument("--seed", type=int, help="repeat a session with its seed")
    shell.set_defaults(act=_shell)


def _shell(options: argparse.Namespace, _: list[str]) -> int:
    import pytest

    from hil.rig.config.project import find_project

    find_project(Path.cwd())
    # nothing of pytest is to be seen but the summary
    arguments = ["-p", "hil.shell.plugin", "-p", "no:hypothesispytest", "-o", "testpaths=features", "-s"]
    arguments += ["-qq", "--no-header", "--tb=no", "-rN"]
    for name in ("rig", "node", "seed"):
        value = getattr(options, name)
        if value is not None:
            arguments.append(f"--{name}={value}")
    return int(pytest.main(arguments))

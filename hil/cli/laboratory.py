"""The laboratory in which a command stands; ``hil config`` shows what counts there."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.errors import ExitCode

if TYPE_CHECKING:
    from hil.rig.config.project import Project

LATEST_RUN = Path("reports/runs/latest")


def laboratory() -> Project:
    """Return the laboratory at or above the working directory; outside of one that folder, with the defaults.

    Its modules can be imported from then on. Raises ConfigurationError for a mistake in its ``[tool.hil]``.
    """
    from hil.rig.config.project import Project, look_for_project

    here = Path.cwd()
    project = look_for_project(here) or Project.with_defaults(here)
    project.make_importable()
    return project


def shown(path: Path) -> str:
    """Return an absolute path as pytest and messages take it: relative to the working directory if it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def add_config_command(commands: Any) -> None:
    """Add ``config`` to argparse's ``commands``."""
    text = "show what counts in this laboratory, and whence: [tool.hil] of its pyproject.toml, or a default"
    config = commands.add_parser("config", help=text, description=text)
    config.set_defaults(act=_config)


def _config(options: argparse.Namespace, _: list[str]) -> int:
    from hil.rig.config.project import find_project

    project = find_project(Path.cwd())
    rows = [("root", str(project.root), "")]
    for name, value, place in project.entries():
        variable = os.environ.get("NODE") if name == "node" else None
        whence = place if place == "default" else _shown_place(place)
        rows.append((name, variable, "environment: NODE") if variable else (name, value, whence))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for name, value, whence in rows:
        print(f"{name:{widths[0]}}  {value:{widths[1]}}  {whence}".rstrip())
    return ExitCode.PASS


def _shown_place(place: str) -> str:
    """Return ``file:line:column`` with the file as :func:`shown`."""
    file, line, column = place.rsplit(":", 2)
    return f"{shown(Path(file))}:{line}:{column}"

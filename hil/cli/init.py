"""``hil init``: a laboratory to begin with, whose first run passes."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

from hil import __version__
from hil.errors import ConfigurationError, ExitCode

TEMPLATES = Path(__file__).parent / "new_laboratory"

FILES = {
    "README.md": "readme.md",
    "pyproject.toml": "pyproject.txt",
    "conftest.py": "conftest.txt",
    "features/first.feature": "first.feature",
    "features/requirements.yaml": "requirements.yaml",
    "steps/__init__.py": "steps.txt",
    "steps/appliance.py": "appliance.txt",
    "tests/test_bench.py": "test_bench.txt",
    "rigs/virtual.yaml": "virtual.yaml",
    "rigs/fleet.yaml": "fleet.yaml",
    "rigs/bench-1.yaml": "bench-example.yaml",
    ".gitignore": "gitignore.txt",
    ".vscode/settings.json": "vscode.json",
    ".github/workflows/hil.yml": "github.yml",
    ".gitlab-ci.yml": "gitlab.yml",
}
"""The files of a new laboratory, each with its template; ``reports/acceptance.yaml`` is the framework's default."""


def add_init_command(commands: Any) -> None:
    """Add ``init`` to argparse's ``commands``."""
    text = "make a laboratory: features, steps, tests, rig files and CI of your own, whose first run passes"
    init = commands.add_parser("init", help=text, description=text)
    init.add_argument("folder", metavar="FOLDER", help="a folder that is empty, or not there yet")
    init.set_defaults(act=_init)


def _init(options: argparse.Namespace, _: list[str]) -> int:
    from hil.scenario.run_folder import ACCEPTANCE, DEFAULT_ACCEPTANCE

    folder = Path(options.folder)
    name = folder.resolve().name or "laboratory"
    files = {each: (TEMPLATES / template).read_text(encoding="utf-8") for each, template in FILES.items()}
    files[str(ACCEPTANCE)] = DEFAULT_ACCEPTANCE.read_text(encoding="utf-8")
    files["rigs/bench-1.yaml"] = files["rigs/bench-1.yaml"].replace("name: bench-example", "name: bench-1")
    for each in ("README.md", ".github/workflows/hil.yml", ".gitlab-ci.yml"):
        files[each] = files[each].replace("{name}", name).replace("{version}", __version__)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if present := sorted(path.name for path in folder.iterdir() if path.name != ".git"):
            what = f"this folder is not empty (read: {', '.join(present[:5])})"
            raise ConfigurationError(what, place=str(folder), remedy="Name one that is empty, or not there yet.")
        for each, text in files.items():
            path = folder / each
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"cannot be written: {error.strerror}", place=str(folder)) from None
    print(f"{folder}: a laboratory with {len(files)} files. Next: cd {shlex.quote(str(folder))}; hil run")
    return ExitCode.PASS

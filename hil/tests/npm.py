"""Packages of npm that tests use: put into the project's cache once, without running a script of theirs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

PATIENCE_S = 300.0

CACHE = Path(__file__).parents[2] / ".cache"


def installed(name: str, *packages: str) -> Path:
    """Return the folder ``node_modules`` with these packages, each given as ``name@version``.

    :param name: of the folder in the cache; it holds the version, so that another one is installed beside it.
    """
    folder = CACHE / name
    if not folder.is_dir():
        work = folder.with_name(f"{name}.new")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        options = ["--prefix", str(work), "--ignore-scripts", "--no-audit", "--no-fund"]
        command = [str(shutil.which("npm")), "install", *options, *packages]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert done.returncode == 0, done.stderr
        work.rename(folder)
    return folder / "node_modules"

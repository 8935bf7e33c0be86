"""An environment with the wheel, in which this checkout is not on the path, and laboratories that use it.

The packages that the wheel depends on are those of this environment.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil.errors import ExitCode
from hil.tests.acceptance.commands import ROOT, environment
from hil.tests.acceptance.plans import PROVIDER
from hil.tests.docs.follow import own_cache

TIMEOUT_S = 300.0
"""For one command, on a machine that is busy with other things."""

BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"


@dataclass(frozen=True)
class Laboratory:
    """A folder in which the installed framework is used.

    :ivar python: of the fresh environment.
    """

    folder: Path
    python: Path
    cache: Path

    @property
    def settings(self) -> dict[str, str]:
        """The environment of a command in it."""
        settings = environment({"NODE": PROVIDER, "HIL_CACHE": str(self.cache)})
        for name in ("PYTHONPATH", "PYTHONPYCACHEPREFIX"):
            settings.pop(name, None)
        return settings

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the fresh environment's Python with these words; output and errors are one text."""
        return subprocess.run(
            [str(self.python), *words],
            cwd=self.folder,
            env=self.settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    def hil(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.call(str(self.python.with_name("hil")), *words)

    def passes(self, *words: str) -> str:
        """Run ``hil`` and return what it said; it must end with 0."""
        done = self.hil(*words)
        assert done.returncode == ExitCode.PASS, done.stdout
        return done.stdout

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    @property
    def latest(self) -> dict[str, Any]:
        """What run.json says of the latest run."""
        document: dict[str, Any] = json.loads((self.folder / "reports/runs/latest/run.json").read_text("utf-8"))
        return document


def build(folder: Path) -> Path:
    """Build the wheel of a copy of this checkout: what an earlier build left in it must not get in."""
    source = folder / "source"
    shutil.copytree(ROOT / "hil", source / "hil", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / done.stdout.splitlines()[-1]


def pip() -> list[str]:
    """Return the command of a pip: this environment's, or the machine's."""
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
            return [python, "-m", "pip"]
    raise AssertionError("no pip: install python3-pip")


def install(wheel: Path, folder: Path) -> Path:
    """Install the wheel into a fresh environment beside the packages of this one; return its Python."""
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    (own,) = folder.glob("lib/python*/site-packages")
    packages = [path for path in sys.path if Path(path).name in {"site-packages", "dist-packages"}]
    (own / "packages.pth").write_text("\n".join(packages) + "\n")  # no .pth file in there counts: no editable install
    python = folder / "bin/python"
    options = ("--no-deps", "--no-index", "--ignore-installed", "--quiet")  # leaves the editable install alone
    done = subprocess.run(
        [*pip(), "--python", str(python), "install", *options, str(wheel)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return python


def new_environment(folder: Path) -> Laboratory:
    """Return an empty folder beside a fresh environment with the wheel."""
    (folder / "work").mkdir()
    return Laboratory(folder / "work", install(build(folder), folder / "venv"), own_cache(folder / "cache"))

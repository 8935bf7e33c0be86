"""A laboratory of its own, as a new user makes it: the wheel in a fresh environment, ``hil init``, a run, an own step.

The packages that the wheel depends on are those of this environment; this checkout is not on the path.
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

import pytest

from hil.errors import ExitCode
from hil.tests.acceptance.commands import ROOT, environment
from hil.tests.docs.follow import own_cache

TIMEOUT_S = 300.0
"""For one command, on a machine that is busy with other things."""

BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"

OWN_STEP = '''\
"""The kettle of this laboratory."""

from hil.bdd.language.catalogue import then
from hil.evidence.limits import Limit
from hil.evidence.observations import Source
from hil.scenario.check import Check, sampled
from hil.scenario.measurements import energy
from hil.units import WattHour


@then("the kettle took at least {energy}")
def kettle_took(least: WattHour, /) -> Check:
    """Integrated energy at the lab meter at the end of the scenario, in Wh."""
    return sampled("energy of the kettle", Limit("Wh", low=float(least)), energy.delivered, Source.LAB_METER)
'''

OWN_FEATURE = """\
Feature: The kettle
  @night @REQ-LAB-1
  Scenario: It boils
    Given the socket is under test in single-fee mode
    And the load plays an iron
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the session has ended
    Then the kettle took at least {energy}
"""


@dataclass(frozen=True)
class Laboratory:
    """A folder in which the installed framework is used.

    :ivar python: of the fresh environment.
    """

    folder: Path
    python: Path
    cache: Path

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the fresh environment's Python with these words; output and errors are one text."""
        settings = environment({"NODE": "native", "HIL_CACHE": str(self.cache)})
        for name in ("PYTHONPATH", "PYTHONPYCACHEPREFIX"):
            settings.pop(name, None)
        return subprocess.run(
            [str(self.python), *words],
            cwd=self.folder,
            env=settings,
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


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """An empty folder beside an environment with the wheel."""
    folder = tmp_path_factory.mktemp("laboratory")
    (folder / "work").mkdir()
    return Laboratory(folder / "work", install(build(folder), folder / "venv"), own_cache(folder / "cache"))


@pytest.fixture
def laboratory(installed: Laboratory, tmp_path: Path) -> Laboratory:
    """A new laboratory."""
    found = Laboratory(tmp_path / "lab", installed.python, installed.cache)
    installed.passes("init", str(found.folder))
    return found


def test_the_installed_framework_is_used_and_not_this_checkout(installed: Laboratory) -> None:
    where = Path(installed.call("-c", "import hil; print(hil.__file__)").stdout)

    assert where.is_relative_to(installed.python.parents[1])
    done = installed.hil("run")
    assert done.returncode == ExitCode.AUTHOR_ERROR
    assert "make one with hil init" in done.stdout


def test_the_first_run_of_a_new_laboratory_passes(laboratory: Laboratory) -> None:
    told = laboratory.passes("run", "--seed", "7")

    assert "1 scenario: 1 pass" in told
    assert "warning" not in told
    assert laboratory.latest["verdict"] == "pass"
    assert (laboratory.folder / "reports/runs/latest/report.html").is_file()


def test_a_device_that_breaks_the_limit_of_the_laboratory_s_own_step_fails(laboratory: Laboratory) -> None:
    feature = (laboratory.folder / "features/first.feature").read_text(encoding="utf-8")
    laboratory.write("features/first.feature", feature.replace("at most 1350 W", "at most 1200 W"))

    done = laboratory.hil("run", "--seed", "7")

    assert done.returncode == ExitCode.DEVICE_FAILURE, done.stdout
    assert "highest power" in done.stdout


def test_commands_know_the_laboratory_from_any_folder_of_it(laboratory: Laboratory) -> None:
    below = Laboratory(laboratory.folder / "steps", laboratory.python, laboratory.cache)

    assert "2 of 2 requirements are covered" in below.passes("check", "--coverage")
    assert "Then the appliance drew at most {power}" in below.passes("steps", "the appliance drew")
    assert f"{laboratory.folder}/pyproject.toml:4:1" in below.passes("config")
    assert "1 scenario: 1 pass" in below.passes("run", "--seed", "7")
    assert "report.html" in below.passes("report")


def test_a_step_a_load_profile_and_a_tag_of_the_laboratory_s_own_are_used(laboratory: Laboratory) -> None:
    laboratory.write("profiles/iron.yaml", "description: An iron.\nsteps:\n  - {power: 1200 W}\n")
    laboratory.write("steps/kettle.py", OWN_STEP)
    laboratory.write("features/kettle.feature", OWN_FEATURE.format(energy="7.5 Wh"))

    assert "0 mistakes" in laboratory.passes("check")
    assert "1 scenario: 1 pass" in laboratory.passes("run", "-m", "night", "--seed", "7")

    laboratory.write("features/kettle.feature", OWN_FEATURE.format(energy="9 Wh"))
    assert laboratory.hil("run", "-m", "night", "--seed", "7").returncode == ExitCode.DEVICE_FAILURE


def test_plain_pytest_runs_the_laboratory_and_can_leave_the_framework_out(laboratory: Laboratory) -> None:
    done = laboratory.call("-m", "pytest", "-q", "-W", "error::pytest.PytestWarning", "--seed", "7")

    assert (done.returncode, "1 passed" in done.stdout) == (ExitCode.PASS, True), done.stdout
    left_out = laboratory.call("-m", "pytest", "-q", "-p", "no:hil")
    assert left_out.returncode == ExitCode.NOTHING_RUN, left_out.stdout


def test_the_recipe_of_the_bitcoind_image_is_installed(installed: Laboratory) -> None:
    told = installed.call("-c", "from hil.chain.node.image import DOCKERFILE; print(DOCKERFILE.read_text())").stdout

    assert told == (ROOT / "hil/chain/node/bitcoind/Dockerfile").read_text(encoding="utf-8") + "\n"

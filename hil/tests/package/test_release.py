"""What a release consists of, installed by a plain user on a bare Debian without a compiler: a laboratory works."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from hil.tests.acceptance.test_laboratory import OWN_FEATURE, OWN_STEP
from hil.tests.acceptance.test_plugins import add_acme
from hil.tests.package.bare_debian import Bare, container, image, release

RELEASES = [("bookworm", "3.11", "sdist"), ("forky", "3.14", "wheel")]
"""The oldest Python that is served, and the newest that Debian has. hil/tests/acceptance installs the wheel on the
oldest one, too.
"""


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return release(tmp_path_factory.mktemp("release"))


@pytest.fixture(params=RELEASES, ids="-".join)
def bare(
    request: pytest.FixtureRequest, packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bare]:
    """An environment in which a plain user has installed one of the packages, and an empty folder."""
    suite, version, kind = request.param
    folder = tmp_path_factory.mktemp("bare")
    for part in (folder, *folder.parents[:2]):
        part.chmod(0o755)
    for name in ("work", "home", "home/cache"):
        (folder / name).mkdir()
    package = folder / packages[kind].name
    package.write_bytes(packages[kind].read_bytes())
    python = folder / "venv/bin/python"
    client = docker.from_env()
    with container(client, image(client, suite, folder), folder) as started:
        laboratory = Bare(folder / "work", python, folder / "home/cache", container=started)
        for command in (("python3", "-m", "venv", folder / "venv"), (python, "-m", "pip", "install", package)):
            done = laboratory.run(*map(str, command))
            assert done.returncode == 0, done.stdout
        told = laboratory.call("-c", "import os, sys; print(os.getuid(), sys.version)").stdout
        assert told.startswith(f"1000 {version}.")
        yield laboratory


def test_a_laboratory_is_made_and_run_and_gets_a_step_and_a_driver_of_its_own(bare: Bare) -> None:
    assert bare.run("sh", "-c", "command -v cc gcc").returncode != 0

    bare.passes("init", ".")
    for node in ("native", "docker"):
        assert "2 scenarios: 2 pass" in replace(bare, node=node).passes("run", "--seed", "7")
        assert bare.latest["node"]["provider"] == node

    bare.write("profiles/iron.yaml", "description: An iron.\nsteps:\n  - {power: 1200 W}\n")
    bare.write("steps/kettle.py", OWN_STEP)
    bare.write("features/kettle.feature", OWN_FEATURE.format(energy="7.5 Wh"))
    add_acme(bare)
    assert "1 scenario: 1 pass" in bare.passes("run", "features/kettle.feature", "--seed", "7")
    assert bare.latest["rig"]["instruments"][0]["manufacturer"] == "ACME"


@pytest.mark.parametrize("bare", RELEASES[1:], ids="-".join, indirect=True)
def test_pipx_runs_the_command_by_the_name_of_the_package(bare: Bare) -> None:
    python = str(bare.python)
    assert bare.run(python, "-m", "pip", "install", "pipx").returncode == 0
    (package,) = [each for each in bare.folder.parent.glob("micropay_hil-*") if each.is_file()]

    done = bare.run(python, "-m", "pipx", "run", "--spec", str(package), "micropay-hil", "--version")

    assert (done.returncode, done.stdout.splitlines()[-1][:4]) == (0, "hil "), done.stdout

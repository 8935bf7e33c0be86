"""A Debian with Python and no compiler, in a container, where a plain user installs what a release consists of.

The machine needs Docker, mmdebstrap and a Debian mirror, and root for mmdebstrap. What pip needs to reach its index
here (its configuration, certificates, ``PIP_…``) is lent to the container.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import docker.errors

from hil.tests.acceptance.commands import ROOT
from hil.tests.acceptance.installed import Laboratory

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

USER = 1000
"""A user that has no name, no rights and nothing in its home folder."""

PACKAGES = "python3,python3-venv,ca-certificates"
IMAGE = "micropay-hil/bare"

SOCKET = Path("/var/run/docker.sock")
PIP = (Path("/etc/pip.conf"), Path("/etc/ssl/certs/ca-certificates.crt"))

BUILD = "import sys; from setuptools import build_meta; build_meta.{0}(sys.argv[1])"

TIMEOUT_S = 600
"""For one command in the container, on a machine that is busy with other things."""


def release(folder: Path) -> dict[str, Path]:
    """Build ``wheel`` and ``sdist`` from what git tracks; return their paths by kind."""
    source = folder / "source"
    listing = [str(shutil.which("git")), "ls-files", "-z"]
    files = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in files.split("\0"):
        if name and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    for build in ("build_wheel", "build_sdist"):
        command = [sys.executable, "-c", BUILD.format(build), str(folder)]
        done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return {"wheel": next(folder.glob("*.whl")), "sdist": next(folder.glob("*.tar.gz"))}


def image(client: DockerClient, suite: str, folder: Path) -> str:
    """Return the image of a bare Debian of this suite, made from this machine's mirror if it is not there yet."""
    name = f"{IMAGE}:{suite}"
    try:
        client.images.get(name)
    except docker.errors.ImageNotFound:
        tree = folder / f"{suite}.tar"
        # a mirror that is frozen is signed as any other (docs/decisions/0003-expired-mirror.md)
        frozen = '--aptopt=Acquire::Check-Valid-Until "false"'
        command = ["mmdebstrap", "--quiet", "--variant=apt", frozen, f"--include={PACKAGES}", suite, str(tree)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        client.api.import_image(src=str(tree), repository=IMAGE, tag=suite)
        tree.unlink()
    return name


@dataclass(frozen=True)
class Bare(Laboratory):
    """A laboratory in the container; its folders have the same paths as outside."""

    container: Container = field(kw_only=True)
    node: str = field(default="native", kw_only=True)

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(self.python), *words)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as the plain user; output and errors are one text."""
        settings = {"NODE": self.node, "HOME": str(self.cache.parent), "HIL_CACHE": str(self.cache)}
        lent = {name: value for name, value in os.environ.items() if name.startswith("PIP_") and "LINKS" not in name}
        done = self.container.exec_run(
            ["timeout", str(TIMEOUT_S), *command], workdir=str(self.folder), environment={**lent, **settings}
        )
        assert done.exit_code is not None
        assert isinstance(done.output, bytes)
        return subprocess.CompletedProcess(command, done.exit_code, done.output.decode("utf-8", "replace"))

    def write(self, name: str, text: str) -> None:
        super().write(name, text)
        for path in (self.folder / name, (self.folder / name).parent):
            os.chown(path, USER, USER)


@contextmanager
def container(client: DockerClient, name: str, folder: Path) -> Iterator[Container]:
    """Yield a container of the image that sees ``folder``, Docker, and this machine's network; it ends with the block.

    The network is the machine's own, since a node that it starts in Docker listens on loopback there.
    """
    for each in (folder, *folder.rglob("*")):
        os.chown(each, USER, USER)
    lent = [path for path in PIP if path.is_file()]
    started = client.containers.run(
        name,
        ["sleep", "infinity"],
        detach=True,
        auto_remove=True,
        network_mode="host",
        user=f"{USER}:{USER}",
        group_add=[str(os.stat(SOCKET)[stat.ST_GID])],
        init=True,
        volumes=[f"{folder}:{folder}", f"{SOCKET}:{SOCKET}", *(f"{path}:{path}:ro" for path in lent)],
    )
    try:
        yield started
    finally:
        started.kill()

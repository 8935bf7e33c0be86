"""What tests of the doctor make: surroundings, a user without rights, a port that listens."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hil.doctor.finding import Finding, Surroundings

ROOT = Path(__file__).parents[3]

UNPRIVILEGED_UID = 65534
"""The user without rights of every Linux system."""


def around(folder: Path, rig: Path | None = None) -> Surroundings:
    """Surroundings without any device."""
    return Surroundings(folder, rig, devices=folder / "dev", usb=folder / "usb")


def by_id(findings: list[Finding]) -> dict[str, Finding]:
    found = {each.id: each for each in findings}
    assert len(found) == len(findings), "each finding has an id of its own"
    return found


@contextlib.contextmanager
def without_rights() -> Iterator[None]:
    """Be a user who may open no file of another; the test's own user if that is not root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(UNPRIVILEGED_UID)
    try:
        yield
    finally:
        os.seteuid(user)


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are for the user who runs it."""
    folder = Path(tempfile.mkdtemp(prefix="hil-doctor-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def listening() -> Iterator[socket.socket]:
    """A TCP port on loopback that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        yield server


def closed_port() -> int:
    """Return a TCP port on loopback at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])

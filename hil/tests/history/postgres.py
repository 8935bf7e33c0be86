"""A PostgreSQL server of its own for tests, where its programs are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
PROGRAMS = _INSTALLED[-1] if _INSTALLED else None
"""Folder of the newest server's programs; None if there is none."""


@contextmanager
def server() -> Iterator[str]:
    """Start a server that listens on a socket in a folder of its own only, and give the URL of its database."""
    # not in pytest's folders: they are for their owner alone, and too long a path for a socket
    with tempfile.TemporaryDirectory(prefix="hil-postgresql-") as name:
        folder, user = Path(name), []
        if os.geteuid() == 0:  # the server refuses to run as root; installed with it is a user of its own
            user = ["runuser", "-u", "postgres", "--"]
            shutil.chown(folder, "postgres")
        with _running(folder, user) as url:
            yield url


@contextmanager
def _running(folder: Path, user: list[str]) -> Iterator[str]:
    assert PROGRAMS is not None
    programs = PROGRAMS
    data = folder / "data"

    def run(program: str, *arguments: str) -> None:
        command = [*user, str(programs / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=folder, timeout=60)

    run("initdb", "-D", str(data), "-U", "hil", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    run("pg_ctl", "-D", str(data), "-w", "-o", options, "-l", str(folder / "log"), "start")
    try:
        yield f"postgresql://hil@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")

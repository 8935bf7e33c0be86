"""Unix users of this machine, for the time of a test: what one of them runs, and what another can reach of it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hil.chain.node.folders import cache_folder
from hil.tests.acceptance.commands import ROOT, Project, Running, poll

PROGRAMS = {"useradd": "passwd", "userdel": "passwd", "setpriv": "util-linux", "find": "findutils"}
"""What is needed, and the Debian package that has it."""

EVERYWHERE = ("/tmp", "/var/tmp", "/dev/shm", "/run")  # noqa: S108 - looked through, not written to
"""Where a run puts what is not in the laboratory."""

NODE = "debian-*"
"""What the cache holds of a node; each user has a cache of his own, and the same node in it."""


def why_not() -> str:
    """Return in one sentence why no users can be made here; empty: they can."""
    if os.geteuid() != 0:
        return "only root can make users"
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"the command {missing[0]} is missing: apt install {PROGRAMS[missing[0]]}" if missing else ""


@dataclass
class UnixUser:
    """A user with a laboratory of his own. :ivar before: what others could reach of it before anything was run."""

    name: str
    uid: int
    gid: int
    home: Path
    project: Project = field(init=False)
    before: set[str] = field(init=False, default_factory=set)

    @classmethod
    @contextlib.contextmanager
    def made(cls, name: str, homes: Path) -> Iterator[UnixUser]:
        """Add the user, with a home that others may enter, as Debian's ``useradd`` makes it."""
        home = homes / name
        _run("useradd", "--create-home", "--home-dir", str(home), name)
        try:
            entry = pwd.getpwnam(name)
            home.chmod(0o755)
            user = cls(name, entry.pw_uid, entry.pw_gid, home)
            user._move_in()
            yield user
        finally:
            user_processes = [pid for pid in _processes() if _owner(pid) == pwd.getpwnam(name).pw_uid]
            for pid in user_processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            poll(lambda: not any(_owner(pid) == pwd.getpwnam(name).pw_uid for pid in _processes()), "their end")
            _run("userdel", "--remove", name)

    def start(self, *arguments: str, environment: Mapping[str, str]) -> Running:
        """Start ``hil`` as this user, with a umask that hides nothing.

        If the checkout is where this user cannot enter, such as the home of root, the job may read every file of this
        machine. What it makes belongs to the user all the same.
        """
        own = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "HIL_CACHE": str(self.home / "cache"),
            "PYTHONPATH": str(ROOT),
            "PYTHONPYCACHEPREFIX": str(self.home / "cache/pycache"),
            "NODE": "native",
            "COLUMNS": "160",
        }
        imports = [*self._become(), sys.executable, "-c", "import hil.cli.main"]
        enters = subprocess.run(imports, cwd="/", env=own, capture_output=True, check=False).returncode == 0
        may_read = () if enters else ("--ambient-caps", "+dac_read_search", "--inh-caps", "+dac_read_search")
        hides_nothing = ("sh", "-c", 'umask 000; exec "$@"', "sh")
        words = [*self._become(), *may_read, *hides_nothing, sys.executable, "-m", "hil.cli.main", *arguments]
        said = self.project.folder / "said.txt"
        with said.open("wb") as terminal:
            process = subprocess.Popen(
                words,
                cwd=self.project.folder,
                env={**own, **environment},
                stdin=subprocess.DEVNULL,
                stdout=terminal,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        said.chmod(0o600)  # a terminal is its user's alone
        return Running(process, self.project.folder, said)

    def reaches(self, other: UnixUser) -> set[str]:
        """Return what this user can read of another's files, list of his folders, or connect to of his sockets."""
        reached = ("(", "-type", "f", "-o", "-type", "d", ")", "-readable", "-o", "-type", "s", "-writable")
        words = ["find", str(other.home), *EVERYWHERE, "-uid", str(other.uid), "(", *reached, ")"]
        found = subprocess.run([*self._become(), *words], capture_output=True, text=True, check=False).stdout
        return set(found.splitlines()) - other.before

    def _move_in(self) -> None:
        self.project = Project.make(self.home / "laboratory")
        cache = self.home / "cache"
        (cache / "pycache").mkdir(parents=True)
        (cache / "pycache").chmod(0o700)  # Python writes it, not the job
        for each in cache_folder().resolve().glob(NODE):
            if each.suffix != ".lock":
                (cache / each.name).symlink_to(each)
        _run("chown", "--recursive", "--no-dereference", f"{self.uid}:{self.gid}", str(self.home))

    def _become(self) -> Sequence[str]:
        return ("setpriv", "--reuid", str(self.uid), "--regid", str(self.gid), "--clear-groups")


def command_lines_of(user: UnixUser) -> str:
    """Return the command lines of a user's processes: every other user can read them."""
    words = []
    for pid in _processes():
        if _owner(pid) == user.uid:
            with contextlib.suppress(OSError):
                words.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return "\n".join(words)


def listens_of(user: UnixUser) -> set[tuple[str, int]]:
    """Return the addresses on which a user's programs listen (proc(5), ``/proc/net/tcp``)."""
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, *_ = fields = line.split()
        if state == "0A" and int(fields[7]) == user.uid:
            address, _, port = local.partition(":")
            octets = bytes.fromhex(address)[::-1]
            found.add((".".join(map(str, octets)), int(port, 16)))
    return found


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def _owner(pid: int) -> int:
    """Return the user id of a process; -1: it is gone, or is a zombie."""
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        if not fields["State"].startswith(("Z", "X")):
            return int(fields["Uid"].split()[0])
    return -1


def _run(*words: str) -> None:
    subprocess.run(words, capture_output=True, check=True)

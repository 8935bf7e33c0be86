"""The command ``hil`` in processes of its own, in a project of its own, and what such a process leaves behind."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hil.chain.node.folders import cache_folder
from hil.clock import WallClock
from hil.errors import DeadlineExceeded
from hil.evidence.documents import Event, Kind
from hil.evidence.record import RunRecord, scenario_text
from hil.evidence.run_folder.files import SCENARIO_SUFFIX
from hil.report.html.page import render_annex
from hil.report.run_view import view_run

ROOT = Path(__file__).parents[3]
TIMEOUT = 120.0
"""Seconds that a command may take on a machine that is busy with other things."""

LONG = """\
Feature: A session of hours
  Scenario: The load draws little
    Given the socket is under test in single-fee mode
    And the load draws 100 W
    When the devices are switched on
    And 3 h have passed
    Then no power flowed
  Scenario: Another one
    Given the socket is under test in single-fee mode
    And the load draws 100 W
    When the devices are switched on
    Then no power flowed
"""


def poll(condition: Callable[[], Any], what: str, *, timeout: float = TIMEOUT) -> Any:
    """Look every 20 ms until ``condition()`` is true, and return that; raises DeadlineExceeded."""
    clock = WallClock()

    def look_again() -> None:
        clock.call_at(clock.now() + 0.02, look_again)

    look_again()
    return clock.wait_for(condition, timeout=timeout, what=what)


@dataclass(frozen=True)
class Finished:
    """A command that has ended: its exit code, all that it said, and the newest run of its project."""

    code: int
    said: str
    project: Path

    @property
    def folder(self) -> Path:
        return (self.project / "reports/runs/latest").resolve()

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "run.json").read_text())
        return document

    @property
    def record(self) -> RunRecord:
        return RunRecord.load(self.folder)

    @property
    def report(self) -> str:
        return (self.folder / "report.html").read_text(encoding="utf-8")

    @property
    def annex(self) -> str:
        """Each scenario in full, as HTML; the report has them as data that a script draws."""
        return render_annex(view_run(self.record))

    @property
    def digest(self) -> str:
        """The digest of the last lines on the terminal."""
        lines = [line for line in self.said.splitlines() if line.startswith("evidence digest: ")]
        assert len(lines) == 1, self.said
        return lines[0].removeprefix("evidence digest: ")

    @property
    def observations_digest(self) -> str:
        """The digest over what was observed, which does not depend on the node's provider."""
        digest: str = self.document["observations_digest"]
        assert f"observations digest: {digest}\n" in self.said
        return digest

    def stop_event(self, scenario: int = 0) -> Event:
        return next(self.record.scenarios[scenario].of(Kind.STOP))


@dataclass
class Project:
    """A copy of the project, small enough to make many, with runs of its own."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path, **environment: str) -> Project:
        folder.mkdir(parents=True)
        for name in ("conftest.py", "pyproject.toml"):
            shutil.copy(ROOT / name, folder)
        for name in ("features", "rigs"):
            shutil.copytree(ROOT / name, folder / name)
        for name in ("fixtures",):
            (folder / name).symlink_to(ROOT / name)
        (folder / "reports").mkdir()
        shutil.copy(ROOT / "reports/acceptance.yaml", folder / "reports")
        (folder / "long.feature").write_text(LONG)
        return cls(folder, environment)

    def rig(self, name: str, *changes: tuple[str, str]) -> str:
        """Write a copy of the virtual rig's file with some passages replaced; return its path in the project."""
        text = (self.folder / "rigs/virtual.yaml").read_text(encoding="utf-8")
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (self.folder / "rigs" / name).write_text(text, encoding="utf-8")
        return f"rigs/{name}"

    def start(
        self, *arguments: str, program: Sequence[str] = ("-m", "hil.cli.main"), said: str = "said.txt", **options: Any
    ) -> Running:
        """Start ``hil`` with these arguments in a process group of its own; what it says goes to the file ``said``."""
        terminal = self.folder / said
        written = terminal.open("w+b")
        options = {"stdout": written, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL, **options}
        process = subprocess.Popen(
            [sys.executable, *program, *arguments],
            cwd=self.folder,
            env=environment(self.environment),
            start_new_session=True,
            **options,
        )
        written.close()
        return Running(process, self.folder, terminal)

    def run(
        self, *arguments: str, program: Sequence[str] = ("-m", "hil.cli.main"), timeout: float = TIMEOUT
    ) -> Finished:
        """Run ``hil`` to its end."""
        return self.start(*arguments, program=program).finish(timeout)


ELSEWHERE = ("NODE", "HIL_", "PYTEST_", "GITHUB_", "GITLAB_")
"""How the names of variables begin that are for this process, and not for the commands that it starts."""


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return this process' environment without what would choose a node or a service, and with ``more``."""
    chosen = {name: value for name, value in os.environ.items() if not name.startswith(ELSEWHERE)}
    # many short processes: without compiled modules each would compile a thousand of them anew
    chosen.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**chosen, "PYTHONPYCACHEPREFIX": str(cache_folder() / "pycache"), "COLUMNS": "160", **more}


@dataclass
class Running:
    """A command that runs."""

    process: subprocess.Popen[bytes]
    folder: Path
    said: Path

    def finish(self, timeout: float = TIMEOUT) -> Finished:
        """Wait for its end; a command that does not end in time is killed, and that is an error."""
        try:
            code = self.process.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=5)
            raise
        return Finished(code, self.said.read_text(encoding="utf-8", errors="replace"), self.folder)

    def wait_for_receipt(self) -> None:
        """Wait until evidence on the disk holds a receipt: the run is in the middle of a session."""

        def receipt_is_written() -> bool:
            assert self.process.poll() is None, self.said.read_text()
            files = self.folder.glob(f"reports/runs/*/scenarios/*{SCENARIO_SUFFIX}")
            return any(b'"RECEIPT"' in scenario_text(file)[0] for file in files)

        poll(receipt_is_written, "a receipt in the evidence")

    def signal(self, number: int) -> None:
        """Send a signal to the process and all of its group, as the terminal does for Ctrl-C."""
        os.killpg(self.process.pid, number)

    def helpers(self) -> list[Helper]:
        """Return the programs that it has started."""
        return helpers_of(self.process)


@dataclass(frozen=True)
class Helper:
    """A process with its command line."""

    pid: int
    parent: int
    started: str
    command: tuple[str, ...]

    @classmethod
    def of(cls, pid: int) -> Helper | None:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return None
        fields = stat[stat.rindex(")") + 2 :].split()
        if fields[0] in "ZX":
            return None
        return cls(pid, int(fields[1]), fields[19], tuple(command.decode(errors="replace").split("\0")))

    @property
    def name(self) -> str:
        return "vbench" if "hil.vbench" in self.command else "bitcoind" if "-regtest" in self.command else "other"

    def is_alive(self) -> bool:
        now = Helper.of(self.pid)
        return now is not None and now.started == self.started

    def endpoints(self) -> list[tuple[str, int]]:
        """Return where it listens, as far as its command line tells."""
        if self.name == "vbench":
            address = self.command[self.command.index("--address") + 1]
            return [(address, port) for port in (5025, 30000, 5020, 7000, 7001, 7002, 7003, 7004)]
        return [("127.0.0.1", int(word.partition("=")[2])) for word in self.command if word.startswith("-rpcport=")]


def processes() -> list[Helper]:
    """Return all processes of this machine."""
    return [helper for helper in map(Helper.of, _process_ids()) if helper is not None]


def helpers_of(process: subprocess.Popen[bytes] | Helper) -> list[Helper]:
    """Return the children of a process."""
    return [helper for helper in processes() if helper.parent == process.pid]


def gone(helpers: Sequence[Helper]) -> bool:
    """Wait for the end of these processes; raises DeadlineExceeded if one is there after 5 s."""
    poll(lambda: not any(helper.is_alive() for helper in helpers), "the end of the helpers", timeout=5.0)
    return True


def command_lines() -> str:
    """Return the command lines of all processes: what ``ps`` shows to everybody."""
    lines = []
    for pid in _process_ids():
        helper = Helper.of(pid)
        lines.append(" ".join(helper.command) if helper else "")
    return "\n".join(lines)


def is_free(endpoint: tuple[str, int]) -> bool:
    """Tell whether a server could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(endpoint)
            probe.listen()
        except OSError:
            return False
    return True


def still_taken(endpoints: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return where no server could listen, after at most 5 s: a port is freed a moment after its process is gone."""
    with contextlib.suppress(DeadlineExceeded):
        poll(lambda: all(map(is_free, endpoints)), "every port to be free", timeout=5.0)
    return [endpoint for endpoint in endpoints if not is_free(endpoint)]


def own_address(number: int) -> str:
    """Return a loopback address that only this process uses, outside of those that the rig chooses (127.64.0.0/10)."""
    pid = os.getpid()
    return f"127.{200 + number}.{pid >> 8 & 255}.{pid % 254 + 1}"


def _process_ids() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]

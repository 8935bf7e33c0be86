"""Runs of the suite from a process that has loaded it already: a trial then starts without three seconds of imports.

The process loads all modules that a run needs and forks once for each run. What a device has wrong is in a program of
its own, so nothing of it stays behind. A defect in code of both sides cannot be put in here: that code is loaded.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from hil.child_process import ChildProcess
from hil.clock import stopwatch
from hil.errors import ExitCode, FrameworkError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PACKAGES = ("hil.bdd", "hil.scenario", "hil.rig", "hil.judge", "hil.report", "hil.chain", "hil.links", "hil.protocol")
"""Loaded beforehand, with all that they load."""

PROGRAM = "hil.cli.main"

PR_SET_PDEATHSIG = 1
"""Of prctl(2): the signal that a process gets when the thread that forked it ends."""

SAFE_END_S = 60.0
"""From being told to end to the end: a run makes its bench safe first."""

LOOK_EVERY_S = 0.2
"""How often a run is held against its time limit, and how late it may be told to end."""


@dataclass
class WarmProcess:
    """A process that waits with all modules loaded; one run at a time."""

    process: ChildProcess

    @classmethod
    def start(cls, root: Path) -> WarmProcess:
        """Start it; it loads while its first run is prepared."""
        return cls(
            ChildProcess(
                "warm process",
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                environment=os.environ | {"PYTHONPATH": os.environ.get("PYTHONPATH", str(root))},
                folder=root,
                dies_with_parent=True,
            )
        )

    def run(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        out: Path,
        timeout: float,
        told_to_end: threading.Event,
    ) -> int:
        """Run ``hil ARGUMENTS`` in a folder, with its output in a file; return the exit code.

        After ``timeout`` seconds, or once ``told_to_end``, it is told to end, and makes its bench safe; ``SAFE_END_S``
        later it is killed.
        """
        document = {"arguments": list(arguments), "folder": str(folder), "env": dict(environment), "out": str(out)}
        self.process.stdin.write(json.dumps(document).encode() + b"\n")
        self.process.stdin.flush()
        child = int(self._line())
        over = threading.Event()
        limit = threading.Thread(target=_limit, args=(child, timeout, told_to_end, over), daemon=True)
        limit.start()
        try:
            return int(self._line())
        finally:
            over.set()
            limit.join()

    def stop(self) -> None:
        """End the process."""
        self.process.end(SAFE_END_S)

    def _line(self) -> bytes:
        line = self.process.stdout.readline()
        if not line:
            what = f"the process that runs the suite {self.process.how_it_ended()}"
            raise FrameworkError(what, place="hil qualify", remedy=f"Its last words: {self.process.last_words()}")
        return line


def _limit(child: int, timeout: float, told_to_end: threading.Event, over: threading.Event) -> None:
    """End a run that is not over in time, or is told to end; a thread's work."""
    watch = stopwatch()
    while not over.wait(LOOK_EVERY_S):
        if told_to_end.is_set() or watch() >= timeout:
            os.kill(child, signal.SIGTERM)
            if not over.wait(SAFE_END_S):
                os.kill(child, signal.SIGKILL)
            return


def _load() -> None:
    for name in PACKAGES:
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            importlib.import_module(found.name)
    importlib.import_module(PROGRAM)
    gc.collect()
    gc.freeze()


def _become(document: dict[str, Any]) -> NoReturn:
    """Be the run: its folder, environment and output, then its exit code."""
    folder = str(document["folder"])
    out = os.open(str(document["out"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(source, target)
    os.chdir(folder)
    os.environ.update(document["env"])
    sys.path[0] = folder
    arguments = list(document["arguments"])
    sys.argv = ["hil", *arguments]
    code = 3
    try:
        code = int(importlib.import_module(PROGRAM).main(arguments))
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 3
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Load, then run what is asked for, one line of JSON each."""
    _load()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asked decides
    own = os.getpid()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            # who sets its time limit is gone when this process is: it ends then, and makes its bench safe first
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != own:
                os._exit(ExitCode.INTERRUPTED)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            _become(json.loads(line))
        _say(child)
        _, status = os.waitpid(child, 0)
        _say(os.waitstatus_to_exitcode(status))


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Runs of the suite from a process that has loaded it already: a trial then starts without three seconds of imports.

The process loads all modules that a run needs and forks once for each run. What a device has wrong is in a program of
its own, so nothing of it stays behind. A defect in code of both sides cannot be put in here: that code is loaded.
"""

from __future__ import annotations

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
from typing import TYPE_CHECKING, NoReturn

from hil.errors import FrameworkError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PACKAGES = ("hil.bdd", "hil.scenario", "hil.rig", "hil.judge", "hil.report", "hil.chain", "hil.links", "hil.protocol")
"""Loaded beforehand, with all that they load."""

PROGRAM = "hil.cli.main"


@dataclass
class WarmProcess:
    """A process that waits with all modules loaded; one run at a time."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls, root: Path) -> WarmProcess:
        """Start it; it loads while its first run is prepared."""
        return cls(
            subprocess.Popen(
                [sys.executable, "-m", __name__],
                cwd=root,
                env=os.environ | {"PYTHONPATH": os.environ.get("PYTHONPATH", str(root))},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )

    def run(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], out: Path, timeout: float
    ) -> int:
        """Run ``hil ARGUMENTS`` in a folder, with its output in a file; return the exit code.

        After ``timeout`` seconds it is told to end, and makes its bench safe.
        """
        document = {"arguments": list(arguments), "folder": str(folder), "env": dict(environment), "out": str(out)}
        if self.process.stdin is not None:
            self.process.stdin.write(json.dumps(document) + "\n")
            self.process.stdin.flush()
        child = int(self._line())
        timer = threading.Timer(timeout, os.kill, (child, signal.SIGTERM))
        timer.daemon = True
        timer.start()
        try:
            return int(self._line())
        finally:
            timer.cancel()

    def stop(self) -> None:
        """End the process."""
        self.process.communicate()

    def _line(self) -> str:
        line = self.process.stdout.readline() if self.process.stdout is not None else ""
        if not line:
            raise FrameworkError("the process that runs the suite has ended", place="hil qualify")
        return line


def _load() -> None:
    for name in PACKAGES:
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            importlib.import_module(found.name)
    importlib.import_module(PROGRAM)
    gc.collect()
    gc.freeze()


def _become(document: dict[str, object]) -> NoReturn:
    """Be the run: its folder, environment and output, then its exit code."""
    folder = str(document["folder"])
    out = os.open(str(document["out"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(source, target)
    os.chdir(folder)
    os.environ.update(document["env"])  # type: ignore[call-overload]
    sys.path[0] = folder
    arguments: object = document["arguments"]
    sys.argv = ["hil", *arguments]  # type: ignore[misc]
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
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
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

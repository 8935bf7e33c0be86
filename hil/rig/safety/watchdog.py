"""``python -m hil.rig.safety.watchdog``: makes the bench safe when the test process cannot (docs/safety.md).

A process of its own, in a session of its own, that the test process starts before any relay moves. Its standard input
is one end of a socket pair; the other end lives in the test process only, so the kernel closes it however that process
ends.

From the test process, one word a line: ``beat`` (the bench is in use; the next beat must come in time), ``rest`` (the
bench is safe, no beats from now on), ``act`` with a reason, ``done`` (normal end: the bench is safe). Back: ``ready``,
``alive`` to each beat, ``resting`` to each ``rest``, and ``acted`` with the report as JSON: a watchdog that hangs is
noticed by its silence. It acts when the link closes without ``done``, when beats stop, when told, and on
SIGTERM.

Until then it holds no connection: an instrument may take one client only, and labgrid holds the relays. After a hang it
goes on watching, since the test process may come back; when the link closes, it acts once more.

On a virtual bench it also holds the bench's standard input, so that the bench outlives the test process until it is
safe. In lockstep, time stands still when the test process stops, and no energy flows: there it asks for no beats, and
loads what it needs to act only then, so that nothing competes with the run for the processor. Drivers of others are
loaded before it is ready in any case, within a deadline.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hil.clock import stopwatch, utc_now
from hil.errors import ConfigurationError, ExitCode, HilError, words
from hil.plugins.groups import LOADS, METERS
from hil.plugins.registry import plugins
from hil.rig.virtual.environment import ADDRESS_VARIABLE
from hil.whole_file import write_whole

if TYPE_CHECKING:
    from hil.rig.safety.standalone_safe_state import SafeStateMaker, SafeStateReport

GONE = "the test process is gone"

NICENESS = -10
"""The watchdog goes before what else runs on this machine, if it may: it sleeps until it is needed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Watch until the test process is done or gone; return 0 if the bench was safe at the end, else 7."""
    options = _parser().parse_args(arguments)
    # Ctrl-C, a closed terminal and a reader that has gone are no reason to leave the bench alone
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    go_before_others()
    wake, woken = socket.socketpair()
    wake.setblocking(False)
    woken.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    if options.address:
        os.environ[ADDRESS_VARIABLE] = options.address
    try:
        with socket.socket(fileno=os.dup(0)) as link:
            return Watchdog(link, woken, options).watch()
    except HilError as error:
        sys.stderr.write(f"hil watchdog: {error}\n")
        return error.exit_code


def go_before_others() -> None:
    """Ask for more of the processor than others get; without the right to (root, RLIMIT_NICE) nothing changes."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hil watchdog", description="Makes the bench safe when a run cannot.")
    parser.add_argument("--rig", type=Path, required=True, help="rig file")
    parser.add_argument("--address", default="", help="where the virtual bench listens")
    parser.add_argument("--lifeline", type=int, default=-1, help="descriptor of the virtual bench's standard input")
    parser.add_argument("--heartbeat", type=float, default=0.0, help="longest silence in seconds; 0: any (lockstep)")
    parser.add_argument("--report", type=Path, help="file for the report of what it did")
    parser.add_argument("--locks", type=Path, help="folder of locks; a rig that does not become safe is locked")
    return parser


def load_added_drivers() -> None:
    """Import the drivers that plug-ins add: their imports may take long, or never end, and nothing is live yet."""
    for group in (LOADS, METERS):
        for plugin in plugins(group):
            if not plugin.is_own:
                with contextlib.suppress(ConfigurationError):  # told by the run, if it needs that driver
                    plugin.load()


class Watchdog:
    """See the module's docstring."""

    def __init__(self, link: socket.socket, woken: socket.socket, options: argparse.Namespace) -> None:
        self._link = link
        self._woken = woken
        self._options = options
        self._limit: float = options.heartbeat
        self._maker: SafeStateMaker | None = None
        self._unread = b""
        self._acts: list[dict[str, object]] = []
        self._silence: Callable[[], float] | None = None
        """Seconds since the last beat; None while none is due."""
        self._code = ExitCode.PASS

    def watch(self) -> int:
        """Return the exit code when there is nothing more to watch."""
        if self._limit:
            self._load().load_drivers()
        else:
            load_added_drivers()
        self._tell("ready")
        while True:
            left = None if self._silence is None or not self._limit else max(0.0, self._limit - self._silence())
            ready, _, _ = select.select([self._link, self._woken], [], [], left)
            if self._woken in ready:
                self._act("the watchdog was told to end (SIGTERM)")
                return self._code
            if self._link in ready:
                if self._take_words():
                    return self._code
            elif self._silence is not None and self._silence() >= self._limit:
                self._silence = None  # the next beat, if there ever is one, counts anew
                self._act(f"no heartbeat of the test process for {self._limit:g} s", since=stopwatch())

    def _take_words(self) -> bool:
        """Read what came; tell whether that was the end."""
        elapsed = stopwatch()
        try:
            data = self._link.recv(4096)
        except OSError:
            data = b""
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            word, _, rest = line.decode(errors="replace").partition(" ")
            if word == "done":
                return True
            if word == "beat":
                self._silence = stopwatch()
                self._tell("alive")
            elif word == "rest":
                self._silence = None
                self._tell("resting")
            elif word == "act":
                self._silence = None
                self._act(rest, since=elapsed)
        if not data:
            self._act(GONE, since=elapsed)
        return not data

    def _load(self) -> SafeStateMaker:
        if self._maker is None:
            from hil.rig.safety.standalone_safe_state import SafeStateMaker

            self._maker = SafeStateMaker(self._options.rig, _say)
        return self._maker

    def _act(self, cause: str, since: Callable[[], float] | None = None) -> None:
        from hil.rig.safety.standalone_safe_state import SafeStateReport

        since = since or stopwatch()
        if self._bench_is_gone():
            nothing = "the virtual bench had ended before: nothing is live"
            report = SafeStateReport(cause, True, round(since() * 1000, 3), (), nothing)
        else:
            try:
                report = self._load().act(cause, since)
            except Exception as error:  # whatever it is, a person must hear that the bench was not switched off
                what = f"{type(error).__name__}: {words(error)}"
                report = SafeStateReport(cause, False, round(since() * 1000, 3), (), "not asked", what)
            if not report.reached and self._bench_is_gone():  # it ended meanwhile, and everything with it
                report = SafeStateReport(cause, True, report.ms, report.steps, "the virtual bench ended meanwhile")
        self._code = ExitCode.PASS if report.reached else ExitCode.RIG_FAULT
        self._publish(report)

    def _publish(self, report: SafeStateReport) -> None:
        """Write to terminal, report, lock and link; one that cannot be written keeps no other from it."""
        document = {**report.document(), "wall": utc_now().isoformat()}
        self._acts.append(document)
        with contextlib.suppress(OSError):
            sys.stderr.write(f"hil watchdog: {report}\n")
            sys.stderr.flush()
        try:
            if self._options.report is not None:
                path: Path = self._options.report
                write_whole(path, json.dumps({**document, "acts": self._acts}, indent=2) + "\n")
            if not report.reached and self._options.locks is not None:
                self._lock(report)
        except (OSError, HilError) as error:
            with contextlib.suppress(OSError):
                sys.stderr.write(f"hil watchdog: {error}\n")
        self._tell(f"acted {json.dumps(document)}")

    def _lock(self, report: SafeStateReport) -> None:
        from hil.rig.config.rig_file import RigFile
        from hil.rig.safety.lock import write_lock

        write_lock(self._options.locks, RigFile.load(self._options.rig), f"{report.cause}: {report.problem}")

    def _tell(self, line: str) -> None:
        with contextlib.suppress(OSError):  # the test process is gone, or stopped with its buffer full
            self._link.send(line.encode() + b"\n", socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)

    def _bench_is_gone(self) -> bool:
        """Tell whether the virtual bench's process has ended: its standard input is then closed."""
        if self._options.lifeline < 0:
            return False
        poll = select.poll()
        poll.register(self._options.lifeline, 0)
        return bool(poll.poll(0))


def _say(text: str) -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write(f"hil watchdog: {text}\n")


if __name__ == "__main__":
    sys.exit(main())

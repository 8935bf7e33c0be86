"""Runs a device's program in real time: its line, its timers, its meter, and the contact open on every way out."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from hil.errors import ExitCode, HilError

if TYPE_CHECKING:
    from hil.clock import Timer, WallClock
    from hil.devices.board import Program
    from hil.devices.hardware.contacts import DeviceContact
    from hil.devices.hardware.serial_link import SerialLink
    from hil.devices.host.console import PlainConsole, StructuredConsole

SHORTEST_TURN_S = 0.001
"""A deadline that is past already is met this much later, so that the line is served in between."""


class PolledMeter(Protocol):
    """A meter that is read by its host's timer."""

    def poll(self) -> None:
        """Read the meter once."""


class RealTimeHost:
    """One device on this machine.

    :param meter: polled every ``poll_s`` seconds on a fixed grid; a grid point that was missed is left out.
    """

    def __init__(
        self,
        program: Program,
        *,
        clock: WallClock,
        link: SerialLink,
        contact: DeviceContact,
        meter: PolledMeter,
        poll_s: float,
        console: StructuredConsole | PlainConsole,
    ) -> None:
        self._program = program
        self._clock = clock
        self._link = link
        self._contact = contact
        self._meter = meter
        self._poll_s = poll_s
        self._console = console
        self._timer: Timer | None = None
        self._ending = ""

    def run(self) -> ExitCode:
        """Run until SIGTERM or SIGINT (exit code 0) or until something fails; the contact is open afterwards."""
        code = ExitCode.PASS
        with _signals(self._clock, self._end):
            try:
                self._start()
                # a timer of the meter is always pending, so the wait never looks for an infinite instant
                self._clock.wait_for(lambda: self._ending, timeout=math.inf, what="a signal to end")
                self._contact.set(closed=False)
                self._program.power_off(self._clock.now())
            except HilError as error:
                code = error.exit_code
                self._console.event("failed", text=str(error), code=int(code))
            except Exception as error:
                code = ExitCode.INTERNAL_ERROR
                self._console.event("failed", text=f"{type(error).__name__}: {error}", code=int(code))
            finally:
                code = self._open_contact(code)
        self._console.event("end", reason=self._ending or "failed", code=int(code))
        return code

    def _start(self) -> None:
        self._console.event("start", pid=os.getpid())
        # a relay board may still do what an earlier run of this program told it
        self._contact.set(closed=False)
        self._link.listener = self._on_link_bytes
        self._meter.poll()
        self._program.power_on(self._clock.now())
        self._clock.attach(self._link)
        self._arm()
        self._clock.call_at(self._clock.now() + self._poll_s, self._on_poll)

    def _open_contact(self, code: ExitCode) -> ExitCode:
        try:
            self._contact.set(closed=False)
        except HilError as error:
            self._console.event("failed", text=f"the contact may be closed: {error}", code=int(error.exit_code))
            return error.exit_code
        return code

    def _on_link_bytes(self, data: bytes) -> None:
        self._program.on_link_bytes(data, self._clock.now())
        self._arm()

    def _on_deadline(self) -> None:
        self._timer = None
        self._program.on_time(self._clock.now())
        self._arm()

    def _on_poll(self) -> None:
        self._meter.poll()
        self._clock.call_at((math.floor(self._clock.now() / self._poll_s) + 1) * self._poll_s, self._on_poll)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._program.next_deadline()
        if deadline is not None and deadline < math.inf:
            self._timer = self._clock.call_at(max(deadline, self._clock.now() + SHORTEST_TURN_S), self._on_deadline)

    def _end(self, name: str) -> None:
        self._ending = name


class _Wakeup:
    """The end of a socket pair that the interpreter writes to when a signal came; wakes the clock."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def fileno(self) -> int:
        return self._end.fileno()

    def on_readable(self) -> None:
        self._end.recv(4096)


@contextlib.contextmanager
def _signals(clock: WallClock, end: _Ender) -> Iterator[None]:
    """Call ``end`` with the signal's name on SIGTERM and SIGINT, between two turns of the clock."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        clock.attach(_Wakeup(ours))
        before = {number: signal.signal(number, lambda n, _: end(signal.Signals(n).name)) for number in numbers}
        old = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(old)
            for number, handler in before.items():
                signal.signal(number, handler)


class _Ender(Protocol):
    def __call__(self, name: str) -> None: ...

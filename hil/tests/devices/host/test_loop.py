from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from hil.clock import WallClock
from hil.devices.hardware.serial_link import SerialLink
from hil.devices.host.console import StructuredConsole
from hil.devices.host.loop import RealTimeHost
from hil.errors import ExitCode, RigFault
from hil.tests.devices.pty_kit import Pty, pty


@dataclass
class Recorded:
    """A contact and a meter that write down what they are told; ``fail_at`` is the poll that raises."""

    switched: list[bool] = field(default_factory=list)
    polls: int = 0
    fail_at: int | None = None
    stuck: bool = False

    def set(self, *, closed: bool) -> None:
        self.switched.append(closed)
        if self.stuck and len(self.switched) > 2:
            raise RigFault("told to open and reads back closed", place="relay")

    def poll(self) -> None:
        self.polls += 1
        if self.polls == self.fail_at:
            raise RigFault("the energy meter does not answer", place="meter")

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class Program:
    """Closes its contact at once, echoes its line, and does ``then`` after 20 ms."""

    contact: Recorded
    link: SerialLink
    then: Callable[[], None]
    due: float | None = None
    ended: bool = False

    def power_on(self, now: float) -> None:
        self.contact.set(closed=True)
        self.due = now + 0.02

    def power_off(self, now: float) -> None:
        self.ended = True

    def on_link_bytes(self, data: bytes, now: float) -> None:
        self.link.write(data[::-1])
        self.then()

    def on_plug(self, plugged: bool, now: float) -> None:
        """This board has no plug contact."""

    def on_time(self, now: float) -> None:
        assert self.due is not None
        assert now >= self.due
        self.due = None
        self.then()

    def next_deadline(self) -> float | None:
        return self.due


@dataclass
class Bench:
    program: Program
    host: RealTimeHost
    events: list[dict[str, object]]
    line: Pty

    def run(self) -> ExitCode:
        return self.host.run()

    def names(self) -> list[object]:
        return [event["event"] for event in self.events]


def bench(line: Pty, contact: Recorded, then: Callable[[], None]) -> Bench:
    clock = WallClock()
    link = SerialLink(line.path)
    events: list[dict[str, object]] = []
    console = StructuredConsole("socket", lambda data: events.append(json.loads(data)), clock.now)
    program = Program(contact, link, then)
    host = RealTimeHost(program, clock=clock, link=link, contact=contact, meter=contact, poll_s=0.01, console=console)
    return Bench(program, host, events, line)


def end(number: int = signal.SIGTERM) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_opens_the_contact_and_ends_the_program_in_order(number: int) -> None:
    before = signal.getsignal(number)
    with pty() as line:
        contact = Recorded()
        one = bench(line, contact, end(number))
        assert one.run() is ExitCode.PASS
    assert contact.switched[:2] == [False, True]
    assert contact.switched[-1] is False
    assert one.program.ended
    assert one.events[-1]["event"] == "end"
    assert one.events[-1]["reason"] == signal.Signals(number).name
    assert signal.getsignal(number) == before


def test_bytes_from_the_line_reach_the_program_and_its_answer_goes_back() -> None:
    with pty() as line:
        one = bench(line, Recorded(), lambda: None)
        said: list[bytes] = []

        def step() -> None:
            if not said:
                said.append(b"abc")
                line.write(b"abc")
            else:
                end()()

        one.program.then = step
        assert one.run() is ExitCode.PASS
        assert line.read(3) == b"cba"


def test_a_program_that_raises_leaves_the_contact_open_and_says_why() -> None:
    def fail() -> None:
        raise LookupError("no such thing")

    with pty() as line:
        contact = Recorded()
        one = bench(line, contact, fail)
        assert one.run() is ExitCode.INTERNAL_ERROR
    assert contact.switched == [False, True, False]
    assert one.names() == ["start", "failed", "end"]
    assert one.events[1]["text"] == "LookupError: no such thing"


def test_a_meter_that_fails_opens_the_contact_and_ends_with_the_code_of_a_rig_fault() -> None:
    with pty() as line:
        contact = Recorded(fail_at=3)
        one = bench(line, contact, lambda: None)
        assert one.run() is ExitCode.RIG_FAULT
    assert contact.switched == [False, True, False]
    assert "the energy meter does not answer" in str(one.events[1]["text"])


def test_a_line_that_is_unplugged_opens_the_contact() -> None:
    with pty() as line:
        contact = Recorded()
        one = bench(line, contact, line.close)
        assert one.run() is ExitCode.RIG_FAULT
    assert contact.switched[-1] is False
    assert "the port is lost" in str(one.events[1]["text"])


def test_a_contact_that_does_not_open_at_the_end_is_told_and_is_the_exit_code() -> None:
    with pty() as line:
        one = bench(line, Recorded(stuck=True), end())
        assert one.run() is ExitCode.RIG_FAULT
    assert "the contact may be closed" in str(one.events[-2]["text"])


def test_the_meter_is_polled_on_a_grid_while_nothing_else_happens() -> None:
    with pty() as line:
        contact = Recorded()
        one = bench(line, contact, lambda: None)
        polls = contact.poll

        def poll() -> None:
            polls()
            if contact.polls == 20:
                end()()

        contact.poll = poll  # type: ignore[method-assign]
        assert one.run() is ExitCode.PASS
    assert contact.polls == 20


# --- the console ---------------------------------------------------------------------------------------------------


def test_each_line_of_the_console_is_one_json_object() -> None:
    sent: list[bytes] = []
    console = StructuredConsole("socket", sent.append, lambda: 1.2341)
    console.write(b"[     0.000] socket: boot")
    console.write(b"loader\r\nsocket: contact closed (credit)\r\n[ 1.000] socket: ready\r\nsocket: halted: x: y\r\n")
    console.event("start", pid=7)
    assert all(line.endswith(b"\r\n") for line in sent)
    assert [json.loads(line) for line in sent] == [
        {"t": 1.234, "role": "socket", "event": "note", "text": "bootloader"},
        {"t": 1.234, "role": "socket", "event": "contact", "closed": True, "reason": "credit"},
        {"t": 1.234, "role": "socket", "event": "ready"},
        {"t": 1.234, "role": "socket", "event": "halted", "text": "x: y"},
        {"t": 1.234, "role": "socket", "event": "start", "pid": 7},
    ]

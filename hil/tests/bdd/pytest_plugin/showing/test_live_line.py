"""The live line on a real pseudo-terminal, and where there is none."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from hil.bdd.pytest_plugin.showing.live_line import LiveLine, describe
from hil.clock import Clock
from hil.rig.virtual.lockstep_clock import LockstepClock
from hil.scenario.observer import Watch
from hil.tests.bdd.screen import Screen
from hil.tests.far_bench import Far


@dataclass
class Seen:
    """What the live line asks an observer for."""

    watch: Watch = field(default_factory=Watch)


@dataclass
class Scenario:
    """What the live line asks a scenario for."""

    clock: Clock = field(default_factory=lambda: LockstepClock(Far()))
    observer: Seen = field(default_factory=Seen)


@pytest.fixture
def scenario() -> Scenario:
    """62.7 s into a toast; the end of the session is awaited."""
    made = Scenario()
    made.clock.sleep(62.7)
    made.observer.watch = Watch(energy_wh=13.92, power_w=1300.3, credited_mwh=16_000, awaited="the end", until=100.0)
    return made


@contextmanager
def standard_output_to(descriptor: int) -> Iterator[None]:
    kept = os.dup(1)
    os.dup2(descriptor, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


@contextmanager
def terminal(columns: int) -> Iterator[tuple[LiveLine, int]]:
    """A live line on a pseudo-terminal, and the end at which a person would look."""
    person, program = pty.openpty()
    fcntl.ioctl(program, termios.TIOCSWINSZ, struct.pack("HHHH", 12, columns, 0, 0))
    attributes = termios.tcgetattr(program)
    attributes[1] &= ~termios.OPOST
    termios.tcsetattr(program, termios.TCSANOW, attributes)
    with standard_output_to(program):
        line = LiveLine()
    try:
        yield line, person
    finally:
        line.close()
        os.close(program)
        os.close(person)


END = b"\x00"


def written(line: LiveLine, person: int) -> bytes:
    """Return all that was written to a terminal; a person may see it in pieces."""
    os.write(line._file, END)
    seen = b""
    while not seen.endswith(END):
        seen += os.read(person, 4096)
    return seen.removesuffix(END)


def due(line: LiveLine) -> LiveLine:
    line._due = 0.0
    return line


def test_the_line_tells_time_power_credit_energy_step_and_how_long_it_may_take(scenario: Scenario) -> None:
    text = describe(scenario, "And the session has ended", 50.2)  # type: ignore[arg-type]  # the part of it that is needed

    assert text == (
        "    62.7 s   1300.3 W  credit   2.08 Wh   13.92 Wh  And the session has ended (12.5 s);"
        " awaiting the end, at most 37 s"
    )


def test_the_line_tells_nothing_of_waits_while_nothing_is_awaited(scenario: Scenario) -> None:
    scenario.observer.watch.awaited = ""

    assert describe(scenario, "When x").endswith("13.92 Wh  When x (62.7 s)")  # type: ignore[arg-type]  # as above


def test_a_reading_just_below_zero_is_shown_as_zero(scenario: Scenario) -> None:
    scenario.observer.watch.power_w, scenario.observer.watch.energy_wh = -0.01, -0.0001

    text = describe(scenario, "When x")  # type: ignore[arg-type]  # as above

    assert " 0.0 W" in text
    assert " 0.00 Wh" in text
    assert "-0.0" not in text


def test_on_a_terminal_the_line_stands_below_the_count_and_is_cleared(scenario: Scenario) -> None:
    with terminal(120) as (line, person):
        screen = Screen()
        screen.feed(b"features/toast.feature ..")
        due(line).show(scenario)  # type: ignore[arg-type]  # as above
        screen.feed(written(line, person))
        shown = screen.text()
        scenario.observer.watch.power_w = 0.0
        due(line).show(scenario)  # type: ignore[arg-type]  # as above
        line.clear()
        screen.feed(written(line, person) + b".")

    assert shown[0] == "features/toast.feature .."
    assert "1300.3 W" in shown[1]
    assert [text for text in screen.text() if text] == ["features/toast.feature ..."]


def test_at_the_bottom_of_the_screen_it_makes_room_for_itself(scenario: Scenario) -> None:
    with terminal(120) as (line, person):
        screen = Screen(rows=3)
        screen.feed(b"one\r\ntwo\r\nthree ..")
        due(line).show(scenario)  # type: ignore[arg-type]  # as above
        screen.feed(written(line, person) + b".")

    assert screen.text()[2] == "three ..."
    assert "1300.3 W" in screen.text()[3]


def test_a_narrow_terminal_gets_one_line_that_does_not_wrap(scenario: Scenario) -> None:
    with terminal(30) as (line, person):
        screen = Screen(columns=30)
        due(line).show(scenario)  # type: ignore[arg-type]  # as above
        screen.feed(written(line, person))

    assert screen.text()[1] == "    62.7 s   1300.3 W  credit"[:29].rstrip()
    assert len(screen.text()) == 2


def test_the_line_is_not_rewritten_more_often_than_a_person_can_read(scenario: Scenario) -> None:
    with terminal(120) as (line, person):
        due(line)
        for _ in range(1000):
            line.show(scenario)  # type: ignore[arg-type]  # as above
        seen = written(line, person)

    assert seen.count(b"1300.3 W") <= 3


def test_the_line_waits_while_a_person_types_an_answer(scenario: Scenario) -> None:
    with terminal(120) as (line, person):
        line.held = True
        due(line).show(scenario)  # type: ignore[arg-type]  # as above
        line.held = False
        due(line).show(scenario)  # type: ignore[arg-type]  # as above
        seen = written(line, person)

    assert seen.count(b"1300.3 W") == 1


def test_without_a_terminal_each_line_stands_alone_and_has_no_control_characters(scenario: Scenario) -> None:
    reader, writer = os.pipe()
    with standard_output_to(writer):
        line = LiveLine()
    due(line).show(scenario)  # type: ignore[arg-type]  # as above
    line.clear()
    line.close()
    os.close(writer)

    written = os.read(reader, 4096).decode()
    os.close(reader)
    assert written.startswith("\n    62.7 s")
    assert written.endswith("\n")
    assert "\x1b" not in written


def test_a_reader_that_is_gone_does_not_end_the_run(scenario: Scenario) -> None:
    reader, writer = os.pipe()
    with standard_output_to(writer):
        line = LiveLine()
    os.close(writer)
    os.close(reader)

    due(line).show(scenario)  # type: ignore[arg-type]  # as above
    line.show(scenario)  # type: ignore[arg-type]  # as above

    line.close()


def test_closing_twice_is_harmless() -> None:
    line = LiveLine()
    line.close()
    line.close()

"""What the person types in the terminal of a run, and what it makes of it; on a real pseudo-terminal."""

from __future__ import annotations

import contextlib
import os
import pty
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import pytest

from hil.bdd.pytest_plugin.showing import answers
from hil.bdd.pytest_plugin.showing.answers import TerminalAnswer, answer_of
from hil.bdd.pytest_plugin.showing.live_line import LiveLine
from hil.live.questions import Answer, Question

QUESTION = Question("0" * 16, "the lamp is lit\x1b[31m", 0.0, 120.0)


@dataclass
class Line:
    """What the terminal's question does to the live line."""

    held: bool = False
    cleared: bool = False

    def clear(self) -> None:
        self.cleared = True


@contextlib.contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[TerminalAnswer, int, Line]]:
    """The place of a run at a terminal, the end at which the person types, and the live line."""
    person, program = pty.openpty()
    attributes = termios.tcgetattr(program)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(program, termios.TCSANOW, attributes)
    monkeypatch.setattr(answers, "TERMINAL", os.ttyname(program))
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())  # it is not the terminal of the process of this test
    line = Line()
    place = TerminalAnswer(cast("LiveLine", line))
    try:
        yield place, person, line
    finally:
        place.close()
        os.close(program)
        os.close(person)


@pytest.mark.parametrize(
    ("typed", "answer", "remark"),
    [
        ("yes", "yes", ""),
        ("  Y ", "yes", ""),
        ("no, it blinks", "no", "it blinks"),
        ("N: too \t dim", "no", "too dim"),
        ("unsure the sun is on it", "unsure", "the sun is on it"),
        ("? what lamp", "unsure", "what lamp"),
        ("yes \x1b[2J\u202e", "yes", "⟨U+001B⟩[2J⟨U+202E⟩"),
    ],
)
def test_a_line_is_an_answer_and_a_remark(typed: str, answer: str, remark: str) -> None:
    found = answer_of(typed)

    assert found is not None
    assert (found.answer, found.remark, found.where) == (answer, remark, "terminal")
    assert found.who


@pytest.mark.parametrize("typed", ["", "yse", "it blinks", "yes-man", "ja", "1", "nothing"])
def test_a_line_that_is_no_answer_is_none(typed: str) -> None:
    assert answer_of(typed) is None


def test_the_question_is_visible_and_the_answer_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as (place, person, line):
        place.ask(QUESTION)
        asked = os.read(person, 4096).decode()
        assert place.answer() is None
        os.write(person, b"yes, at last\n")
        found = place.answer()

    assert "The bench asks the operator: the lamp is lit⟨U+001B⟩[31m" in asked
    assert "120 s" in asked
    assert isinstance(found, Answer)
    assert (found.answer, found.remark) == ("yes", "at last")
    assert line.cleared


def test_what_is_no_answer_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as (place, person, _):
        place.ask(QUESTION)
        os.read(person, 4096)
        os.write(person, b"yse\n")
        assert place.answer() is None
        again = os.read(person, 4096).decode()
        os.write(person, b"yes\n")
        found = place.answer()

    assert "Type yes, no or unsure" in again
    assert found is not None


def test_what_was_typed_before_the_question_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as (place, person, _):
        os.write(person, b"yes\n")
        place.ask(QUESTION)

        assert place.answer() is None


def test_the_live_line_waits_while_the_person_types(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as (place, _, line):
        place.ask(QUESTION)
        assert line.held
        place.close()
        assert not line.held
        place.close()


def test_a_run_in_the_background_does_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as (place, person, line):
        monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + 1)
        place.ask(QUESTION)

        assert place.answer() is None
        assert not line.held
        os.set_blocking(person, False)
        with pytest.raises(BlockingIOError):
            os.read(person, 1)


def test_a_run_without_a_terminal_does_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "TERMINAL", "/nowhere/tty")
    place = TerminalAnswer(cast("LiveLine", Line()))
    place.ask(QUESTION)

    assert place.answer() is None
    place.close()

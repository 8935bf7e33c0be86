"""Lines from a pipe."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from hil.clock import WallClock
from hil.shell.prompt import PlainPrompt


@pytest.fixture
def pipe() -> Iterator[tuple[PlainPrompt, int]]:
    reader, writer = os.pipe()
    yield PlainPrompt(reader), writer
    os.close(reader)


def test_lines_come_one_by_one_and_the_last_needs_no_end(
    pipe: tuple[PlainPrompt, int], capsys: pytest.CaptureFixture[str]
) -> None:
    prompt, writer = pipe
    os.write(writer, "Given a\r\n\nThen é".encode())
    os.close(writer)

    assert [prompt.read("> "), prompt.read("> "), prompt.read("> ")] == ["Given a", "", "Then é"]
    with pytest.raises(EOFError):
        prompt.read("> ")
    assert capsys.readouterr().out == "> Given a\n> \n> Then é\n"
    assert not prompt.interactive


def test_a_rig_in_real_time_is_served_until_something_is_there(pipe: tuple[PlainPrompt, int]) -> None:
    prompt, writer = pipe
    turns = 0
    clock = WallClock()

    def serve(typed: Callable[[], bool]) -> None:
        nonlocal turns
        while not typed():
            turns += 1
            if turns == 3:
                os.write(writer, b"Given a\n")
            clock.sleep(0.001)

    assert prompt.read("> ", serve) == "Given a"
    assert turns == 3
    os.close(writer)


def test_what_fails_while_nobody_types_ends_the_reading(pipe: tuple[PlainPrompt, int]) -> None:
    prompt, writer = pipe

    def serve(_: Callable[[], bool]) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        prompt.read("> ", serve)
    os.close(writer)

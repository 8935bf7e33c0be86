"""A scenario's file is read while it is written, packed or not, and each event is told once."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.evidence.documents import Event, Kind, encode
from hil.evidence.run_folder.blocks import BlockCompressor
from hil.evidence.tail import ScenarioTail, first_and_stop

EVENTS = [
    Event(Kind.START, 0.0, "bench", {"name": "a toast"}),
    *(Event(Kind.READING, float(n), "meter", {"power_W": 1300.0 + n}) for n in range(1, 40)),
    Event(Kind.STOP, 40.0, "bench", {"verdict": "pass"}),
]
TEXT = b"".join(encode(event.canonical()) + b"\n" for event in EVENTS)


def packed(text: bytes) -> bytes:
    """Return the file as the writer packs it: flushed after each line, and in several blocks."""
    blocks = BlockCompressor()
    content = b""
    for number, line in enumerate(text.splitlines(keepends=True)):
        content += blocks.add(line) + blocks.flush() + (blocks.end() if number % 15 == 0 else b"")
    return content + blocks.end()


FILES = {"x.jsonl": TEXT, "x.jsonl.gz": packed(TEXT)}


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=25)
@given(cuts=st.lists(st.floats(0, 1), max_size=6))
def test_however_the_file_grows_each_event_is_told_once(
    name: str, cuts: list[float], tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = FILES[name]
    path = tmp_path_factory.mktemp("tail") / name
    path.write_bytes(b"")
    tail, told = ScenarioTail(path), []
    for begin, end in pairwise([0, *sorted(int(cut * len(content)) for cut in cuts), len(content)]):
        with path.open("ab") as file:
            file.write(content[begin:end])
        told += list(tail.events())

    assert told == EVENTS
    assert tail.damage == ""


def test_what_was_flushed_is_told_before_the_member_ends(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    blocks = BlockCompressor()
    path.write_bytes(blocks.add(TEXT) + blocks.flush())

    assert list(ScenarioTail(path).events()) == EVENTS


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_turns_to_garbage_is_told_up_to_there(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name] + b"\x00garbage\n\n")
    tail = ScenarioTail(path)

    assert list(tail.events()) == EVENTS
    assert tail.damage
    assert list(tail.events()) == []


def test_a_line_that_never_ends_is_damage_and_fills_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hil.evidence.tail.LONGEST_LINE", 1000)
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"x" * 5000)
    tail = ScenarioTail(path)

    assert list(tail.events()) == []
    assert tail.damage == "a line does not end"


def test_a_file_that_is_gone_is_damage(tmp_path: Path) -> None:
    tail = ScenarioTail(tmp_path / "x.jsonl")

    assert list(tail.events()) == []
    assert "No such file" in tail.damage


@pytest.mark.parametrize("name", FILES)
def test_of_a_scenario_that_has_ended_the_first_and_the_last_event_tell_enough(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])

    assert first_and_stop(path) == (EVENTS[0], EVENTS[-1])


def test_a_scenario_that_goes_on_has_no_stop(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(TEXT[: TEXT.rindex(b'{"bounds"')])

    assert first_and_stop(path) == (EVENTS[0], None)

"""The transcripts themselves: both the drivers and the virtual instruments are held against them."""

from __future__ import annotations

import pytest

from hil.plugin_tests.transcripts import Line, differing_replies, let_driver_speak, wrong_lines
from hil.tests.instruments.scripted import TRANSCRIPTS, load_transcript

NAMES = sorted(path.stem for path in TRANSCRIPTS.glob("*.yaml") if "*IDN?" in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_every_line_has_a_source_and_an_example_that_fits_its_pattern(name: str) -> None:
    assert wrong_lines(load_transcript(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_driver_says_nothing_to_its_instrument_that_the_transcript_does_not_have(name: str) -> None:
    let_driver_speak(name, load_transcript(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_the_transcript_gets_its_reply_from_the_virtual_instrument(name: str) -> None:
    assert differing_replies(name, load_transcript(name)) == []


def test_a_command_that_the_transcript_does_not_have_is_found_out() -> None:
    short = [line for line in load_transcript("wt310e") if line.tx != ":COMM:HEAD OFF"]

    with pytest.raises(AssertionError, match=r"not in the transcript: \[':COMM:HEAD OFF'\]"):
        let_driver_speak("wt310e", short)


def test_a_reply_that_the_transcript_does_not_have_is_found_out() -> None:
    lines = load_transcript("dl3021")
    changed = [Line(line.tx, "FIX", "u") if line.tx == ":SOUR:FUNC?" else line for line in lines]

    assert all("':SOUR:FUNC?' was answered by 'C" in found for found in differing_replies("dl3021", changed))
    assert differing_replies("dl3021", changed)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (Line("*RST", None, "x"), "line 1: 'x' is no source; known: b, d, m, u"),
        (Line("*IDN?", None, "u"), "line 1: '*IDN?' is a query (rx: None)"),
        (Line("*RST", "1", "u"), "line 1: '*RST' is no query (rx: 1)"),
        (Line("READ?", "1,2", "u", r"\d"), r"line 1: '1,2' does not match '\d'"),
    ],
)
def test_a_line_that_is_wrong_is_told(line: Line, told: str) -> None:
    assert wrong_lines([line]) == [told]


def test_a_transcript_without_lines_holds_nothing() -> None:
    assert wrong_lines([]) == ["it has no lines"]

"""YAML that people write: every mistake has its place."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil import yaml_file
from hil.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("a: !!int b", "x.yaml", "this is no YAML"),
        ("a: [1", "x.yaml:1:6", "this is no YAML"),
        ("a: 1\na: 2", "x.yaml:2:1", "this is no YAML"),
        ("[" * 5000, "x.yaml", "nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, place: str, what: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        yaml_file.parse(text, "x.yaml")

    assert caught.value.place is not None
    assert caught.value.place.startswith(place)
    assert what in str(caught.value)


def test_a_day_in_quotes_is_a_text_whatever_the_calendar_says() -> None:
    assert yaml_file.plain(yaml_file.parse("a: '2025-02-30'", "x")) == {"a": "2025-02-30"}


def test_a_day_and_an_instant_are_the_texts_that_stand_there() -> None:
    document = yaml_file.parse("day: 2026-01-05\nlist: [2026-01-05T10:00:00Z]", "x")

    assert yaml_file.plain(document) == {"day": "2026-01-05", "list": ["2026-01-05T10:00:00Z"]}


def test_a_file_that_is_no_text_or_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe")
    for name, words in (("x.yaml", "no UTF-8"), ("y.yaml", "No such file"), (".", "Is a directory")):
        with pytest.raises(ConfigurationError, match=words):
            yaml_file.load(tmp_path / name)


@given(st.text(alphabet="-0123456789: []{}'\"#aT.eZ&*!|>\n", max_size=40))
def test_any_text_is_a_document_or_a_mistake_of_its_author(text: str) -> None:
    with contextlib.suppress(ConfigurationError):
        yaml_file.plain(yaml_file.parse(text, "x.yaml"))

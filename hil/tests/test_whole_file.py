"""A file is written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.whole_file import write_whole


@pytest.mark.parametrize("content", ["ä\n", "ä\n".encode(), ["ä", "\n"]])
def test_a_text_its_parts_and_bytes_are_written_as_they_are(tmp_path: Path, content: str | bytes | list[str]) -> None:
    write_whole(tmp_path / "file.json", content)

    assert (tmp_path / "file.json").read_bytes() == "ä\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["file.json"]


def test_what_cannot_be_written_to_its_end_leaves_what_was_there(tmp_path: Path) -> None:
    def parts() -> Iterator[str]:
        yield "half"
        raise OSError("the disk is full")

    (tmp_path / "file.json").write_text("before")
    with pytest.raises(OSError, match="the disk is full"):
        write_whole(tmp_path / "file.json", parts())

    assert (tmp_path / "file.json").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["file.json"]


def test_a_private_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    write_whole(tmp_path / "file.json", "secret", private=True)

    assert (tmp_path / "file.json").stat().st_mode & 0o777 == 0o600

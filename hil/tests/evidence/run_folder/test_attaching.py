"""Files that a scenario adds to its evidence."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import pytest

from hil.errors import AuthorError
from hil.evidence.documents import Verdict
from hil.evidence.run_folder import attaching
from hil.evidence.run_folder.attaching import Attaching
from hil.evidence.store import RunWriter
from hil.report.evidence.verification import verified


@pytest.fixture
def attach(tmp_path: Path) -> Attaching:
    (tmp_path / "laboratory").mkdir()
    (tmp_path / "run").mkdir()
    return Attaching(tmp_path / "laboratory", tmp_path / "run", 7)


def test_the_run_folder_keeps_a_copy_as_it_was_then(attach: Attaching) -> None:
    photo = attach.root / "Photo of K1.JPG"
    photo.write_bytes(b"first")
    told = attach.take("Photo of K1.JPG")
    photo.write_bytes(b"second")
    assert told == {
        "file": "attachments/0007-photo-of-k1.jpg",
        "name": "Photo of K1.JPG",
        "bytes": 5,
        "sha256": hashlib.sha256(b"first").hexdigest(),
    }
    assert (attach.folder / "attachments/0007-photo-of-k1.jpg").read_bytes() == b"first"


def test_two_files_of_one_name_are_both_kept(attach: Attaching) -> None:
    for folder in ("a", "b"):
        (attach.root / folder).mkdir()
        (attach.root / folder / "log.txt").write_text(folder)
    files = [attach.take(f"{folder}/log.txt")["file"] for folder in ("a", "b")]
    assert files == ["attachments/0007-log.txt", "attachments/0007-log-1.txt"]


@pytest.mark.parametrize("name", ["..", "a/../../b", ".hidden", "x.<svg>", "\u202egnp.exe"])
def test_whatever_its_name_a_copy_stays_in_the_folder_of_attachments(attach: Attaching, name: str) -> None:
    (attach.root / "a").mkdir()
    source = attach.root / name
    if source.is_dir():
        with pytest.raises(AuthorError, match="it is no file"):
            attach.take(name)
        return
    source.write_bytes(b"x")
    file = Path(str(attach.take(name)["file"]))
    assert file.parent == Path("attachments")
    assert (attach.folder / file).read_bytes() == b"x"
    assert file.name.isascii()


def test_what_is_no_file_is_the_authors_mistake_and_says_whence_paths_count(attach: Attaching) -> None:
    with pytest.raises(AuthorError, match="it is not there") as caught:
        attach.take("photo.jpg")
    assert str(attach.root) in str(caught.value.remedy)


def test_a_file_that_is_too_large_is_refused(attach: Attaching, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attaching, "LARGEST_MIB", 1)
    (attach.root / "film.mp4").write_bytes(bytes((1 << 20) + 1))
    with pytest.raises(AuthorError, match="it has 1 MiB, at most 1 MiB are allowed"):
        attach.take("film.mp4")
    assert not (attach.folder / "attachments").exists()


def test_a_pipe_or_a_device_is_refused_and_never_read(attach: Attaching) -> None:
    os.mkfifo(attach.root / "pipe")
    (attach.root / "zeros").symlink_to("/dev/zero")
    for name in ("pipe", "zeros"):
        with pytest.raises(AuthorError, match="it is no file"):
            attach.take(name)


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "loop"])
def test_a_file_that_cannot_be_read_is_the_authors_mistake(attach: Attaching, name: str) -> None:
    (attach.root / "loop").symlink_to("loop")
    with pytest.raises(AuthorError, match="it cannot be read"):
        attach.take(name)


def test_of_a_file_that_grows_what_was_there_at_first_is_kept(
    attach: Attaching, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = attach.root / "device.log"
    log.write_bytes(b"first\n")
    piece = attaching._piece

    def growing(file: io.FileIO, source: Path, size: int) -> bytes:
        with log.open("ab") as more:
            more.write(b"later\n")
        return piece(file, source, size)

    monkeypatch.setattr(attaching, "_piece", growing)
    told = attach.take("device.log")
    assert (attach.folder / str(told["file"])).read_bytes() == b"first\n"
    assert told["bytes"] == 6
    assert told["sha256"] == hashlib.sha256(b"first\n").hexdigest()


def test_an_attached_file_is_in_the_manifest_whatever_its_suffix(tmp_path: Path) -> None:
    (tmp_path / "device.tmp").write_bytes(b"x")
    run = RunWriter.create(tmp_path / "run", {"seed": "1"}, {})
    file = str(Attaching(tmp_path, run.folder, 7).take("device.tmp")["file"])
    run.finish(Verdict.PASS)
    (run.folder / file).write_bytes(b"y")
    assert any(file in sentence for sentence in verified(run.folder).sentences)

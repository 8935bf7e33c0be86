"""A folder that is a file system of its own for the programs that join it, and fails as a disk does."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.errors import RigFault
from hil.private_folder import PrivateFolder, why_unavailable


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[PrivateFolder]:
    folder = PrivateFolder(tmp_path)
    yield folder
    folder.close()


def run(folder: PrivateFolder, script: str) -> tuple[int, str]:
    """Run a shell script in the storage; return its exit code and all that it said."""
    joined = folder.joining(["sh", "-c", f"cd '{folder.storage}' && {script}"], Path("/"))
    done = subprocess.run(joined, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30, check=False)
    return done.returncode, done.stdout


def test_this_machine_allows_it() -> None:
    assert why_unavailable() == ""


def test_what_a_program_stores_is_there_for_the_next_one_and_for_nobody_else(folder: PrivateFolder) -> None:
    assert run(folder, "echo kept >record") == (0, "")
    assert run(folder, "cat record") == (0, "kept\n")
    assert not folder.storage.exists()


@pytest.mark.parametrize(
    ("fault", "why"), [("full", "No space left on device"), ("read-only", "Read-only file system")]
)
def test_a_storage_that_fails_takes_no_record_from_any_program_until_it_works_again(
    folder: PrivateFolder, fault: str, why: str
) -> None:
    run(folder, "echo old >record")
    folder.tell(fault)
    code, said = run(folder, "LC_ALL=C dd if=/dev/zero of=draft bs=100 count=1")
    assert (code, why in said) == (1, True)
    assert run(folder, "cat record") == (0, "old\n")
    folder.tell("works again")
    assert run(folder, "echo new >record && cat record") == (0, "new\n")


def test_torn_files_lose_their_second_half(folder: PrivateFolder) -> None:
    run(folder, "printf 12345678 >first && touch -d '2020-01-01' first && printf abcdefgh >second")
    folder.tell("torn in its newest file")
    assert run(folder, "cat first second") == (0, "12345678abcd")
    folder.tell("torn in every file")
    assert run(folder, "cat first second") == (0, "1234ab")


def test_a_file_that_is_open_for_writing_keeps_the_storage_writable_and_that_is_told(folder: PrivateFolder) -> None:
    script = f"exec 3>'{folder.storage}/log'; echo open; read -r done"
    with subprocess.Popen(
        folder.joining(["sh", "-c", script], Path("/")), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdin is not None
        assert writer.stdout.readline() == b"open\n"
        with pytest.raises(RigFault, match=r"cannot be made 'read-only': .*While the program holds a file open"):
            folder.tell("read-only")
        writer.stdin.close()
    folder.tell("read-only")


def test_a_program_runs_in_the_folder_that_it_is_given(folder: PrivateFolder, tmp_path: Path) -> None:
    done = subprocess.run(folder.joining(["pwd"], tmp_path.parent), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(tmp_path.parent)


def test_a_folder_that_cannot_be_mounted_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file or directory"):
        PrivateFolder(tmp_path / "missing")


def test_an_unknown_word_changes_nothing_and_is_told(folder: PrivateFolder) -> None:
    with pytest.raises(RigFault, match="'melted' is not a way to fail"):
        folder.tell("melted")
    assert run(folder, "echo new >record") == (0, "")

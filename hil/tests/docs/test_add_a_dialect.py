"""docs/how-to/add-a-dialect.md, followed to the letter in a copy of the project."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "add-a-dialect.md"
BLOCK = re.compile(r"^```(\w+)(?: (\w+)=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TIMEOUT = 120.0


def copy_project(folder: Path) -> None:
    """Copy what the page's steps touch and what its command runs."""
    shutil.copytree(ROOT / "hil", folder / "hil", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "fixtures", folder / "fixtures", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "conftest.py"):
        shutil.copy(ROOT / name, folder / name)


def follow(folder: Path) -> Iterator[str]:
    """Do what each block says; yield the commands to run."""
    for language, what, where, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        match what:
            case "file":
                assert not (folder / where).exists(), f"{where} is there already"
                (folder / where).write_text(text, encoding="utf-8")
            case "import":
                insert(folder / where, r"^from hil\.", text, before=True)
            case "entry":
                file, _, table = where.partition(":")
                insert(folder / file, rf"^{table}: .*\{{$", text, before=False)
            case _:
                assert language == "sh", f"a block that says nothing: {text}"
                yield text


def insert(path: Path, line: str, text: str, *, before: bool) -> None:
    source = path.read_text(encoding="utf-8")
    match = re.search(line, source, re.MULTILINE)
    assert match is not None, f"no line '{line}' in {path.name}"
    place = match.start() if before else match.end() + 1
    path.write_text(source[:place] + text + source[place:], encoding="utf-8")


def test_the_page_gives_a_dialect_that_passes_every_test(tmp_path: Path) -> None:
    copy_project(tmp_path)
    commands = list(follow(tmp_path))
    assert len(commands) == 1
    command = [sys.executable if word == "python" else word for word in shlex.split(commands[0])]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    # two of the transcript, one of the virtual instrument, conformance on a socket and on a serial line, and readings
    # under each of two loads
    assert int(passed[1]) == 7, done.stdout

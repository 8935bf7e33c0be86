"""A page of the documentation, followed to the letter in a copy of the project.

What stands behind the language of a fenced block says what is done with it:

- ``sh``: run; it must end with 0, or with the code that ``exit=`` names. ``sh check``: its arguments are looked at.
- ``shown``: each line must be in what the command before it wrote.
- ``file=PATH``: a new file. ``replace=PATH``: in the place of one that is there. ``append=PATH``: at its end.
  ``import=PATH``: before its first import of the framework. ``entry=PATH:NAME``: into the table of that name.

Any other block is there to be read.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hil.chain.node.folders import cache_folder
from hil.tests.acceptance.commands import environment

ROOT = Path(__file__).parents[3]
TIMEOUT_S = 300.0
"""For the commands of one block, on a machine that is busy with other things."""

COPIED = ("hil", "features", "rigs", "fixtures", "reports/acceptance.yaml", "pyproject.toml", "conftest.py", "Makefile")

_BLOCK = re.compile(r"^(?P<indent> *)```(?P<language>\w+)(?P<words>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what stands behind it, its lines without their common indent."""

    language: str
    words: tuple[str, ...]
    text: str

    def value(self, name: str) -> str:
        """Return what stands behind ``name=``; empty if it does not."""
        return next((word.partition("=")[2] for word in self.words if word.startswith(f"{name}=")), "")

    @property
    def commands(self) -> list[str]:
        """The commands, each on one line, without comments."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [shlex.join(shlex.split(line, comments=True)) for line in lines if line.strip()]


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page in their order."""
    found = _BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Block(each["language"], tuple(each["words"].split()), textwrap.dedent(each["text"])) for each in found]


@dataclass(frozen=True)
class Done:
    """A block of commands that has run: its exit code and all that it wrote."""

    code: int
    said: str


class Copy:
    """A copy of the project, in which pages are followed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        for name in COPIED:
            (self.folder / name).parent.mkdir(exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, self.folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, self.folder / name)
        (self.folder / ".venv/bin").mkdir(parents=True)
        (self.folder / ".venv/bin/activate").touch()
        self._source = self.folder
        self._programs = _programs(folder / "bin")
        self._cache = own_cache(folder / "cache")

    def follow(self, page: Path) -> Iterator[tuple[Block, Done]]:
        """Do what each block says, in their order; yield each block of commands, with what came of it."""
        for block in blocks(page):
            if block.language == "sh" and "check" not in block.words:
                yield block, self.run(block.text)
            else:
                self._put(block)

    def run(self, commands: str) -> Done:
        """Run shell commands in the copy, up to the first one that fails."""
        search = f"{self._programs}{os.pathsep}{os.environ['PATH']}"
        settings = {"PATH": search, "PYTHONPATH": str(self._source), "NODE": "native", "HIL_CACHE": str(self._cache)}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],  # noqa: S607 - the machine's
            cwd=self.folder,
            env={**environment(settings)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return Done(done.returncode, done.stdout)

    def _put(self, block: Block) -> None:
        if where := block.value("file"):
            assert not (self.folder / where).exists(), f"{where} is there already"
            (self.folder / where).parent.mkdir(exist_ok=True)
            (self.folder / where).write_text(block.text, encoding="utf-8")
        elif where := block.value("replace"):
            assert (self.folder / where).exists(), f"{where} is not there"
            (self.folder / where).write_text(block.text, encoding="utf-8")
        elif where := block.value("append"):
            path = self.folder / where
            path.write_text(f"{path.read_text(encoding='utf-8')}\n\n{block.text}", encoding="utf-8")
        elif where := block.value("import"):
            _insert(self.folder / where, r"^from hil\.", block.text, before=True)
        elif where := block.value("entry"):
            file, _, table = where.partition(":")
            _insert(self.folder / file, rf"^{table}: .*\{{$", block.text, before=False)


class OwnLaboratory(Copy):
    """A laboratory that ``hil init`` made, in which pages are followed; the framework is this checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "lab"
        self._source = ROOT
        self._programs = _programs(folder / "bin")
        self._cache = own_cache(folder / "cache")
        self.folder.mkdir()
        made = self.run("hil init .")
        assert made.code == 0, made.said


def _insert(path: Path, line: str, text: str, *, before: bool) -> None:
    source = path.read_text(encoding="utf-8")
    match = re.search(line, source, re.MULTILINE)
    assert match is not None, f"no line '{line}' in {path.name}"
    place = match.start() if before else match.end() + 1
    path.write_text(source[:place] + text + source[place:], encoding="utf-8")


def _programs(folder: Path) -> Path:
    """Make the commands that pages use: ``hil`` and ``python`` of this environment, and a ``make`` that only tells."""
    folder.mkdir()
    for name, words in (
        ("hil", [sys.executable, "-m", "hil.cli.main"]),
        ("python", [sys.executable]),
        ("make", ["/usr/bin/make", "--dry-run", "-o", ".venv/.installed"]),
    ):
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    return folder


def own_cache(folder: Path) -> Path:
    """Make a cache with the node of the common one, and without the state of a node that stands."""
    folder.mkdir()
    for path in cache_folder().glob("debian-*"):
        (folder / path.name).symlink_to(path)
    return folder

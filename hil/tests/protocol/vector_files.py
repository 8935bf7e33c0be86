"""The vector files as tests take them: what is taken is noted, so that a group that no test takes is found."""

from __future__ import annotations

import ast
import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

FOLDER: Final = Path(__file__).parents[3] / "fixtures" / "data" / "vectors"
TESTS: Final = Path(__file__).parents[1]
FOR_PEOPLE: Final = frozenset({"source"})
"""Groups that say where a file comes from; there is nothing in them to test."""

Json = dict[str, Any]

_taken: set[tuple[str, str]] = set()


def load(file: str) -> Json:
    """Return a whole vector file, without taking anything from it."""
    return _read(FOLDER / f"{file}.json")


@functools.cache
def _read(path: Path) -> Json:
    document: Json = json.loads(path.read_text(encoding="utf-8"))
    return document


def part(file: str, group: str) -> Any:
    """Take one top-level group of a vector file."""
    _taken.add((file, group))
    return load(file)[group]


def each_case(file: str, *groups: str) -> pytest.MarkDecorator:
    """Run a test on every case of these groups, as its argument ``case``."""
    cases = [case for group in groups for case in part(file, group)]
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


def untaken() -> list[str]:
    """Return each ``file: group`` that no test takes.

    Tests of other folders need not use this module: it is enough that one of them names the file and the group.
    """
    taken = _taken | set(_named_elsewhere())
    groups = [
        (path.stem, group) for path in sorted(FOLDER.glob("*.json")) for group in load(path.stem).keys() - FOR_PEOPLE
    ]
    return [f"{file}: {group}" for file, group in sorted(groups) if (file, group) not in taken]


def _named_elsewhere() -> Iterator[tuple[str, str]]:
    files = {path.stem for path in FOLDER.glob("*.json")}
    for path in TESTS.rglob("test_*.py"):
        source = path.read_text(encoding="utf-8")
        named = [file for file in files if f"{file}.json" in source]
        if named and path.parent != Path(__file__).parent:
            words = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
            yield from ((file, str(word)) for file in named for word in words)

"""Whatever the framework tells a user to look at, the user has: the documentation is no part of the wheel."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CODE = ROOT / "hil"
NEW_LABORATORY = CODE / "cli/new_laboratory"
WRITTEN_BY_INIT = {"README.md"}
NAMED = re.compile(r"(?<![\w/:|])(?:docs/[\w/.-]*|[\w/.-]+\.md\b)")


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of each string of a module; of docstrings only those of steps, which hil steps shows."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    shown = "steps" in path.relative_to(CODE).parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and (shown or id(node) not in docstrings):
            yield node.lineno, node.value


def has(name: str) -> bool:
    """Tell whether a user has a file of that name: in the package, or in a new laboratory."""
    return name in WRITTEN_BY_INIT or (name.startswith("hil/") and (ROOT / name).is_file())


def missing_in(text: str) -> list[str]:
    return [name for name in NAMED.findall(text) if not has(name.rstrip("."))]


def test_no_message_names_a_file_that_is_not_in_the_wheel() -> None:
    modules = [path for path in CODE.rglob("*.py") if "tests" not in path.parts]
    assert len(modules) > 300
    constants = {"SPEC.md", "readme.md"}  # joined to the folder of the package in which they lie
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in modules
        for line, text in texts(path)
        if text not in constants
        for name in missing_in(text)
    ]
    assert found == []


def test_no_file_of_a_new_laboratory_names_one_that_is_not_in_the_wheel() -> None:
    files = [path for path in NEW_LABORATORY.iterdir() if path.is_file()]
    found = {path.name: missing_in(path.read_text(encoding="utf-8")) for path in files}
    assert {name: each for name, each in found.items() if each} == {}


@pytest.mark.parametrize("text", ["docs/how-to/x.md shows it", "Write one: docs/how-to.", "See SPEC.md, Error codes"])
def test_a_file_that_no_wheel_has_would_be_found(text: str) -> None:
    assert missing_in(text)
    assert not missing_in("hil/protocol/SPEC.md has it")

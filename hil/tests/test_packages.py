"""What a wheel holds: the product, and none of its tests."""

from __future__ import annotations

import tomllib
from pathlib import Path

from setuptools import find_packages  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]


def packages() -> list[str]:
    """Return the packages that pyproject.toml lets setuptools find."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    chosen = project["tool"]["setuptools"]["packages"]["find"]
    return list(find_packages(str(ROOT), include=chosen["include"], exclude=chosen["exclude"]))


def test_the_tests_are_no_part_of_the_wheel() -> None:
    assert [name for name in packages() if name.startswith("hil.tests")] == []


def test_every_package_outside_the_tests_is_part_of_the_wheel() -> None:
    folders = [path.parent.relative_to(ROOT) for path in (ROOT / "hil").rglob("__init__.py")]
    ours = {".".join(folder.parts) for folder in folders if "tests" not in folder.parts}

    assert set(packages()) == ours

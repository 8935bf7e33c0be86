"""What a wheel holds: the product with its data, and none of its tests."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from setuptools import find_packages  # type: ignore[import-untyped]
from setuptools.command.build_py import build_py  # type: ignore[import-untyped]
from setuptools.dist import Distribution  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
CODE = {".py", ".pyc"}


def settings() -> dict[str, Any]:
    """Return what pyproject.toml says to setuptools."""
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    return found


def packages() -> list[str]:
    """Return the packages that pyproject.toml lets setuptools find."""
    chosen = settings()["packages"]["find"]
    return list(find_packages(str(ROOT), include=chosen["include"], exclude=chosen["exclude"]))


def test_the_tests_are_no_part_of_the_wheel() -> None:
    assert [name for name in packages() if name.startswith("hil.tests")] == []


def test_every_package_outside_the_tests_is_part_of_the_wheel() -> None:
    folders = [path.parent.relative_to(ROOT) for path in (ROOT / "hil").rglob("__init__.py")]
    ours = {".".join(folder.parts) for folder in folders if "tests" not in folder.parts}

    assert set(packages()) == ours


def test_every_file_of_the_product_that_is_no_code_is_part_of_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    patterns = {"": settings()["package-data"]["*"]}  # in pyproject.toml "*" stands for every package
    command = build_py(Distribution({"packages": packages(), "package_data": patterns}))
    command.finalize_options()
    taken = {Path(folder, name) for _, folder, _, names in command.data_files for name in names}
    files = [path.relative_to(ROOT) for path in (ROOT / "hil").rglob("*") if path.is_file()]

    ours = {path for path in files if path.suffix not in CODE and "tests" not in path.parts}
    assert ours - taken == set()

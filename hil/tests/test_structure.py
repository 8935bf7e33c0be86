"""The house itself: no circle of imports, no room too full, no module too long."""

from __future__ import annotations

from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

PACKAGE = Path(__file__).parents[1]
MOST_MODULES = 15
"""Modules side by side in one folder, ``__init__`` among them."""
MOST_LINES = 300


def modules() -> list[Path]:
    tests = PACKAGE / "tests"
    return sorted(path for path in PACKAGE.rglob("*.py") if tests not in path.parents)


def test_no_circle_of_imports_not_even_for_the_type_checker() -> None:
    graph = grimp.build_graph("hil", cache_dir=None)
    product = [module for module in graph.modules if not module.startswith("hil.tests")]

    try:
        TopologicalSorter({each: graph.find_modules_directly_imported_by(each) for each in product}).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_no_folder_holds_more_modules_than_one_can_overlook() -> None:
    full = Counter(path.parent for path in modules())

    assert {str(folder): count for folder, count in full.items() if count > MOST_MODULES} == {}


def test_no_module_is_too_long_to_be_read_at_once() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}

    assert {str(path): length for path, length in lengths.items() if length > MOST_LINES} == {}

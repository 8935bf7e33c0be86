"""The page of a study in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from hil.study.report.page import page
from hil.tests.report.browser.conftest import Open
from hil.tests.report.conftest import NASTY
from hil.tests.study.results import limit, session, study


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The page of a study with a foreign name, a bias, and limits of each kind."""
    sessions = [session(number, error=number - 3.0) for number in range(1, 6)]
    limits = [limit("power", 500 - room, 500 + room, amount=500.0) for room in (20.0, 3.0, 1.0)]
    path = tmp_path / "study.html"
    path.write_text(page(study(*sessions, session(6, bench=NASTY), limits=limits)), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_that_keeps_a_person_out(
    written: Path, open_page: Open, axe: Callable[[Page], list[str]], scheme: str, width: int
) -> None:
    window = open_page(written, width=width, color_scheme=scheme)

    assert axe(window) == []
    assert not window.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")

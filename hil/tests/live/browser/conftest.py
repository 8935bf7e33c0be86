"""A real browser that looks at the live page: Debian's Chromium, driven by Playwright.

Collected only where ``chromium`` and ``npm`` are; ``.ci/run`` installs both.

Each test also demands that the page wrote no error and asked for nothing but its own server.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from hil.live.server import LivePage
from hil.tests import npm
from hil.tests.chromium import chromium
from hil.tests.live.run_folders import RunInTheMaking, in_the_making, served

AXE = "4.14.1"

PROGRAMS = ("chromium", "npm")
collect_ignore_glob = [] if all(map(shutil.which, PROGRAMS)) else ["test_*.py"]

Open = Callable[..., Page]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunInTheMaking]:
    with in_the_making(tmp_path / "runs/20261130T100000Z-abc", "a toast", "a kettle", "a lamp") as made:
        yield made


@pytest.fixture
def page(run: RunInTheMaking) -> Iterator[LivePage]:
    with served(run.folder.parent) as page:
        yield page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def view(browser: Browser, page: LivePage) -> Iterator[Open]:
    """Returns a function that opens the page in a window of its own."""
    contexts: list[Any] = []
    wrong: list[str] = []

    def request(asked: Any) -> None:
        if not asked.url.startswith((page.url, "data:,")):
            wrong.append(f"request: {asked.url}")

    def open_page(*, width: int = 1280, **more: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **more)
        contexts.append(context)
        window: Page = context.new_page()
        window.on("console", lambda message: wrong.append(f"console: {message.text}"))
        window.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        window.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
        window.on("request", request)
        window.goto(page.url)
        return window

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """Returns a function that tells what axe finds in a page: each rule that is broken, its weight, and where."""
    folder = npm.installed(f"axe-core-{AXE}", f"axe-core@{AXE}")
    source = (folder / "axe-core" / "axe.min.js").read_text(encoding="utf-8")

    def run(window: Page) -> list[str]:
        window.evaluate(source)
        found = window.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{each['impact']} {each['id']}: {json.dumps([node['target'] for node in each['nodes'][:3]])}"
            for each in found["violations"]
        ]

    return run

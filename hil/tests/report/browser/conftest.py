"""A real browser that reads the report as a person does: Debian's Chromium, driven by Playwright.

Collected only where ``chromium`` and ``npm`` are; ``.ci/run`` installs both. Each test also demands that the page wrote
no error and asked for nothing but itself.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from hil.evidence.documents import Event, Json, Kind, Verdict
from hil.evidence.observations import Timed
from hil.evidence.store import RunWriter
from hil.report.html.page import write_html
from hil.tests import npm
from hil.tests.chromium import chromium
from hil.tests.report.conftest import (
    CutOff,
    MakeRun,
    deliver,
    not_applicable,
    start,
    step,
    stop,
    toast,
    undecided,
    underpayment,
    view,
)

AXE = "4.14.1"

PROGRAMS = ("chromium", "npm")
collect_ignore_glob = [] if all(map(shutil.which, PROGRAMS)) else ["test_*.py"]

Open = Callable[..., Page]


def late(run: RunWriter) -> None:
    """The power is cut too late at 38.4 s of 100 s, and the measurement names that instant."""
    writer = run.scenario(5, "Cut too late")
    start(writer, "The cut comes too late", "underpayment", 40)
    step(writer, "Given a socket under test", 0.0, 0.5)
    deliver(writer, 100.0, power_until=38.4, payments=1)
    step(writer, "Then the power is cut within 500 ms", 0.5, 100.0, "failed")
    finding = CutOff.find(Timed(0.6, 0.7)).document()
    writer.write(Event(Kind.VERDICT, 100.0, "bench", {**finding, "at": 38.4}))
    stop(writer, 100.0, Verdict.FAIL)
    run.scenario_done(writer)


def passing(number: int) -> Callable[[RunWriter], None]:
    """A short scenario that passes, one of many."""

    def write(run: RunWriter) -> None:
        writer = run.scenario(number, f"many {number}")
        data: dict[str, Json] = {
            "name": f"One of many, row {number}",
            "feature": "features/many.feature",
            "line": number,
        }
        data |= {"tags": ["many", "REQ-BOOT-1"], "setup": "pair", "seed": 42}
        writer.write(Event(Kind.START, 0.0, "bench", data))
        step(writer, f"Then step of row {number} holds", 0.0, 1.0)
        writer.write(
            Event(Kind.STOP, 1.0, "bench", {"verdict": "pass", "safe_state": {"reached": True, "seconds": 0.1}})
        )
        run.scenario_done(writer)

    return write


@pytest.fixture(scope="session")
def report(make_run: MakeRun) -> Path:
    """The report of a run of 45 scenarios, with failures and foreign text."""
    parts = [toast, underpayment, undecided, not_applicable, late, *(passing(number) for number in range(6, 46))]
    return write_html(view(make_run(*parts, verdict=Verdict.FAIL)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Returns a function that opens a file; afterwards no page may have complained or asked for anything else."""
    contexts: list[Any] = []
    wrong: list[str] = []
    asked: set[str] = set()

    def open_file(path: Path, address: str = "", *, width: int = 1280, **more: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **more)
        contexts.append(context)
        page: Page = context.new_page()
        page.on("console", lambda message: wrong.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: wrong.append(request.url))
        asked.update((path.as_uri(), path.as_uri() + address))
        page.goto(path.as_uri() + address)
        return page

    yield open_file
    for context in contexts:
        context.close()
    assert [each for each in wrong if each not in asked] == []


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """Returns a function that tells what axe finds in a page: each rule that is broken, its weight, and where."""
    source = (npm.installed(f"axe-core-{AXE}", f"axe-core@{AXE}") / "axe-core" / "axe.min.js").read_text(
        encoding="utf-8"
    )

    def run(page: Page) -> list[str]:
        page.evaluate(source)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{each['impact']} {each['id']}: {json.dumps([node['target'] for node in each['nodes'][:3]])}"
            for each in found["violations"]
            if each["impact"] != "minor"
        ]

    return run

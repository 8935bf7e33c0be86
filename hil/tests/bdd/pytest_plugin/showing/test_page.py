"""The page that ``--live`` starts is no child of the run; one that does not start is told, and the run goes on."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from hil.bdd.pytest_plugin.showing import page
from hil.bdd.pytest_plugin.showing.page import start_page
from hil.tests.acceptance.commands import gone, processes
from hil.tests.live.run_folders import in_the_making


def test_the_page_is_started_and_is_no_child_of_the_run(tmp_path: Path) -> None:
    folder = tmp_path / "reports/runs/20261130T100000Z-abc"
    with in_the_making(folder, "a toast"):
        line = start_page(tmp_path, folder)
        started = [each for each in processes() if str(folder) in each.command]
        for each in started:
            os.kill(each.pid, signal.SIGTERM)

    assert re.fullmatch(r"live page: http://127\.0\.0\.1:\d+/[\w-]{32}/", line)
    assert [each.parent == os.getpid() for each in started] == [False]
    assert gone(started)


def test_why_a_page_does_not_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = start_page(tmp_path, tmp_path / "nowhere")
    assert line.startswith("live page: it does not start (hil live: ")
    assert "this is no run folder" in line

    monkeypatch.setattr(page, "_DETACHED", ("no-such-program",))
    assert "No such file" in start_page(tmp_path, tmp_path)

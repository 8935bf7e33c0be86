"""``hil live`` as a program of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.cli.main import main
from hil.tests.live.run_folders import in_the_making


@pytest.fixture
def laboratory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A laboratory in which a run is under way."""
    (tmp_path / "pyproject.toml").write_text("[tool.hil]\n")
    monkeypatch.chdir(tmp_path)
    with in_the_making(tmp_path / "reports/runs/20261130T100000Z-abc", "a toast"):
        yield tmp_path


def start(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    """Start the page; return it and its address."""
    command = [sys.executable, "-m", "hil.cli.main", "live", *arguments]
    page = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert page.stdout is not None
    found = re.fullmatch(r"live page: (http://127\.0\.0\.1:\d+/[\w-]{32}/)\n", page.stdout.readline())
    assert found, page.communicate(timeout=5)
    return page, found[1]


def test_it_tells_its_address_serves_the_page_and_ends_at_ctrl_c(laboratory: Path) -> None:
    page, url = start()
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
        text = answer.read().decode()
    page.send_signal(signal.SIGINT)
    _, errors = page.communicate(timeout=10)

    assert "<title>Live page</title>" in text
    assert (page.returncode, errors) == (0, "")


def test_the_address_cannot_be_guessed_from_another_one(laboratory: Path) -> None:
    pages = [start() for _ in range(2)]
    for page, _ in pages:
        page.terminate()
        page.communicate(timeout=10)

    assert len({url.rsplit("/", 2)[1] for _, url in pages}) == 2


def test_it_ends_by_itself_after_the_run_if_that_was_asked_for(laboratory: Path) -> None:
    os.utime(laboratory / "reports/runs/20261130T100000Z-abc/run.json")
    run = laboratory / "reports/runs/20261130T110000Z-abc"
    with in_the_making(run, "a kettle") as made:
        page, _ = start(str(run), "--end-after", "0")
        made.finish()
        _, errors = page.communicate(timeout=20)

    assert (page.returncode, errors) == (0, "")


def test_what_is_no_run_folder_is_told(laboratory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["live", "reports"]) == 4
    assert "hil live: reports: this is no run folder (it has no run.json)" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["1", "99999", "-5"])
def test_a_port_that_cannot_be_had_is_told(laboratory: Path, port: str, capsys: pytest.CaptureFixture[str]) -> None:
    if os.geteuid() == 0 and port == "1":
        port = "65536"
    assert main(["live", f"--port={port}"]) == 4
    assert f"hil live: --port {port}: cannot be listened on" in capsys.readouterr().err

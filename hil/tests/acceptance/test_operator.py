"""A person at a bench in real time: answers in the terminal and in the page, or not at all."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from hil.evidence.documents import Kind
from hil.tests.acceptance.commands import Project, gone, poll, processes
from hil.tests.acceptance.typist import at_terminal

FEATURE = """\
Feature: A person at the bench
  Scenario: The terminal
    Given the socket is under test in single-fee mode
    And the operator confirms "the lamp is in the socket" within 2 min
    When the devices are switched on
    Then the operator confirms "the lamp is lit" within 2 min
  Scenario: The page
    Given the socket is under test in single-fee mode
    And the load draws 100 W
    When the devices are switched on
    Then the operator confirms "the lamp is lit, says the page" within 2 min
  Scenario: No answer
    Given the socket is under test in single-fee mode
    And the load draws 100 W
    When the devices are switched on
    Then the operator confirms "a person is there" within 1 s
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project whose live pages end with the test: they would wait for a viewer for a while."""
    made = Project.make(tmp_path / "project")
    (made.folder / "operator.feature").write_text(FEATURE, encoding="utf-8")
    yield made
    pages = [each for each in processes() if "live" in each.command and str(made.folder) in " ".join(each.command)]
    for each in pages:
        os.kill(each.pid, signal.SIGTERM)
    assert gone(pages)


class Page:
    """A browser's requests to the page at this address."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.path = parts.netloc, parts.path
        self._events = HTTPConnection(self.host, timeout=60)
        self._events.request("GET", f"{self.path}events")
        self._stream = self._events.getresponse()

    def question(self) -> dict[str, Any]:
        """Return the next question that the page shows."""
        while True:
            line = self._stream.readline()
            assert line
            for bench in json.loads(line.removeprefix(b"data: ") or b"{}").get("benches", ()) if line != b"\n" else ():
                if bench["question"] is not None and "page" in bench["question"]["text"]:
                    found: dict[str, Any] = bench["question"]
                    return found

    def answer(self, **document: str) -> str:
        connection = HTTPConnection(self.host, timeout=60)
        headers = {"Origin": f"http://{self.host}", "Content-Type": "application/json"}
        connection.request("POST", f"{self.path}answer", json.dumps(document), headers)
        told = connection.getresponse().read().decode()
        connection.close()
        return told

    def close(self) -> None:
        self._events.close()


def test_a_person_answers_in_the_terminal_and_in_the_page_and_the_evidence_says_so(project: Project) -> None:
    with at_terminal(project, "run", "operator.feature", "--rig", "rigs/realtime.yaml", "--live") as typist:
        typist.wait("live page: ")
        page = Page(re.findall(r"\S+", typist.wait("/\n") + "/")[0])
        typist.wait("The bench asks the operator: the lamp is in the socket")
        typist.line("yes")
        typist.wait("The bench asks the operator: the lamp is lit")
        typist.line("perhaps")
        typist.wait("Type yes, no or unsure")
        typist.line("no, it blinks")
        typist.wait("The bench asks the operator: the lamp is lit, says the page")
        told = page.answer(token=page.question()["token"], answer="yes", who="Bo", remark="bright")
        page.close()
        run = typist.finish()

    assert told == "taken"
    assert run.code == 1, run.said
    assert "said no" in run.said
    assert "it blinks" in run.said
    answers = [
        [(each.data["answer"], each.data.get("where"), each.data.get("remark")) for each in scenario.of(Kind.OPERATOR)]
        for scenario in run.record.scenarios
    ]
    assert answers == [
        [("yes", "terminal", None), ("no", "terminal", "it blinks")],
        [("yes", "page", "bright")],
        [("none", None, None)],
    ]
    assert [scenario.verdict for scenario in run.record.scenarios] == ["fail", "pass", "inconclusive"]
    assert not (run.folder / "live").exists()
    manifest = (run.folder / "manifest.json").read_text()
    assert "live/" not in manifest


def test_in_virtual_time_it_is_not_applicable_and_said_before_the_run(project: Project) -> None:
    run = project.run("run", "operator.feature", "--seed", "7")

    assert run.code == 5, run.said
    why = "rig 'virtual' runs in virtual time, in which no person can be asked"
    assert f"not applicable: operator.feature::No answer: {why}" in run.said


def test_a_run_that_is_killed_leaves_a_page_that_says_so(project: Project) -> None:
    running = project.start("run", "features/smoke.feature", "--rig", "rigs/realtime.yaml", "--live")
    url = poll(lambda: re.findall(r"live page: (\S+)", running.said.read_text()), "the address of the page")[0]
    page = Page(url)
    poll(lambda: list(running.folder.glob("reports/runs/*/live/bench-1.json")), "a scenario on the bench")
    running.process.send_signal(signal.SIGKILL)
    running.process.wait()

    def broken_off() -> bool:
        line = page._stream.readline()
        assert line
        return b'"state":"broken off"' in line

    poll(broken_off, "the page to tell the end of the run")
    page.close()

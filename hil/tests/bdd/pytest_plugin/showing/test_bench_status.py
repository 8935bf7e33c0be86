"""What a process of the run tells the live page, and that it costs the run nothing if the disk does not take it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hil.bdd.pytest_plugin.keys import LIVE, NUMBER, OPEN, SCENARIO
from hil.bdd.pytest_plugin.showing.answers import PageAnswer
from hil.bdd.pytest_plugin.showing.bench_status import BenchStatus
from hil.live.folder import is_present, read_benches, read_queue
from hil.live.questions import Answer, Question, post_answer
from hil.scenario.observer import Watch
from hil.tests.acceptance.commands import poll


@pytest.fixture
def config() -> Any:
    """What the status asks pytest for: no scenario is on the bench yet."""
    made = SimpleNamespace(stash=pytest.Stash())
    made.stash[LIVE] = cast("Any", SimpleNamespace(step="When x", since=1.5))
    return made


@pytest.fixture
def status(config: Any, tmp_path: Path) -> Iterator[BenchStatus]:
    made = BenchStatus(config, cast("Any", SimpleNamespace(folder=tmp_path, bench=1)), [])
    yield made
    made.end()
    made.close()


def put_on_bench(config: Any, watch: Watch) -> None:
    observer = SimpleNamespace(watch=watch, powered_on=object(), last_seen=lambda: "HELLO to socket")
    run = SimpleNamespace(observer=observer, clock=SimpleNamespace(now=lambda: 4.5))
    item = SimpleNamespace(stash=pytest.Stash())
    item.stash[NUMBER] = 3
    item.stash[SCENARIO] = cast("Any", SimpleNamespace(run=run))
    config.stash[OPEN] = cast("Any", item)


def test_before_a_scenario_begins_the_bench_is_idle(status: BenchStatus, tmp_path: Path) -> None:
    status.write()

    assert read_benches(tmp_path) == {1: {"bench": 1, "scenario": 0}}
    assert read_queue(tmp_path) == {"scenarios": []}
    assert is_present(tmp_path)


def test_it_tells_the_step_what_is_awaited_and_what_was_seen_last(
    config: Any, status: BenchStatus, tmp_path: Path
) -> None:
    put_on_bench(config, Watch(2.5, 1300.0, 230.0, 8000, "the end", 9.5))
    status.write()

    assert read_benches(tmp_path)[1] == {
        "bench": 1,
        "scenario": 3,
        "step": "When x",
        "since": 1.5,
        "now": 4.5,
        "awaited": "the end",
        "until": 9.5,
        "last_seen": "HELLO to socket",
        "power_W": 1300.0,
        "voltage_V": 230.0,
        "energy_Wh": 2.5,
        "credit_Wh": 5.5,
        "question": None,
    }


def test_a_thread_tells_it_while_the_bench_is_busy(config: Any, status: BenchStatus, tmp_path: Path) -> None:
    put_on_bench(config, Watch())
    status.begin()
    status.begin()

    poll(lambda: read_benches(tmp_path).get(1), "the file of the bench", timeout=5.0)


def test_nothing_is_left_behind_and_nothing_comes_back(config: Any, status: BenchStatus, tmp_path: Path) -> None:
    put_on_bench(config, Watch())
    status.begin()
    status.end()
    status.write()
    status.close()

    assert not (tmp_path / "live").exists()
    assert not is_present(tmp_path)


def test_a_disk_that_takes_nothing_is_no_error_of_the_run(config: Any, status: BenchStatus, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "live")
    put_on_bench(config, Watch())
    status.write()

    assert read_benches(tmp_path) == {}


def test_the_page_shows_a_question_and_the_run_finds_the_answer(
    config: Any, status: BenchStatus, tmp_path: Path
) -> None:
    put_on_bench(config, Watch())
    question, place = Question.new("the lamp is lit", 3.0, 120.0), PageAnswer(status, tmp_path)
    assert place.answer() is None
    place.ask(question)
    status.write()
    assert read_benches(tmp_path)[1]["question"] == question.document()
    assert place.answer() is None
    assert post_answer(tmp_path, question.id, Answer("yes", "", "Anna", "page"))

    found = place.answer()
    place.close()

    assert found == Answer("yes", "", "Anna", "page")
    status.write()
    assert read_benches(tmp_path)[1]["question"] is None

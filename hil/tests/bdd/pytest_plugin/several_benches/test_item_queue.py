"""The items that a process with a bench was assigned, and the one that follows."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import Any

import pytest

from hil.bdd.pytest_plugin.several_benches.item_queue import Following, ItemQueue
from hil.bdd.pytest_plugin.several_benches.messages import Assign, Later, NoMore, Stop, Wants


@pytest.fixture
def run() -> Iterator[tuple[Connection, ItemQueue]]:
    """The end of the process of the run, and the queue at the other end."""
    ours, theirs = Pipe()
    with ours, theirs:
        yield ours, ItemQueue(theirs)


def test_a_bench_of_its_own_waits_for_two_so_that_it_knows_which_follows(run: tuple[Connection, ItemQueue]) -> None:
    link, queue = run
    for message in (Assign(3), Assign(5)):
        link.send(message)

    assert queue.fill(2)
    assert [each.index for each in queue.assigned] == [3, 5]


@pytest.mark.parametrize("second", [NoMore(), Later()])
def test_the_last_item_is_run_although_none_follows(run: tuple[Connection, ItemQueue], second: object) -> None:
    link, queue = run
    for message in (Assign(3), second):
        link.send(message)

    assert queue.fill(2)
    assert [each.index for each in queue.assigned] == [3]


def test_a_process_that_was_told_to_wait_gets_an_item_that_came_back(run: tuple[Connection, ItemQueue]) -> None:
    link, queue = run
    for message in (Later(), Later(), Assign(7, 12)):
        link.send(message)

    assert queue.fill(2)
    assert queue.assigned[0] == Assign(7, 12)


def test_a_process_ends_when_no_more_comes_or_when_it_is_stopped(run: tuple[Connection, ItemQueue]) -> None:
    link, queue = run
    link.send(NoMore())
    assert not queue.fill(1)

    for message in (Assign(3), Stop()):
        link.send(message)
    assert not queue.fill(1)


def test_what_follows_on_a_place_is_asked_once_and_not_before_it_matters(run: tuple[Connection, ItemQueue]) -> None:
    link, queue = run
    chain = ["session", "file", "item"]
    session: Any = SimpleNamespace(items=[None, SimpleNamespace(listchain=lambda: chain)])
    following = Following(session, queue)
    assert not link.poll()
    link.send(Assign(1))

    assert following
    assert following.listchain() == chain
    assert isinstance(link.recv(), Wants)
    assert not link.poll()


def test_nothing_follows_on_a_place_when_there_is_nothing_now(run: tuple[Connection, ItemQueue]) -> None:
    link, queue = run
    session: Any = SimpleNamespace(items=[])
    link.send(Later())

    assert not Following(session, queue)

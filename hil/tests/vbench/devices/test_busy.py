"""A device that is busy with a slow write: outputs and events wait for it, and a power cut ends it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hil.devices.board import Board
from hil.tests.vbench.bench_kit import Echo, plain_bench
from hil.vbench.bench import Bench
from hil.vbench.control.seeded_faults import seed
from hil.vbench.devices.busy import Busy
from hil.vbench.model_request import ModelRequest
from hil.vbench.virtual_time import Kernel

K3 = 2


class Writing(Echo):
    """Writes a record, closes its contact, and notes when it was called."""

    def on_time(self, now: float) -> None:
        self.calls.append(("time", now))
        self.due = None
        self.board.storage.write("record", b"x")
        self.board.contact.set(closed=True)

    def on_link_bytes(self, data: bytes, now: float) -> None:
        self.calls.append((data.decode(), now))

    def on_plug(self, plugged: bool, now: float) -> None:
        self.calls.append(("plug", now))


def build(role: str, profile: dict[str, object], board: Board) -> Writing:
    return Writing(board, profile)


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A bench whose socket begins at 1 s with a write that takes 500 ms; it is 1.2 s."""
    bench = plain_bench(f"{__name__}:build")
    bench.reset(ModelRequest("s", devices={"socket": {"talk": 1.0}}))
    bench.model.plant.relays[K3].set(closed=True)
    seed(bench, "socket storage", "slow", 0.5)
    bench.advance(1.2, {})
    yield bench
    bench.close()


def calls(bench: Bench) -> list[tuple[str, float]]:
    program = bench.model.hosts["socket"]._program
    assert isinstance(program, Writing)
    return program.calls


def test_what_follows_a_slow_write_comes_after_it_and_what_arrives_meanwhile_waits_in_its_order(bench: Bench) -> None:
    host = bench.model.hosts["socket"]
    bench.model.uarts["socket-link"].receiver(b"first")
    host.plug(False)
    bench.advance(1.49, {})
    assert not bench.model.plant.contact.closed
    assert calls(bench)[2:] == []
    bench.advance(1.6, {})
    assert bench.model.plant.contact.closed
    assert bench.model.plant.contact.edge == pytest.approx(1.508)
    assert calls(bench)[2:] == [("first", 1.5), ("plug", 1.5)]


def test_a_power_cut_in_a_slow_write_leaves_nothing_of_what_was_to_follow(bench: Bench) -> None:
    bench.model.plant.relays[K3].set(closed=False)
    bench.advance(3.0, {})
    assert not bench.model.plant.contact.closed
    assert calls(bench)[-1][0] == "off"


def test_a_storage_that_works_again_takes_no_time(bench: Bench) -> None:
    bench.advance(2.0, {})
    seed(bench, "socket storage", "works again", 0.0)
    host = bench.model.hosts["socket"]
    host._board.storage.write("record", b"y")
    bench.model.uarts["socket-link"].receiver(b"at once")
    assert calls(bench)[-1] == ("at once", 2.0)


def test_one_write_takes_its_time_behind_the_other() -> None:
    kernel = Kernel()
    busy, done = Busy(kernel), list[float]()
    busy.take(0.5)
    busy.take(0.5)
    busy.then(lambda: done.append(kernel.now))
    kernel.run_until(2.0)
    assert done == [1.0]

"""The strategy's way to the safe state, with a load and a relay board on real sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from labgrid import Target, target_factory
from labgrid.driver import ModbusCoilDriver
from labgrid.resource import ModbusTCPCoil

from hil.clock import stopwatch
from hil.errors import RigFault
from hil.rig import labgrid_classes
from hil.rig.file_target import RELAYS
from hil.rig.labgrid_classes import BenchState, BenchStrategy
from hil.tests.instruments.scripted import SILENCE, Action, ScriptedInstrument, load_transcript
from hil.tests.rig.boards import Board, served

STATE = "INPUT:STATE?"


@contextmanager
def strategy(board: Board, answers: list[Action], *, patience: float = 2.0) -> Iterator[BenchStrategy]:
    """Give a strategy whose load does ``answers`` when it is asked for its input's state.

    :param patience: of the load's driver, for a reply.
    """
    with ScriptedInstrument(load_transcript("it8615"), {STATE: answers}) as load:
        target = Target("main")
        target_factory.make_resource(target, "VisaInstrument", "load", {"resource": load.resource})
        target_factory.make_driver(target, "LoadDriver", "load", {})
        for coil, name in enumerate(RELAYS):
            ModbusTCPCoil(target, name=name, host=f"127.0.0.1:{board.port}", coil=coil)
            target.set_binding_map({"coil": name})
            ModbusCoilDriver(target, name=name)
        target.set_binding_map({name.lower(): name for name in RELAYS})
        try:
            bench: BenchStrategy = target_factory.make_driver(target, "BenchStrategy", None, {})
            target.activate(bench.load)
            bench.load.port._transport.timeout = patience
            yield bench
        finally:
            target.cleanup()


@pytest.fixture
def board() -> Iterator[Board]:
    with served(Board(coils=[True] * 4)) as running:
        yield running


def answer_when(condition: Callable[[], bool], answered: threading.Event) -> Action:
    """Have the load answer, that its input is off, not before ``condition``."""

    def act(line: socket.socket) -> None:
        elapsed = stopwatch()
        while not condition() and elapsed() < 1.5:  # its driver waits 2 s
            pass
        if condition():
            answered.set()
            line.sendall(b"0\n")

    return act


def test_relays_open_in_order_after_the_loads_input(board: Board) -> None:
    switched: list[tuple[str, bool]] = []
    with strategy(board, []) as bench:
        bench.on_switch = lambda name, closed, took: switched.append((name, closed))
        bench.transition("safe")

        assert bench.bench_state is BenchState.SAFE
    assert switched == [(name, False) for name in RELAYS]
    assert board.coils == [False] * 4


def test_a_load_that_takes_its_time_does_not_keep_the_contactor_closed(board: Board) -> None:
    answered = threading.Event()
    with strategy(board, [answer_when(lambda: board.coils == [False] * 4, answered)]) as bench:
        bench.make_safe()

        assert answered.is_set()
        assert bench.bench_state is BenchState.SAFE


def test_a_load_that_never_answers_is_named_and_every_relay_is_open(board: Board) -> None:
    with (
        strategy(board, [SILENCE], patience=0.4) as bench,
        pytest.raises(RigFault, match=r"no whole reply to 'INPUT:STATE\?'"),
    ):
        bench.make_safe()

    assert board.coils == [False] * 4


def test_a_driver_that_never_returns_is_named_and_every_relay_is_open(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labgrid_classes, "LOAD_END_S", 0.05)
    with (
        strategy(board, [SILENCE], patience=0.6) as bench,
        pytest.raises(RigFault, match="its driver did not come back"),
    ):
        bench.make_safe()

    assert board.coils == [False] * 4

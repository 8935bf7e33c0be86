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
from labgrid.strategy.common import StrategyError

from hil.clock import stopwatch
from hil.errors import RigFault
from hil.rig.config.target_section import RELAYS
from hil.rig.labgrid import bench_strategy
from hil.rig.labgrid.bench_strategy import BenchState, BenchStrategy
from hil.tests.instruments.scripted import SILENCE, Action, ScriptedInstrument, load_transcript
from hil.tests.rig.labgrid.boards import Board, served

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


def test_what_the_listener_raises_keeps_no_relay_closed_and_does_not_make_the_bench_unsafe(board: Board) -> None:
    def refuse(name: str, closed: bool, took: float) -> None:
        raise RigFault(f"evidence of {name} cannot be written")

    with strategy(board, []) as bench:
        bench.on_switch = refuse
        bench.make_safe()

        assert bench.bench_state is BenchState.SAFE
        assert [str(error) for error in bench.unheard] == [f"evidence of {name} cannot be written" for name in RELAYS]
    assert board.coils == [False] * 4


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), RuntimeError("y"), RigFault("z", place="relay K1")])
def test_whatever_one_relay_raises_the_others_are_opened_and_it_is_named(
    board: Board, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    with strategy(board, []) as bench:
        move = bench._move

        def fail(name: str, *, closed: bool) -> float:
            if name == "K1":
                raise error
            return move(name, closed=closed)

        monkeypatch.setattr(bench, "_move", fail)
        with pytest.raises(RigFault, match=r"relay K1: .*[xyz]") as caught:
            bench.make_safe()
        assert caught.value.remedy == "Switch the mains off by hand."

        assert bench.bench_state is BenchState.UNKNOWN
    assert board.coils == [True, False, False, False]


def test_a_bench_that_did_not_obey_can_be_used_again_once_it_was_made_safe(board: Board) -> None:
    board.coils, board.stuck = [False] * 4, {1}
    with strategy(board, []) as bench:
        with pytest.raises(StrategyError):
            bench.transition("live")
        board.stuck.clear()
        bench.make_safe()
        bench.transition("live")

    assert board.coils == [True, True, False, False]


def test_a_load_that_takes_its_time_does_not_keep_the_contactor_closed(board: Board) -> None:
    answered = threading.Event()
    with strategy(board, [answer_when(lambda: board.coils == [False] * 4, answered)]) as bench:
        bench.make_safe()

        assert answered.is_set()
        assert bench.bench_state is BenchState.SAFE


def test_a_load_that_never_answers_is_named_and_every_relay_is_open(board: Board) -> None:
    with (
        strategy(board, [SILENCE], patience=0.4) as bench,
        pytest.raises(RigFault, match=r"no whole reply to 'INPUT:STATE\?'") as caught,
    ):
        bench.make_safe()

    assert board.coils == [False] * 4
    assert caught.value.remedy == "The relays are open and read back. Switch the load off by hand, and on again."


def test_a_driver_that_never_returns_is_named_and_every_relay_is_open(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_strategy, "LOAD_END_S", 0.05)
    with (
        strategy(board, [SILENCE], patience=0.6) as bench,
        pytest.raises(RigFault, match="its driver did not come back"),
    ):
        bench.make_safe()

    assert board.coils == [False] * 4

"""Clocks: one suite for both, then what only the wall clock does. Real times stay below 50 ms."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from hil.clock import Clock, Repeated, WallClock, stopwatch, utc_now
from hil.errors import DeadlineExceeded
from hil.rig.virtual.lockstep_clock import LockstepClock
from hil.tests.far_bench import Far

SHORT = 0.01
"""Seconds; long enough to tell apart on a busy machine, short enough for a unit test."""


class Pipe:
    """A line that a wall clock can watch."""

    def __init__(self, end: socket.socket, listener: Callable[[bytes], None]) -> None:
        self._end, self._listener = end, listener

    def fileno(self) -> int:
        return self._end.fileno()

    def on_readable(self) -> None:
        self._listener(self._end.recv(100))


@pytest.fixture(params=["lockstep", "wall"])
def clock(request: pytest.FixtureRequest) -> Clock:
    return LockstepClock(Far()) if request.param == "lockstep" else WallClock()


# --- every clock ---------------------------------------------------------------------------------------------------


def test_sleep_lets_at_least_that_much_time_pass(clock: Clock) -> None:
    began = clock.now()

    clock.sleep(SHORT)

    assert clock.now() - began >= SHORT


def test_a_timer_runs_inside_a_wait_and_never_before_it_is_due(clock: Clock) -> None:
    ran: list[float] = []
    due = clock.now() + SHORT
    clock.call_at(due, lambda: ran.append(clock.now()))
    assert ran == []

    clock.sleep(2 * SHORT)

    assert len(ran) == 1
    assert ran[0] >= due


def test_timers_run_in_the_order_in_which_they_are_due_then_in_that_of_their_calls(clock: Clock) -> None:
    ran: list[str] = []
    now = clock.now()
    for name, due in (("c", now + SHORT), ("a", now), ("d", now + SHORT), ("b", now)):
        clock.call_at(due, lambda name=name: ran.append(name))  # type: ignore[misc]  # a lambda with a default

    clock.sleep(SHORT)

    assert ran == ["a", "b", "c", "d"]


def test_a_timer_that_is_past_runs_at_the_next_wait(clock: Clock) -> None:
    ran: list[str] = []
    clock.call_at(clock.now() - 1, lambda: ran.append("late"))

    clock.sleep(0.0)

    assert ran == ["late"]


def test_a_cancelled_timer_never_runs_and_cancelling_is_idempotent(clock: Clock) -> None:
    ran: list[str] = []
    timer = clock.call_at(clock.now(), lambda: ran.append("x"))
    timer.cancel()
    timer.cancel()

    clock.sleep(SHORT)

    assert ran == []


def test_a_callback_may_cancel_another_that_is_due_at_the_same_instant(clock: Clock) -> None:
    ran: list[str] = []
    due = clock.now() + SHORT
    clock.call_at(due, lambda: other.cancel())
    other = clock.call_at(due, lambda: ran.append("other"))

    clock.sleep(2 * SHORT)

    assert ran == []


def test_a_callback_may_set_the_next_timer(clock: Clock) -> None:
    ran: list[int] = []

    def tick() -> None:
        ran.append(len(ran))
        if len(ran) < 4:
            clock.call_at(clock.now() + SHORT / 4, tick)

    clock.call_at(clock.now(), tick)
    clock.wait_for(lambda: len(ran) == 4, timeout=1.0, what="four ticks")

    assert ran == [0, 1, 2, 3]


def test_wait_for_returns_what_the_condition_returns(clock: Clock) -> None:
    there: list[str] = []
    clock.call_at(clock.now() + SHORT, lambda: there.append("here"))

    assert clock.wait_for(lambda: there and there[0], timeout=5.0, what="a value") == "here"


def test_what_came_before_the_deadline_counts_even_if_the_process_was_stopped_until_after_it() -> None:
    near, far = socket.socketpair()
    with near, far:
        clock, read = WallClock(), list[bytes]()
        clock.attach(Pipe(near, read.append))

        def stop() -> None:
            far.send(b"answer")
            elapsed = stopwatch()
            while elapsed() < 2 * SHORT:
                pass

        clock.call_at(clock.now() + SHORT / 2, stop)
        assert clock.wait_for(lambda: read, timeout=SHORT, what="an answer") == [b"answer"]


def test_wait_for_returns_at_once_if_the_condition_holds(clock: Clock) -> None:
    began = clock.now()

    assert clock.wait_for(lambda: True, timeout=1000.0, what="nothing") is True
    assert clock.now() - began < 1.0


def test_wait_for_wakes_up_with_the_timer_that_makes_the_condition_true(clock: Clock) -> None:
    done: list[bool] = []
    clock.call_at(clock.now() + SHORT, lambda: done.append(True))
    began = clock.now()

    clock.wait_for(lambda: done, timeout=1000.0, what="the timer")

    assert clock.now() - began < 10.0


def test_a_wait_in_vain_names_what_was_awaited_and_what_was_last_seen(clock: Clock) -> None:
    began = clock.now()

    with pytest.raises(DeadlineExceeded) as caught:
        clock.wait_for(lambda: False, timeout=SHORT, what="the first payment", last_seen=lambda: "HELLO at 1 s")

    assert str(caught.value) == "waited 0.01 s for the first payment in vain; last seen: HELLO at 1 s"
    assert clock.now() - began >= SHORT


def test_a_wait_in_vain_needs_no_last_seen(clock: Clock) -> None:
    with pytest.raises(DeadlineExceeded, match=r"^waited 0 s for rain in vain$"):
        clock.wait_for(lambda: None, timeout=0, what="rain")


def test_an_error_in_a_callback_ends_the_wait_and_the_clock_goes_on(clock: Clock) -> None:
    def fail() -> None:
        raise ValueError("from the callback")

    clock.call_at(clock.now() + SHORT / 2, fail)
    ran: list[str] = []
    clock.call_at(clock.now() + SHORT, lambda: ran.append("after"))

    with pytest.raises(ValueError, match="from the callback"):
        clock.sleep(SHORT)
    clock.sleep(SHORT)

    assert ran == ["after"]


def test_work_that_can_wait_is_done_in_a_wait_and_not_before(clock: Clock) -> None:
    done: list[float] = []
    clock.on_idle = lambda: done.append(clock.now())
    assert done == []

    clock.sleep(SHORT)

    assert done
    assert done[0] < SHORT + clock.now()


def test_time_never_goes_backwards(clock: Clock) -> None:
    instants = []
    for _ in range(5):
        instants.append(clock.now())
        clock.sleep(SHORT / 10)
        clock.sleep(-1.0)

    assert instants == sorted(instants)


# --- wall ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        yield near, far


def test_a_wall_clock_serves_lines_while_it_waits(ends: tuple[socket.socket, socket.socket]) -> None:
    near, far = ends
    clock = WallClock()
    heard: list[bytes] = []
    clock.attach(Pipe(near, heard.append))
    clock.call_at(clock.now() + SHORT, lambda: far.sendall(b"payment"))

    clock.wait_for(lambda: heard, timeout=5.0, what="bytes")

    assert heard == [b"payment"]


def test_a_wall_clock_begins_near_zero_and_knows_its_bound() -> None:
    clock = WallClock()

    assert 0.0 <= clock.now() < 1.0
    assert clock.bound > 0.0


def test_a_stopwatch_tells_the_seconds_since_it_was_started() -> None:
    watch = stopwatch()
    WallClock().sleep(SHORT)

    assert SHORT <= watch() < 5.0


def test_calendar_time_is_utc() -> None:
    zone = utc_now().tzinfo

    assert zone is not None
    assert str(zone) == "UTC"


def test_a_line_that_is_attached_again_is_served_once(ends: tuple[socket.socket, socket.socket]) -> None:
    near, far = ends
    heard: list[bytes] = []
    line = Pipe(near, heard.append)
    clock = WallClock()
    clock.attach(line)
    clock.attach(line)
    far.sendall(b"once")

    clock.wait_for(lambda: heard, timeout=5.0, what="bytes")

    assert heard == [b"once"]


def test_what_is_repeated_runs_while_this_thread_is_blocked_and_not_after_it_was_closed() -> None:
    calls: list[int] = []
    third = threading.Event()

    def act() -> None:
        calls.append(1)
        if len(calls) == 3:
            third.set()

    repeated = Repeated(SHORT / 10, act)
    assert third.wait(10)
    repeated.close()
    count = len(calls)
    assert not threading.Event().wait(SHORT)
    assert len(calls) == count

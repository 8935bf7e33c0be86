"""Ctrl-C while a step runs."""

from __future__ import annotations

import signal

import pytest

from hil.rig.virtual.lockstep_clock import LockstepClock
from hil.shell.interrupt import StepInterrupted, interruptible
from hil.tests.far_bench import Far


def test_ctrl_c_ends_the_wait_of_a_step_between_two_turns_and_leaves_the_clock_in_order() -> None:
    clock = LockstepClock(Far())
    rang: list[float] = []

    def ring() -> None:
        rang.append(clock.now())
        if len(rang) == 3:
            signal.raise_signal(signal.SIGINT)
        clock.call_at(clock.now() + 0.5, ring)

    clock.call_at(0.5, ring)
    with pytest.raises(StepInterrupted), interruptible(clock):
        clock.sleep(3600)
    stopped = clock.now()

    assert 1.5 <= stopped <= 2.5
    clock.sleep(10)
    assert clock.now() == stopped + 10
    assert rang[-1] > stopped + 9


def test_a_second_ctrl_c_does_not_wait_for_the_bench() -> None:
    def twice() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as caught, interruptible(LockstepClock(Far())):
        twice()

    assert not isinstance(caught.value, StepInterrupted)


def test_afterwards_ctrl_c_is_what_it_was() -> None:
    before = signal.getsignal(signal.SIGINT)
    clock = LockstepClock(Far())

    with interruptible(clock):
        assert signal.getsignal(signal.SIGINT) is not before

    assert signal.getsignal(signal.SIGINT) is before
    clock.sleep(10)

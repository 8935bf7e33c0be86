"""The virtual bench as the rig starts it: addresses, and what happens when it is gone."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator

import pytest

from hil.errors import DeviceFailed, HilError, RigFault
from hil.interrupts import interrupt
from hil.rig.virtual.lockstep_clock import LockstepClock
from hil.rig.virtual.process import TRIES, VirtualBenchProcess, end_of, loopback_address, mistake_in


@pytest.fixture
def bench() -> Iterator[VirtualBenchProcess]:
    process = VirtualBenchProcess()
    yield process
    process.close()


def test_every_try_has_an_address_of_its_own_on_loopback() -> None:
    addresses = [loopback_address(number) for number in range(TRIES)]
    assert len(set(addresses)) == TRIES
    assert all(address.startswith("127.") for address in addresses)


def test_another_address_is_taken_when_the_first_one_is_in_use() -> None:
    first = loopback_address(0)
    with socket.create_server((first, 5025)):
        bench = VirtualBenchProcess()
        bench.close()
    assert bench.address == loopback_address(1)


def test_a_bench_that_died_is_a_rig_fault_that_says_so(bench: VirtualBenchProcess) -> None:
    bench.reset(seed="x", plant={}, devices={}, node=None)
    assert bench.advance(1.0, {}) == (1.0, {})
    assert end_of(bench) == end_of(None) == ""
    bench._process.kill()
    bench._process.wait(timeout=5)
    assert end_of(bench) == (
        "virtual bench: its program was ended by signal 9, and each part of the bench with it. Rerun."
    )
    with pytest.raises(RigFault, match=r"virtual bench: .*was ended by signal 9"):
        bench.advance(2.0, {})


@pytest.mark.parametrize(
    ("failures", "blamed"),
    [
        ([("socket", "ended")], DeviceFailed),
        ([("bench", "the disk is full")], RigFault),
        ([("cable", "ended"), ("bench", "the disk is full")], RigFault),
    ],
)
def test_a_failure_blames_the_device_only_if_the_machine_was_sound(
    bench: VirtualBenchProcess, failures: list[tuple[str, str]], blamed: type[HilError]
) -> None:
    bench._failures = failures
    with pytest.raises(HilError) as caught:
        bench.raise_failure()
    assert type(caught.value) is blamed
    bench.raise_failure()


def test_what_the_bench_refuses_is_told_in_its_own_words(bench: VirtualBenchProcess) -> None:
    bench.reset(seed="x", plant={}, devices={}, node=None)
    with pytest.raises(RigFault, match="kettle"):
        bench.plug("kettle")


def test_an_error_in_the_meantime_leaves_question_and_answer_in_step(bench: VirtualBenchProcess) -> None:
    def disk_full() -> None:
        raise RigFault("evidence cannot be written")

    bench.reset(seed="x", plant={}, devices={}, node=None)
    with pytest.raises(RigFault, match="evidence"):
        bench.advance(1.0, {}, disk_full)

    assert bench.advance(2.0, {}) == (2.0, {})


def test_an_interrupt_comes_between_two_turns_and_leaves_bench_and_clock_in_step(
    bench: VirtualBenchProcess,
) -> None:
    bench.reset(seed="x", plant={}, devices={}, node=None)
    clock = LockstepClock(bench)
    clock.on_idle = lambda: interrupt(signal.SIGTERM, None)
    with pytest.raises(KeyboardInterrupt, match="SIGTERM"):
        clock.sleep(1.0)

    assert clock.now() == bench.now() == 1.0
    with pytest.raises(KeyboardInterrupt, match="SIGTERM"):
        interrupt(signal.SIGTERM, None)


def test_after_an_error_in_the_meantime_the_clock_knows_how_much_time_has_passed(bench: VirtualBenchProcess) -> None:
    def disk_full() -> None:
        raise RigFault("evidence cannot be written")

    bench.reset(seed="x", plant={}, devices={}, node=None)
    clock = LockstepClock(bench)
    clock.on_idle = disk_full
    with pytest.raises(RigFault, match="evidence"):
        clock.sleep(1.0)

    assert clock.now() == bench.now() == 1.0


def test_a_mistake_in_the_code_of_the_bench_is_told_in_one_line_with_its_place() -> None:
    words = (
        "ready\nTraceback (most recent call last):\n"
        '  File "/bench/hil/vbench/server.py", line 88, in serve\n    reply = instrument(line)\n'
        '  File "/lab/instruments/twin.py", line 61, in _read\n    return 1 / 0\n'
        "ZeroDivisionError: division by zero"
    )

    told = mistake_in(words)

    assert told == (
        "its program ended over a mistake in code at /lab/instruments/twin.py:61: ZeroDivisionError: division by zero"
    )
    assert mistake_in("the port is taken") == ""
    assert "at a place that is not told" in mistake_in("Traceback (most recent call last):\nSyntaxError: bad")

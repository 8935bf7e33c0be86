"""What a program takes of this machine, by real programs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hil.vbench.devices.resources import used_by

MIB = 1024
THRIFTY = "print('ready', flush=True); input()"
GREEDY = """
import os, threading
kept = bytearray(os.urandom(1)) * (32 << 20)
files = [os.open(os.devnull, os.O_RDONLY) for _ in range(5)]
done = threading.Event()
for _ in range(2):
    threading.Thread(target=done.wait, daemon=True).start()
print('ready', flush=True)
input()
"""
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {GREEDY!r}], stdin=subprocess.PIPE)
input()
"""


@contextmanager
def running(source: str) -> Iterator[int]:
    """Run a program until it says that it is ready, give its process id, and end it."""
    command = [sys.executable, "-c", source]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
        process.kill()


def test_memory_descriptors_and_threads_of_a_program_are_told() -> None:
    with running(THRIFTY) as thrifty, running(GREEDY) as greedy:
        little, much = used_by(thrifty), used_by(greedy)
    assert little is not None
    assert much is not None
    assert (little.pid, little.threads, little.descriptors) == (thrifty, 1, 3)
    assert (much.threads, much.descriptors) == (3, 8)
    assert 31 * MIB < much.memory_kib - little.memory_kib < 34 * MIB


def test_what_a_program_started_counts_with_it_or_alone() -> None:
    with running(PARENT) as parent:
        whole, hosted = used_by(parent), used_by(parent, hosted=True)
    assert whole is not None
    assert hosted is not None
    assert hosted.pid != parent
    assert (hosted.threads, hosted.descriptors, whole.threads) == (3, 8, 4)
    assert hosted.memory_kib < whole.memory_kib


def test_of_a_program_that_has_ended_or_started_none_nothing_is_told() -> None:
    with running(THRIFTY) as pid:
        assert used_by(pid, hosted=True) is None
    assert used_by(pid) is None
    assert used_by(os.getpid()) is not None

"""A child process: its words, its end, and that nothing of it is left."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hil.child_process import ChildProcess
from hil.clock import stopwatch

WAITS = "import sys; print('up', flush=True); sys.stdin.read(); print('down', file=sys.stderr)"
IGNORES = "import sys, time; print('up', flush=True); sys.stdin.read(); print('stays', flush=True); time.sleep(60)"


def child(program: str, **options: object) -> ChildProcess:
    return ChildProcess("child", [sys.executable, "-c", program], **options)  # type: ignore[arg-type]


def is_left(pid: int) -> bool:
    """Tell whether there is such a process, a zombie included."""
    return Path(f"/proc/{pid}").exists()


def test_one_that_ends_by_itself_is_reaped_and_its_code_and_last_words_are_known() -> None:
    process = child("import sys; sys.exit('no such option')")

    assert process.wait(20)
    assert (process.returncode, process.last_words()) == (1, "no such option")
    assert not is_left(process.pid)


def test_one_that_a_signal_has_stopped_is_told_so_until_it_goes_on() -> None:
    process = child("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)")
    elapsed = stopwatch()
    while not process.stopped():
        assert elapsed() < 20

    assert process.how_it_ended() == "was stopped by a signal (state T)"
    process.signal(signal.SIGCONT)
    assert process.wait(20)
    assert not process.stopped()
    assert process.how_it_ended() == "ended with code 0"


def test_the_end_of_its_input_ends_it_in_order() -> None:
    process = child(WAITS, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"up\n"
    ran = process.returncode is None
    process.end(20)

    assert ran
    assert (process.returncode, process.last_words()) == (0, "down")


def test_one_that_does_not_end_in_its_grace_is_killed_and_reaped() -> None:
    process = child(IGNORES, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    process.end(0.05)
    process.end(0.05)

    assert process.returncode == -signal.SIGKILL
    assert not is_left(process.pid)


def test_what_it_is_fed_is_its_whole_input_and_on_no_command_line() -> None:
    process = child("import sys; print(sys.stdin.read()[::-1])", feed=b"terces" * 20_000)
    command = Path(f"/proc/{process.pid}/cmdline").read_bytes()

    assert process.wait(20)
    assert process.last_words().endswith("secret")
    assert b"terces" not in command


def test_of_many_words_the_last_are_told(tmp_path: Path) -> None:
    process = child("print('x' * 100_000); print('the end')", log=tmp_path / "log")

    assert process.wait(20)
    assert process.last_words().endswith("x\nthe end")
    assert len(process.last_words()) <= 1 << 16
    assert (tmp_path / "log").stat().st_size > 100_000


def test_the_words_of_one_that_runs_can_be_read() -> None:
    process = child("import sys; sys.stderr.write('so far'); print(flush=True); sys.stdin.read()",
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    process.stdout.readline()
    words = process.last_words()
    process.end(20)

    assert words == "so far"


def test_its_end_is_told_at_once_to_whom_it_may_concern() -> None:
    told = threading.Event()
    ended: list[int | None] = []

    def on_end(process: ChildProcess) -> None:
        ended.append(process.returncode)
        told.set()

    child("import os; os.kill(os.getpid(), 15)", on_end=on_end)

    assert told.wait(20)
    assert ended == [-signal.SIGTERM]


def test_a_signal_to_one_that_has_ended_reaches_nobody() -> None:
    process = child("pass")
    assert process.wait(20)
    process.kill()
    process.signal(signal.SIGSTOP)

    assert process.returncode == 0


def test_a_program_that_does_not_exist_is_an_error_at_once() -> None:
    with pytest.raises(FileNotFoundError):
        ChildProcess("nothing", ["/no/such/program"])


def test_one_that_dies_with_its_parent_does_so_even_after_kill_9() -> None:
    owner = child(
        "import sys; from hil.child_process import ChildProcess\n"
        "child = ChildProcess('grandchild', [sys.executable, '-c', 'import time; time.sleep(60)'], "
        "dies_with_parent=True)\nprint(child.pid, flush=True); child.wait(60)",
        stdout=subprocess.PIPE,
    )
    grandchild = os.pidfd_open(int(owner.stdout.readline()))
    owner.end()
    ended = _ends_within(grandchild, 20)
    os.close(grandchild)

    assert ended


def test_it_outlives_the_thread_that_started_it() -> None:
    started: list[ChildProcess] = []
    starter = threading.Thread(
        target=lambda: started.append(child(WAITS, stdin=subprocess.PIPE, dies_with_parent=True))
    )
    starter.start()
    starter.join()
    (process,) = started
    process.end(20)

    assert process.returncode == 0


def test_one_that_does_not_read_what_it_is_fed_can_be_ended() -> None:
    process = child("import time; print(flush=True); time.sleep(60)", feed=b"x" * (1 << 20), stdout=subprocess.PIPE)
    process.stdout.readline()
    process.end()

    assert process.returncode == -signal.SIGKILL


def _ends_within(pidfd: int, seconds: float) -> bool:
    return bool(select.select([pidfd], [], [], seconds)[0])

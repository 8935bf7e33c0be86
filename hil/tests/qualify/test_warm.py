"""The process in which trials are run."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import threading
from pathlib import Path

from hil.clock import stopwatch
from hil.errors import ExitCode
from hil.qualify.warm import WarmProcess

ROOT = Path(__file__).parents[3]


def test_each_run_has_its_folder_its_environment_its_output_and_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").symlink_to(ROOT / "conftest.py")
    warm = WarmProcess.start(ROOT)
    try:
        for arguments, code, words in (
            (["steps", "--no-such-option"], ExitCode.AUTHOR_ERROR, "unrecognized arguments"),
            (["report", "nowhere"], ExitCode.AUTHOR_ERROR, "nowhere"),
        ):
            out = tmp_path / "said.txt"
            assert warm.run(arguments, tmp_path, {"COLUMNS": "80"}, out, 60.0, threading.Event()) == code
            assert words in out.read_text()
    finally:
        warm.stop()
    assert warm.process.returncode == 0


def test_a_run_ends_with_the_process_that_sets_its_time_limit(tmp_path: Path) -> None:
    warm = WarmProcess.start(ROOT)
    out = tmp_path / "said.txt"
    asked = {"arguments": ["vbench", "up"], "folder": str(tmp_path), "env": {}, "out": str(out)}
    warm.process.stdin.write(json.dumps(asked).encode() + b"\n")
    warm.process.stdin.flush()
    run = os.pidfd_open(int(warm.process.stdout.readline()))
    try:
        warm.process.kill()
        ended, _, _ = select.select([run], [], [], 30.0)
        assert ended, out.read_text()
    finally:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(run, signal.SIGTERM)
        os.close(run)
        warm.stop()


def test_a_run_that_is_told_to_end_ends_long_before_its_limit(tmp_path: Path) -> None:
    warm = WarmProcess.start(ROOT)
    told_to_end, watch = threading.Event(), stopwatch()
    told_to_end.set()
    try:
        warm.run(["vbench", "up"], tmp_path, {}, tmp_path / "said.txt", 600.0, told_to_end)
    finally:
        warm.stop()
    assert watch() < 60.0

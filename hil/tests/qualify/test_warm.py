"""The process in which trials are run."""

from __future__ import annotations

import json
import os
import select
from pathlib import Path

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
            assert warm.run(arguments, tmp_path, {"COLUMNS": "80"}, out, 60.0) == code
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
    ended = os.pidfd_open(int(warm.process.stdout.readline()))
    try:
        warm.process.kill()
        assert select.select([ended], [], [], 30.0)[0], out.read_text()
    finally:
        os.close(ended)
        warm.stop()

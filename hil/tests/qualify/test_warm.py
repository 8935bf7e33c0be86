"""The process in which trials are run."""

from __future__ import annotations

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

"""What ``hil rig study`` says before it measures. Its measurements: hil/tests/acceptance/test_rig_study.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hil.cli.main import main

VIRTUAL = Path(__file__).parents[4] / "rigs/virtual.yaml"


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--levels", "0"], "0 levels and 3 trials are no study"),
        (["--trials", "1"], "at least 1 level and 2 trials of it are allowed"),
        (["--seconds", "1"], "1 s of power in a trial; 4 s or more are allowed"),
        (["--benches", "0"], "0 benches measure nothing; 1 or more are allowed"),
    ],
)
def test_wrong_numbers_are_told_before_the_rig_file_is_read(
    words: list[str], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rig", "study", "no-such-file.yaml", *words]) == 4
    assert what in capsys.readouterr().err


def test_numbers_beyond_the_rig_are_told_before_the_statistics_are_loaded() -> None:
    program = (
        "import sys; from hil.cli.main import main; code = main(sys.argv[1:]);"
        " sys.exit(code if not {'statsmodels', 'pandas', 'scipy'} & set(sys.modules) else 99)"
    )
    command = [sys.executable, "-c", program, "rig", "study", str(VIRTUAL), "--levels", "1", "--seconds", "100000"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == 4, ended.stderr
    assert "100000 s of power in a trial; limits.session allows" in ended.stderr

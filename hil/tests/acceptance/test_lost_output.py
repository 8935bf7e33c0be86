"""A run whose output cannot be written: reports and run folder are there all the same, and the exit code tells it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hil.errors import ExitCode
from hil.evidence.documents import Verdict
from hil.tests.acceptance.commands import TIMEOUT, Finished, Project, environment

SCENARIO = "features/smoke.feature:22"


@pytest.mark.parametrize(
    ("redirected", "code", "told"),
    [
        (">/dev/full", ExitCode.RIG_FAULT, "hil: standard output: it cannot be written (No space left on device)"),
        (">&-", ExitCode.RIG_FAULT, "hil: standard output: it cannot be written (it is closed)"),
        ("2>/dev/full", ExitCode.PASS, "1 scenario: 1 pass"),
        ("2>&-", ExitCode.PASS, "1 scenario: 1 pass"),
    ],
)
def test_a_run_whose_output_is_lost_has_its_reports_and_one_sentence(
    tmp_path: Path, redirected: str, code: ExitCode, told: str
) -> None:
    project = Project.make(tmp_path / "project")
    line = f'exec "$0" -m hil.cli.main run {SCENARIO} --seed 7 {redirected}'
    done = subprocess.run(
        ["/bin/sh", "-c", line, sys.executable],
        cwd=project.folder,
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    finished = Finished(done.returncode, done.stdout + done.stderr, project.folder)

    assert finished.code == code
    assert told in finished.said
    assert "Traceback" not in finished.said
    assert finished.document["verdict"] == Verdict.PASS
    assert (finished.folder / "junit.xml").is_file()
    assert "The socket cuts off a cable that underpays" in finished.report

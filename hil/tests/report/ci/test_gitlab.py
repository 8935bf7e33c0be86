"""What GitLab CI is told: a code quality report, and sections of the log."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from hil.evidence.documents import Verdict
from hil.report.ci.gitlab import CODE_QUALITY_FILE, code_quality, log_sections, write_code_quality
from hil.tests.report.conftest import toast, undecided, view

SECTION = re.compile(r"\x1b\[0Ksection_(start|end):(\d+):([A-Za-z0-9_.-]+)(?:\[collapsed=true\])?\r\x1b\[0K(.*)")


def test_an_entry_has_what_gitlab_asks_for(finished_run: Path) -> None:
    fail, inconclusive = code_quality(view(finished_run), "lab/")

    assert set(fail) == {"description", "check_name", "fingerprint", "severity", "location"}
    assert fail["location"] == {"path": "lab/features/underpayment.feature", "lines": {"begin": 10}}
    assert (fail["check_name"], fail["severity"]) == ("hil/fail", "critical")
    assert (inconclusive["check_name"], inconclusive["severity"]) == ("hil/inconclusive", "major")
    assert fail["fingerprint"] != inconclusive["fingerprint"]


def test_what_fails_again_has_the_same_fingerprint(make_run: Callable[..., Path]) -> None:
    first, second = (make_run(undecided, verdict=Verdict.INCONCLUSIVE) for _ in range(2))

    assert code_quality(view(first), "") == code_quality(view(second), "")


def test_the_file_of_a_run_that_passed_is_an_empty_list(make_run: Callable[..., Path], tmp_path: Path) -> None:
    path = write_code_quality(view(make_run(toast, verdict=Verdict.PASS)), "", tmp_path)

    assert path == tmp_path / CODE_QUALITY_FILE
    assert json.loads(path.read_text(encoding="utf-8")) == []


def test_each_scenario_that_did_not_pass_is_a_section_of_the_log_which_nothing_in_it_can_end(
    finished_run: Path,
) -> None:
    lines = log_sections(view(finished_run), 1_900_000_000)

    marks = [match.groups() for line in lines if (match := SECTION.fullmatch(line))]
    assert [(mark[0], mark[1]) for mark in marks] == [("start", "1900000000"), ("end", "1900000000")] * 2
    assert marks[0][2] == marks[1][2] != marks[2][2]
    assert marks[0][3].startswith("features/underpayment.feature:10 fail: The cable underpays")
    inside = [line for line in lines if not SECTION.fullmatch(line)]
    assert any("run it again: hil run features/underpayment.feature:12" in line for line in inside)
    assert not any(set("\x1b\r") & set(line) for line in inside)

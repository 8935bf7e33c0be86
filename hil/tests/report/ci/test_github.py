"""What GitHub Actions is told: workflow commands in the log, Markdown in the summary of the step."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.store import RunWriter
from hil.report.ci import github
from hil.report.ci.github import MOST_ANNOTATIONS, step_summary, workflow_commands
from hil.report.run_view import RunView
from hil.tests.report.conftest import NASTY, start, stop, toast, view

COMMAND = re.compile(r"::(error|warning) (?:file=([^:,]*),line=(\d+),)?title=([^:,]*)::(.*)")


@pytest.fixture(scope="module")
def finished(finished_run: Path) -> RunView:
    return view(finished_run)


def read(line: str) -> tuple[str, ...]:
    match = COMMAND.fullmatch(line)
    assert match is not None, line
    return match.groups()


def test_a_scenario_that_did_not_pass_is_shown_at_the_step_that_failed(finished: RunView) -> None:
    fail, undecided = (read(line) for line in workflow_commands(finished, "lab/"))

    assert fail[:3] == ("error", "lab/features/underpayment.feature", "10")
    assert fail[3].startswith("fail%3A The cable underpays by 1 satoshi")
    assert "measured 650 ms ± 50 ms, limit ≤ 500 ms" in fail[4]
    assert fail[4].endswith("%0Arun it again: hil run features/underpayment.feature:12 --seed 42")
    assert undecided[:4] == (
        "error",
        "lab/features/underpayment.feature",
        "21",
        "inconclusive%3A The cable pays a stranger",
    )


def test_a_run_without_an_end_and_evidence_cut_off_are_errors_and_come_first(crashed_run: Path) -> None:
    lines = [read(line) for line in workflow_commands(view(crashed_run), "")]

    assert [line[:4] for line in lines] == [
        ("error", None, None, "rig fault%3A the run"),
        ("error", "features/boot.feature", "5", "rig fault%3A Boot in time"),
    ]
    assert "This run was never finished." in lines[0][4]


def test_a_run_that_passed_says_nothing(make_run: Callable[..., Path]) -> None:
    assert workflow_commands(view(make_run(toast, verdict=Verdict.PASS)), "") == []


def test_altered_evidence_comes_before_all_else(make_run: Callable[..., Path]) -> None:
    folder = make_run(toast, verdict=Verdict.PASS)
    document = (folder / "run.json").read_text(encoding="utf-8")
    (folder / "run.json").write_text(document.replace("Halmstad", "Kalmar"), encoding="utf-8")

    (line,) = workflow_commands(view(folder), "")

    assert read(line)[3] == "evidence altered%3A the run"


def failures(count: int, verdict: Verdict = Verdict.FAIL) -> Callable[[RunWriter], None]:
    def write(run: RunWriter) -> None:
        for number in range(count):
            writer = run.scenario(number, f"number {number}")
            start(writer, f"number {number}", "boot", 5)
            stop(writer, 1.0, verdict, "no reason")
            run.scenario_done(writer)

    return write


def test_more_than_github_shows_are_counted_and_the_most_severe_are_shown(make_run: Callable[..., Path]) -> None:
    def rig_fault(run: RunWriter) -> None:
        writer = run.scenario(99, "last")
        start(writer, "last", "boot", 5)
        stop(writer, 1.0, Verdict.RIG_FAULT, "meter lost")
        run.scenario_done(writer)

    lines = workflow_commands(view(make_run(failures(20), rig_fault, verdict=Verdict.RIG_FAULT)), "")

    assert len(lines) == MOST_ANNOTATIONS
    assert read(lines[0])[3] == "rig fault%3A last"
    assert read(lines[-1])[4].startswith("12 more scenarios did not pass")
    assert len(workflow_commands(view(make_run(failures(10), verdict=Verdict.FAIL)), "")) == 10


def test_what_was_not_run_is_a_warning(make_run: Callable[..., Path]) -> None:
    (line,) = workflow_commands(view(make_run(failures(1, Verdict.NOT_RUN), verdict=Verdict.NOT_RUN)), "")

    assert read(line)[0] == "warning"


@given(st.text())
def test_no_text_makes_a_second_command_or_another_property(text: str) -> None:
    command = f"::error title={github._property(text)}::{github._data(text)}"

    assert "\n" not in command
    assert "\r" not in command
    assert len(re.split(r"(?<!%3A)::", command)) >= 2
    assert not set(",:\r\n") & set(github._property(text))


def test_the_summary_tells_verdict_counts_and_why(finished: RunView) -> None:
    lines = step_summary(finished).splitlines()

    assert lines[0] == "## Acceptance report&#58; ✗ fail"
    assert "4 scenarios&#58; 1 pass&#44; 1 fail&#44; 1 inconclusive&#44; 1 not applicable" in lines
    assert "- Seed: 42" in lines
    rows = [line for line in lines if line.startswith("| ")]
    assert len(rows) == 3
    assert rows[1].startswith("| ✗ fail | The cable underpays by 1 satoshi &#60;&#47;script&#62;")
    assert rows[2].count(" | ") == 3


def test_foreign_text_is_no_markdown(finished: RunView) -> None:
    cell = github._markdown(f"{NASTY}|[a](http://b)`*_#@x")

    assert not set("<>|[]()`*#@\n\\") - set("#") & set(re.sub(r"&#\d+;", "", cell))
    assert "<script>" not in step_summary(finished)


def test_a_summary_of_thousands_of_failures_stays_below_what_github_takes(make_run: Callable[..., Path]) -> None:
    def long(run: RunWriter) -> None:
        for number in range(300):
            writer = run.scenario(number, "long")
            writer.write(Event(Kind.START, 0.0, "bench", {"name": "<" * 300, "feature": "a.feature", "line": 1}))
            stop(writer, 1.0, Verdict.FAIL, "<" * 5_000)
            run.scenario_done(writer)

    text = step_summary(view(make_run(long, verdict=Verdict.FAIL)))

    assert len(text.encode()) < 1_048_576
    assert "100 more scenarios did not pass." in text

"""What a run leaves beside its folder: annotations and summary, results for Allure, index, history."""

from __future__ import annotations

import json

from hil.errors import ExitCode
from hil.evidence.documents import Verdict
from hil.history.store import History
from hil.tests.acceptance.commands import Finished


def test_github_is_told_the_failing_step_and_the_summary(told_to_others: Finished) -> None:
    assert told_to_others.code == ExitCode.DEVICE_FAILURE, told_to_others.said
    (line,) = [each for each in told_to_others.said.splitlines() if each.startswith("::error ")]
    assert line.startswith("::error file=energy.feature,line=18,title=fail%3A Less than was paid::energy delivered: ")
    summary = (told_to_others.project / "summary.md").read_text(encoding="utf-8")
    assert "2 scenarios&#58; 1 pass&#44; 1 fail" in summary


def test_allure_has_a_result_for_each_scenario(told_to_others: Finished) -> None:
    found = [json.loads(path.read_text("utf-8")) for path in (told_to_others.project / "allure-results").glob("*.json")]

    assert {(each["name"], each["status"], len(each["steps"])) for each in found} == {
        ("What was paid", "passed", 7),
        ("Less than was paid", "failed", 7),
    }
    assert all(each["stop"] >= each["start"] > 1_700_000_000_000 for each in found)


def test_the_run_is_in_the_index_and_in_the_history(told_to_others: Finished) -> None:
    page = (told_to_others.project / "reports/index.html").read_text(encoding="utf-8")
    assert f'<a href="runs/{told_to_others.folder.name}/report.html">' in page
    assert '<span class="count">1 pass</span>, <span class="count">1 fail</span>' in page
    with History.open("reports/history.sqlite", told_to_others.project) as history:
        points = history.points("energy delivered")
    assert [each.verdict for each in points] == [Verdict.PASS, Verdict.FAIL]
    assert points[0].firmware.startswith("micropay-hil ")
    assert points[0].uncertainty is not None

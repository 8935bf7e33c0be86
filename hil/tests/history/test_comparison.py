"""One run against another, of made runs."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from hil.cli.main import main
from hil.evidence.documents import Verdict
from hil.history.comparison import compare
from hil.history.facts import read_facts
from hil.history.pages import comparison_json, comparison_page
from hil.history.words import comparison_lines
from hil.tests.history.conftest import Lab, alter
from hil.tests.report.conftest import NASTY


def test_new_failures_and_failures_that_are_gone_are_told(lab: Lab) -> None:
    names = ("a", "b", "c")
    before, after = lab.facts(40.0, 42.0, 40.95, names=names), lab.facts(42.0, 40.0, 42.0, names=names)

    found = compare(after, before)

    assert [(each.scenario[-1], each.before, each.after) for each in found.worse] == [
        ("a", Verdict.PASS, Verdict.FAIL),
        ("c", Verdict.INCONCLUSIVE, Verdict.FAIL),
    ]
    assert [each.scenario[-1] for each in found.better] == ["b"]
    assert found.exit_code == 1


def test_a_failure_that_was_there_before_is_not_new(lab: Lab) -> None:
    found = compare(lab.facts(42.0), lab.facts(42.0))

    assert (found.worse, found.exit_code) == ([], 0)


@pytest.mark.parametrize(("after", "moved"), [(40.14, False), (40.15, True), (39.85, True)])
def test_a_value_has_moved_if_it_did_by_more_than_both_uncertainties_together(
    lab: Lab, after: float, moved: bool
) -> None:
    found = compare(lab.facts(after, uncertainty=0.1), lab.facts(40.0, uncertainty=0.1))

    assert bool(found.moved) is moved
    assert found.exit_code == 0
    for each in found.moved:
        assert each.uncertainty == pytest.approx(math.sqrt(0.02))
        assert each.by == pytest.approx(after - 40.0)


def test_a_scenario_that_is_gone_is_no_pass_unless_only_common_ones_are_asked_for(lab: Lab) -> None:
    before, after = lab.facts(40.0, 40.0, names=("a", "b")), lab.facts(40.0, 42.0, names=("a", "c"))

    found, common = compare(after, before), compare(after, before, common=True)

    assert [each.scenario[-1] for each in found.removed] == ["b"]
    assert [(each.scenario[-1], each.after) for each in found.added] == [("c", Verdict.FAIL)]
    assert found.exit_code == 1, "the new scenario fails"
    assert compare(lab.facts(40.0, names=("a",)), before).exit_code == 2
    assert (common.added, common.removed, common.exit_code) == ([], [], 0)


def test_altered_evidence_and_a_run_without_an_end_say_nothing(lab: Lab) -> None:
    altered, sound, cut_off = lab.run(40.0), lab.facts(40.0), lab.facts(40.0, finished=False)
    alter(altered)

    for after, before in ((read_facts(altered), sound), (sound, read_facts(altered)), (cut_off, sound)):
        found = compare(after, before)
        assert found.exit_code == 8
        assert found.faults
        assert any(line.startswith("! ") for line in comparison_lines(found))


def test_foreign_text_is_inert_in_page_and_terminal(lab: Lab) -> None:
    found = compare(lab.facts(42.0, names=(NASTY,), name=NASTY), lab.facts(40.0, names=(NASTY,), name=NASTY))

    page, lines = comparison_page(found), "\n".join(comparison_lines(found))

    assert page.count("script&gt;alert") == 3, "a verdict, and a value with its name"
    assert "<script" not in page
    assert not set("\x1b\u202e\u2028") & (set(page) | set(lines))


def test_the_json_holds_changes_and_code(lab: Lab) -> None:
    told = json.loads(comparison_json(compare(lab.facts(42.0), lab.facts(40.0))))

    assert told["worse"] == [{"scenario": "features/toast.feature: One slice", "before": "pass", "after": "fail"}]
    assert told["exit_code"] == 1
    assert told["moved"][0]["before"] == 40.0


@pytest.fixture
def laboratory(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    for name in ("rigs", "features"):
        (lab.folder / name).mkdir(parents=True)
    monkeypatch.chdir(lab.folder)
    return lab


def test_the_command_compares_and_ends_with_the_code_of_the_worst(
    laboratory: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = laboratory.run(40.0), laboratory.run(42.0)

    assert main(["report", str(after), "--against", str(before)]) == 1
    assert "worse than before: 1\n  ✓ pass → ✗ fail  features/toast.feature: One slice" in capsys.readouterr().out
    assert main(["report", str(before), "--against", str(before), "--format", "html"]) == 0
    assert Path(capsys.readouterr().out.strip()).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert main(["report", str(after), "--against", "nothing"]) == 4


def test_runs_are_added_once_and_their_trend_is_told(laboratory: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    for value in (40.0, 40.1, 40.0):
        laboratory.run(value)
    broken = laboratory.run(40.0)
    alter(broken)

    assert main(["history", "add"]) == 8
    assert capsys.readouterr().out.splitlines()[-1] == "3 added, 0 there already, 1 not added"
    assert main(["history", "add", *map(str, sorted(broken.parent.iterdir())[:2])]) == 0
    assert capsys.readouterr().out == "0 added, 2 there already, 0 not added\n"
    assert main(["history", "measurements"]) == 0
    assert capsys.readouterr().out == "     3  energy delivered\n"
    assert main(["trend", "energy delivered"]) == 0
    assert "Values           3" in capsys.readouterr().out
    assert main(["trend", "energie"]) == 4
    assert "nearest: 'energy delivered'" in capsys.readouterr().err
    assert main(["history", "flaky"]) == 0
    assert capsys.readouterr().out == "no scenario passes and fails with the same commit\n"


def test_the_index_is_written_by_the_command(laboratory: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    laboratory.run(40.0)

    assert main(["report", "--index"]) == 0

    assert "1 pass" in Path(capsys.readouterr().out.strip()).read_text(encoding="utf-8")

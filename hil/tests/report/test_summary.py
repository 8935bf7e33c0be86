from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hil.evidence.store import RunRecord
from hil.report.summary import summary_lines
from hil.report.words import Scale, visible


def test_summary_has_one_line_for_each_scenario_that_did_not_pass(finished_run: Path) -> None:
    fail, inconclusive, not_applicable, nearest, counts = summary_lines(RunRecord.load(finished_run))
    assert fail.startswith("✗ fail            features/underpayment.feature:12  The cable underpays by 1 satoshi")
    assert "refused payment to zero current: measured 650 ms ± 50 ms, limit ≤ 500 ms" in fail
    assert inconclusive.startswith("? inconclusive    features/underpayment.feature:21  The cable pays a stranger: ")
    assert not_applicable.endswith("Both sides real: this bench does not offer: pair")
    assert nearest == (
        "  nearest passed timing limit, 10% left: power-on to first accepted payment: 24.200 ± 0.050 s, limit ≤ 27 s "
        "(features/toast.feature:7)"
    )
    assert counts == "4 scenarios: 1 pass, 1 fail, 1 inconclusive, 1 not applicable"


def test_summary_of_a_crashed_run_says_which_scenario_was_cut_off(crashed_run: Path) -> None:
    lines = summary_lines(RunRecord.load(crashed_run))
    assert lines[0].startswith("○ not run         features/boot.feature:5  Boot in time: The evidence file is cut off")
    assert lines[-1] == "2 scenarios: 1 pass, 1 not run"


def test_summary_sends_no_control_character_to_the_terminal(finished_run: Path) -> None:
    assert all(line.isprintable() for line in summary_lines(RunRecord.load(finished_run)))


def test_number_has_as_many_decimals_as_its_uncertainty_is_worth() -> None:
    assert Scale("Wh", 40.8, 0.41).number(40.034) == "40.03"
    assert Scale("s", 0.5, 0.05).number(0.65) == "650"
    assert Scale("s", 0.5, 0.0005).number(-0.2, signed=True) == "\u2212200.00"
    assert Scale("sat", 50_000, None).number(50_000) == "50 000"
    assert Scale("s", 27.0, 0.0).number(2.75, signed=True) == "+2.75"
    assert Scale("s", 27.0, 0.5).number(0.0, signed=True) == "0.00"


@given(st.text())
def test_visible_text_holds_nothing_that_cannot_be_seen_and_ordinary_text_is_left_alone(text: str) -> None:
    shown = visible(text)
    assert shown == visible(shown)
    assert not {"\x1b", "\x00", "\u202e", "\u2028"} & set(shown)
    if text.isascii() and text.isprintable():
        assert shown == text

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hil.evidence.documents import Event, Json, Kind, Verdict
from hil.evidence.store import RunWriter
from hil.report.summary import slowest_steps, summary_lines
from hil.report.text_format import Scale, visible
from hil.tests.report.conftest import MakeRun, start, stop, view


def test_summary_has_one_line_for_each_scenario_that_did_not_pass(finished_run: Path) -> None:
    fail, inconclusive, not_applicable, nearest, counts = summary_lines(view(finished_run))
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
    lines = summary_lines(view(crashed_run))
    assert lines[0].startswith("○ not run         features/boot.feature:5  Boot in time: The evidence file is cut off")
    assert lines[-1] == "2 scenarios: 1 pass, 1 not run"


def test_summary_sends_no_control_character_to_the_terminal(finished_run: Path) -> None:
    assert all(line.isprintable() for line in summary_lines(view(finished_run)))


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


def test_the_slowest_steps_are_listed_by_the_time_that_a_person_waited(make_run: MakeRun) -> None:
    def scenario(run: RunWriter) -> None:
        writer = run.scenario(1, "waiting")
        start(writer, "Waiting", "boot", 3)
        for text, ended, wall in (("Given a", 0.0, 0.001), ("When b", 60.0, 0.25), ("Then c", 60.0, 0.5)):
            data: dict[str, Json] = {"keyword": text[:5].strip(), "text": text[5:].strip(), "line": 7}
            data |= {"outcome": "passed", "started": 0.0}
            writer.write(Event(Kind.STEP, ended, "bench", data, host={"wall_s": wall}))
        stop(writer, 60.0, Verdict.PASS)
        run.scenario_done(writer)

    run = view(make_run(scenario, verdict=Verdict.PASS))

    assert slowest_steps(run, 2) == [
        "slowest steps:",
        "     0.500 s,     60.000 s on the bench  features/boot.feature:7: Then c",
        "     0.250 s,     60.000 s on the bench  features/boot.feature:7: When b",
    ]
    assert slowest_steps(run, 0) == []

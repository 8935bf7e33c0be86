"""A device that misses its budget, as a person at a terminal sees it."""

from __future__ import annotations

import re

from hil.evidence.documents import Kind, Verdict
from hil.tests.acceptance.plans import OnTerminal
from hil.tests.bdd.screen import Screen


def shown(run: OnTerminal) -> list[str]:
    """What is left to read on the terminal after the run."""
    screen = Screen(columns=160, rows=24)
    screen.feed(run.written)
    return screen.text()


def test_a_device_that_needs_31_s_fails_with_code_one(too_slow: OnTerminal) -> None:
    assert too_slow.code == 1, too_slow.written.decode()
    assert too_slow.finished.document["verdict"] == Verdict.FAIL
    verdict = next(too_slow.finished.record.scenarios[0].of(Kind.VERDICT)).data
    assert verdict["verdict"] == Verdict.FAIL
    low, high = verdict["low"], verdict["high"]
    assert isinstance(low, float)
    assert isinstance(high, float)
    assert 31.0 <= low <= high < 32.0


def test_the_failure_names_the_step_the_value_against_the_limit_and_how_to_run_it_again(too_slow: OnTerminal) -> None:
    text = "\n".join(shown(too_slow))

    assert f"{too_slow.line}: Then the first payment was accepted within 27 s of power-on" in text
    assert re.search(r"fail: power-on to first accepted payment: measured 31\.\d+ s.*limit ≤ 27 s, margin -4\.", text)
    assert "fail by the interval rule" in text
    assert re.search(r"what happened around 30\.\d+ s:\n( +[\d.]+ s  \S+ .*\n+){10}run it again: ", text)
    assert (
        "run it again: hil run 'features/boot.feature::A socket takes its first payment within the budget' --seed 7 "
        "--rig rigs/slow.yaml --node" in text
    )


def test_the_summary_follows_the_failure(too_slow: OnTerminal) -> None:
    text = "\n".join(shown(too_slow))

    assert "1 scenario: 1 fail" in text
    assert "seed: 7" in text
    assert re.search(r"report: reports/runs/\S+/report\.html", text)
    assert f"evidence digest: {too_slow.finished.document['evidence_digest']}" in text


def test_the_report_says_fail_with_value_and_limit(too_slow: OnTerminal) -> None:
    assert "31." in too_slow.finished.report
    assert "≤ 27 s" in too_slow.finished.report
    assert "beyond the limit" in too_slow.finished.report


def test_the_live_line_appears_while_the_bench_works(too_slow: OnTerminal) -> None:
    lines = re.findall(rb" s +-?[\d.]+ W  credit +-?[\d.]+ Wh +-?[\d.]+ Wh  [^\x1b]+", too_slow.written)

    assert lines
    assert any(b"When the devices are switched on" in line or b"first payment" in line for line in lines)


def test_the_live_line_is_cleared_and_the_count_of_scenarios_stays(too_slow: OnTerminal) -> None:
    lines = shown(too_slow)

    assert not [line for line in lines if "Wh  When" in line or "Wh  And" in line]
    assert [line for line in lines if re.fullmatch(r"features/boot\.feature F +\[100%\]", line)], lines

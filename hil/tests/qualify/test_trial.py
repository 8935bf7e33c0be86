"""What a trial makes of a run: who was blamed, and whether the message helps."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.record import ScenarioRecord
from hil.qualify.campaign import Tally
from hil.qualify.catalogue import Defect, Target
from hil.qualify.table import summary, write_html
from hil.qualify.trial import Outcome, judged

AGAIN = "hil run 'features/x.feature::One thing' --seed 7"


def target(role: str = "socket") -> Target:
    return Target.model_validate(
        {
            "target": "a device",
            "role": role,
            "language": "python",
            "defects": [
                {
                    "id": "credits-more",
                    "wrong": "Credits more than was paid.",
                    "requirement": "REQ-PAY-1",
                    "kind": "money",
                    "file": "x.py",
                    "old": "a",
                    "new": "b",
                    "cause": ["credited", "tariff"],
                }
            ],
        }
    )


def defect(of: Target) -> Defect:
    return of.defects[0]


def record(verdict: Verdict, reason: str, setup: str) -> ScenarioRecord:
    start = Event(Kind.START, 0.0, "bench", {"name": "One thing"}, host={"again": AGAIN})
    stop = Event(Kind.STOP, 9.0, "bench", {"verdict": verdict.value, "reason": reason, "setup": setup})
    return ScenarioRecord("0001", [start, stop])


@pytest.mark.parametrize(
    ("verdict", "reason", "setup", "result", "party", "cause"),
    [
        (Verdict.FAIL, "socket: Credited 9 Wh", "socket under test", "found", True, True),
        (Verdict.FAIL, "9 Wh were credited", "socket under test", "found", True, True),
        (Verdict.FAIL, "something broke", "socket under test", "found", True, False),
        (Verdict.FAIL, "9 Wh were credited", "pair", "found", False, True),
        (Verdict.FAIL, "the socket credited 9 Wh", "pair", "found", True, True),
        (Verdict.FAIL, "the cable credited 9 Wh", "cable under test", "found", False, True),
        (Verdict.RIG_FAULT, "socket: credited", "socket under test", "wrong party", False, True),
        (Verdict.INCONCLUSIVE, "", "socket under test", "wrong party", False, False),
    ],
)
def test_a_message_names_the_party_and_the_cause_or_does_not(
    verdict: Verdict, reason: str, setup: str, result: str, party: bool, cause: bool
) -> None:
    device = target()
    outcome = judged(device, defect(device), record(verdict, reason, setup), 1.0)
    assert (outcome.result, outcome.party, outcome.cause) == (result, party, cause)
    assert outcome.scenario == "features/x.feature::One thing"


def test_a_defect_of_both_sides_may_be_blamed_on_either() -> None:
    device = target("both")
    outcome = judged(device, defect(device), record(Verdict.FAIL, "cable: tariff", "cable under test"), 1.0)
    assert outcome.party


def outcome(result: str, **more: object) -> Outcome:
    facts = ("x", "a device", "socket", "money", "Does <b>wrong</b>.", "REQ-PAY-1")
    return Outcome(*facts, result, **more)  # type: ignore[arg-type]


def test_a_suite_qualifies_with_98_percent_found_and_90_percent_named() -> None:
    good, unnamed, lost = outcome("found", party=True, cause=True), outcome("found", party=True), outcome("survived")
    assert Tally.of([good] * 98 + [lost] * 2).enough
    assert not Tally.of([good] * 97 + [lost] * 3).enough
    assert Tally.of([good] * 90 + [unnamed] * 10).enough
    assert not Tally.of([good] * 89 + [unnamed] * 11).enough


def test_the_table_tells_survivors_and_what_was_not_named_and_counts_the_rest() -> None:
    outcomes = [
        outcome("survived"),
        outcome("found", party=True, scenario="s"),
        outcome("found", party=True, cause=True),
    ]
    text = summary(outcomes)
    assert text.splitlines()[1:3] == ["x (a device, REQ-PAY-1): Does <b>wrong</b>.", "    survived"]
    assert "found by s, without naming the cause" in text
    assert "3 defects: 2 found (66.7%, at least 98%), 1 with party and cause (33.3%, at least 90%)" in text


def test_foreign_text_is_inert_in_the_page(tmp_path: Path) -> None:
    write_html([outcome("found", message="<script>\u202e")], tmp_path / "q.html")
    page = (tmp_path / "q.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page

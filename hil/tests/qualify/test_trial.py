"""What a trial makes of a run: who was blamed, and whether the message helps."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError
from itertools import pairwise
from pathlib import Path

import pytest

from hil.clock import stopwatch
from hil.errors import ExitCode
from hil.evidence.documents import Event, Json, Kind, Verdict
from hil.evidence.record import ScenarioRecord
from hil.qualify import baseline, trial
from hil.qualify.campaign import Tally
from hil.qualify.catalogue import Defect, Target
from hil.qualify.table import summary, write_html
from hil.qualify.trial import Outcome, judged, try_defect
from hil.qualify.workshop import Workshop

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


class Suite:
    """Stands where the suite runs: the scenarios that fail, in their order, unless they are left out."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, folder: Path, *failing: str, unknown: Sequence[str] = ()
    ) -> None:
        self.runs = 0
        self.workshop = Workshop(folder, folder, ())
        self._failing = failing
        self._unknown = unknown
        self._fails = ""
        monkeypatch.setattr(trial, "run", self._run)
        monkeypatch.setattr(trial, "_first_finding", self._first_finding)

    def _run(self, _: object, paths: Sequence[str], *__: object) -> tuple[int, str]:
        self.runs += 1
        if any(name in paths for name in self._unknown):
            return ExitCode.AUTHOR_ERROR, "not found"
        left_out = [name for option, name in pairwise(paths) if option == "--deselect"]
        chosen = [name for name in self._failing if name not in left_out and (name in paths or "features" in paths)]
        self._fails = chosen[0] if chosen else ""
        return (ExitCode.DEVICE_FAILURE if chosen else ExitCode.PASS), ""

    def _first_finding(self, _: object) -> ScenarioRecord:
        start = Event(Kind.START, 0.0, "bench", {"name": "One"}, host={"again": f"hil run {self._fails} --seed 7"})
        data: dict[str, Json] = {"verdict": "fail", "reason": "credited", "setup": "socket under test"}
        return ScenarioRecord("0001", [start, Event(Kind.STOP, 9.0, "bench", data)])

    def try_it(self, *likely: Sequence[str], good_fails: Sequence[str] = ()) -> Outcome:
        of = target()
        return try_defect(
            self.workshop, of, defect(of), "native", likely, good_passes=lambda scenario: scenario not in good_fails
        )


def test_a_scenario_that_a_good_device_fails_too_finds_nothing_and_the_search_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    suite = Suite(monkeypatch, tmp_path, "a.feature::Shaky", "a.feature::Sound")
    assert suite.try_it(["a.feature::Other"], good_fails=["a.feature::Shaky"]).scenario == "a.feature::Sound"
    assert suite.runs == 3
    assert suite.try_it(good_fails=["a.feature::Shaky", "a.feature::Sound"]).result == "survived"


def test_a_scenario_that_is_expected_to_find_a_defect_is_not_tried_with_a_good_device(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    suite = Suite(monkeypatch, tmp_path, "a.feature::Likely")
    found = suite.try_it(["a.feature::Likely"], good_fails=["a.feature::Likely"])
    assert (found.result, found.scenario, suite.runs) == ("found", "a.feature::Likely", 1)


def test_whether_a_good_device_passes_is_seen_by_one_run_and_remembered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runs: list[str] = []

    def run(_: object, paths: Sequence[str], *__: object) -> tuple[int, str]:
        runs.extend(paths)
        return (ExitCode.PASS if "Good" in paths[0] else ExitCode.DEVICE_FAILURE), ""

    monkeypatch.setattr(baseline, "run", run)
    monkeypatch.setattr(baseline, "open_workshop", lambda *_: None)
    good = baseline.Baseline(tmp_path, tmp_path, "native", threading.Event())
    for _ in range(2):
        assert good.passes(target(), "a.feature::Good", None)
        assert not good.passes(target(), "a.feature::Bad", None)
    assert runs == ["a.feature::Good", "a.feature::Bad"]


def test_likely_killers_with_one_that_is_no_scenario_any_more_give_way_to_the_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    suite = Suite(monkeypatch, tmp_path, "a.feature::Found", unknown=["a.feature::Gone"])
    assert suite.try_it(["a.feature::Gone"], ["a.feature::Found"]).scenario == "a.feature::Found"
    assert suite.runs == 2
    assert suite.try_it(["a.feature::Gone"]).scenario == "a.feature::Found"


def test_a_trial_that_is_told_to_end_ends_its_run_and_begins_no_other(tmp_path: Path) -> None:
    of, told_to_end, watch = target(), threading.Event(), stopwatch()
    told_to_end.set()
    workshop = Workshop(tmp_path, tmp_path, (sys.executable, "-c", "import signal; signal.pause()"))
    with pytest.raises(CancelledError):
        try_defect(workshop, of, defect(of), "native", [["a.feature::One"]], told_to_end=told_to_end)
    assert watch() < 60.0

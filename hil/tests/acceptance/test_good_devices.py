"""What of a good device's runs is a surprise: a failure, and what is inconclusive without having been announced."""

from __future__ import annotations

import pytest

from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.record import ScenarioRecord
from hil.tests.acceptance.commands import ROOT
from hil.tests.acceptance.good_devices import FEATURES, RIGS, announced, surprises

TOAST = ("features/toast.feature", 17)


def ended(verdict: Verdict) -> ScenarioRecord:
    """Return a run that ended like this, with one measurement that did."""
    return ScenarioRecord(
        "One slice",
        [
            Event(Kind.START, 0.0, "bench", {"feature": TOAST[0], "line": TOAST[1]}),
            Event(Kind.VERDICT, 9.0, "bench", {"verdict": verdict.value, "text": "energy: measured 41 Wh"}),
            Event(Kind.STOP, 9.0, "bench", {"verdict": verdict.value}),
        ],
    )


@pytest.mark.parametrize(
    ("verdict", "expected", "found"),
    [
        (Verdict.PASS, False, []),
        (Verdict.INCONCLUSIVE, True, []),
        (Verdict.INCONCLUSIVE, False, ["features/toast.feature:17: One slice: inconclusive: energy: measured 41 Wh"]),
        (Verdict.FAIL, True, ["features/toast.feature:17: One slice: fail: energy: measured 41 Wh"]),
    ],
)
def test_a_failure_is_a_surprise_always_and_inconclusive_if_it_was_not_announced(
    verdict: Verdict, expected: bool, found: list[str]
) -> None:
    counts, told = surprises([ended(verdict)], {TOAST: expected})
    assert told == found
    assert sum(counts.values()) == 1


def test_the_less_accurate_meter_has_more_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    one, other = (announced(ROOT / rig, FEATURES) for rig in RIGS)
    assert one.keys() == other.keys()
    assert sum(one.values()) < sum(other.values()) < len(other)

"""A scenario that the rig cannot decide does not run and is inconclusive; one in another language runs as any other."""

from __future__ import annotations

import html

from hil.evidence.documents import Kind, Verdict
from hil.evidence.record import ScenarioRecord
from hil.tests.acceptance.commands import Finished

FAST = "fast.feature::The socket is faster than the meter"
RULE = "Uttaget levererar bara det som är betalt"


def named(run: Finished, beginning: str) -> list[ScenarioRecord]:
    return [each for each in run.record.scenarios if str(next(each.of(Kind.START)).data["name"]).startswith(beginning)]


def test_a_limit_that_the_rig_cannot_decide_is_told_before_the_run(undecided: Finished) -> None:
    before, _, _ = undecided.said.partition("features/brodrost.feature .")
    assert f"inconclusive: {FAST}: rig 'virtual' cannot decide a limit of 20 ms" in before
    assert undecided.code == 6


def test_what_cannot_be_decided_is_not_driven(undecided: Finished) -> None:
    (fast,) = named(undecided, "The socket is faster than the meter")
    assert fast.verdict is Verdict.INCONCLUSIVE
    assert {event.kind for event in fast.events} == {Kind.START, Kind.STOP}


def test_a_feature_in_swedish_with_a_rule_runs_and_is_reported(undecided: Finished) -> None:
    slices = named(undecided, "En halv skiva")
    assert [each.verdict for each in slices] == [Verdict.PASS, Verdict.PASS]
    for each in slices:
        assert next(each.of(Kind.START)).data["rule"] == RULE
        steps = [event.data for event in each.of(Kind.STEP)]
        assert (steps[0]["keyword"], steps[0]["text"]) == ("Givet", "lasten drar 1300 W")
        assert steps[-1]["keyword"] == "Men"
    assert f"rule: {RULE}" in html.unescape(undecided.annex)
    assert RULE in (undecided.folder / "junit.xml").read_text(encoding="utf-8")

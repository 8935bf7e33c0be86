"""No verdict contradicts a truth that was drawn: a few draws of each kind here, 100 000 in ``make soundness``."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.evidence.limits import Limit
from hil.evidence.observations import EvidenceMissing, Source, Timed
from hil.scenario.check import within_time
from hil.scenario.observer import Observer
from hil.tests import soundness
from hil.tests.scenario.oracle import Case, Kind, Number, Option
from hil.tests.scenario.oracle_kinds import KINDS
from hil.tests.scenario.timelines import Scene


def parameters(kind: Kind) -> st.SearchStrategy[dict[str, float]]:
    drawn: dict[str, st.SearchStrategy[float]] = {
        name: st.floats(each.low, each.high) if isinstance(each, Number) else st.sampled_from(each.values)
        for name, each in kind.domain.items()
    }
    return st.fixed_dictionaries(drawn)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@settings(max_examples=20)
@given(data=st.data())
def test_no_verdict_contradicts_the_truth(kind: Kind, data: st.DataObject) -> None:
    assert kind.complaint(data.draw(parameters(kind))) == ""


# --- the oracle itself ------------------------------------------------------------------------------------------------


def judge(low: float, high: float, *, width: float = 0.1) -> Kind:
    """A measurement that says ``low`` to ``high`` of whatever is ``truth``; the limit is 1 s."""

    def observe(observer: Observer, limit_s: float) -> Timed:
        if low > high:
            raise EvidenceMissing("dark")
        return Timed(low, high)

    def build(p: Any) -> Case:
        check = within_time("t", 1.0, observe, Source.LINE)
        return Case(Scene(metered=False), check, lambda: (p["truth"], p["truth"]), width)

    return Kind("t", {"truth": Number(0.0, 9.0), "other": Option((3, 1, 2))}, build)


@pytest.mark.parametrize(
    ("low", "high", "truth", "complaint"),
    [
        (0.4, 0.6, 0.5, ""),
        (0.4, 0.6, 0.7, "the truth is outside"),
        (1.4, 1.6, 0.9, "the truth is outside"),
        (0.9, 1.2, 1.05, ""),
        (0.2, 1.2, 0.5, "does not decide"),
        (2.0, 1.0, 1.5, "does not decide"),
        (2.0, 1.0, 1.05, ""),
    ],
)
def test_the_oracle_complains_of_what_contradicts_the_truth_and_of_nothing_else(
    low: float, high: float, truth: float, complaint: str
) -> None:
    said = judge(low, high).complaint({"truth": truth, "other": 1})
    assert said.startswith(complaint)
    assert bool(said) is bool(complaint)


def test_a_counterexample_is_made_as_simple_as_it_can_be() -> None:
    assert judge(0.4, 0.6).simplified({"truth": 3.14159, "other": 2}) == {"truth": 0.0, "other": 3}


def test_draws_stay_in_their_domain() -> None:
    chance = random.Random(7)  # noqa: S311 - draws, not secrets
    for kind in KINDS:
        for _ in range(20):
            for name, value in kind.draw(chance).items():
                each = kind.domain[name]
                assert value in each.values if isinstance(each, Option) else each.low <= value <= each.high


def test_the_campaign_tells_its_seed_its_draws_and_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn, found = soundness.judge(("7", 0, len(KINDS)))
    assert (sum(drawn.values()), found) == (len(KINDS), [])
    monkeypatch.setattr(soundness, "KINDS", (judge(0.4, 0.6),))
    drawn, found = soundness.judge(("7", 0, 5))
    assert drawn["t"] == 5
    assert found
    soundness.report(drawn, found)
    assert "at its simplest: {'truth': 0.0, 'other': 3}" in capsys.readouterr().out
    assert Limit("s", high=1.0).margin(0.0, 0.0) == 1.0

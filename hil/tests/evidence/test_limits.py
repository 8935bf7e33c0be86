"""Limits and the rules that decide: a value that may be outside never passes."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.evidence.documents import Verdict, encode
from hil.evidence.limits import RULES, Finding, Limit, Measurement, Rule
from hil.evidence.observations import Counted, Observation, Sampled, Source, Timed
from hil.evidence.uncertainty import Budget

numbers = st.floats(-1e6, 1e6)
spreads = st.floats(0, 1e6)
bounds = st.one_of(st.none(), numbers)


def timed(limit: Limit, low: float, high: float) -> Finding:
    return Measurement("time", limit, Timed, (Source.LINE,)).find(Timed(low, high))


def sampled(limit: Limit, value: float, uncertainty: float) -> Finding:
    return Measurement("energy", limit, Sampled, (Source.LAB_METER,)).find(Sampled.of(value, uncertainty))


def counted(limit: Limit, value: int) -> Finding:
    return Measurement("payments", limit, Counted, (Source.LINE,)).find(Counted(value))


@st.composite
def limits(draw: st.DrawFn) -> Limit:
    low, high = draw(bounds), draw(bounds)
    if low is None and high is None:
        high = draw(numbers)
    if low is not None and high is not None and low > high:
        low, high = high, low
    return Limit("W", low, high)


def inside(limit: Limit, value: float) -> bool:
    return (limit.low is None or value >= limit.low) and (limit.high is None or value <= limit.high)


@given(limits(), numbers, numbers, st.floats(0, 1))
def test_interval_passes_only_if_every_possible_value_is_within(
    limit: Limit, one: float, other: float, share: float
) -> None:
    low, high = sorted((one, other))
    possible = min(high, max(low, low + share * (high - low)))

    verdict = timed(limit, low, high).verdict

    if verdict is Verdict.PASS:
        assert inside(limit, low)
        assert inside(limit, high)
        assert inside(limit, possible)
    elif verdict is Verdict.FAIL:
        assert not inside(limit, possible)
    else:
        assert verdict is Verdict.INCONCLUSIVE
        assert not (inside(limit, low) and inside(limit, high))


@given(limits(), numbers, spreads)
def test_guarded_passes_only_within_the_limit_less_the_uncertainty(
    limit: Limit, value: float, uncertainty: float
) -> None:
    finding = sampled(limit, value, uncertainty)

    worst_values = (value - uncertainty, value + uncertainty)
    if finding.verdict is Verdict.PASS:
        assert all(inside(limit, each) for each in worst_values)
    elif finding.verdict is Verdict.FAIL:
        assert not any(inside(limit, each) for each in (*worst_values, value))
    else:
        assert not all(inside(limit, each) for each in worst_values)


@given(limits(), st.integers(-1_000_000, 1_000_000))
def test_a_count_is_always_decided(limit: Limit, value: int) -> None:
    verdict = counted(limit, value).verdict

    assert verdict is (Verdict.PASS if inside(limit, value) else Verdict.FAIL)


@given(limits(), numbers, spreads, spreads)
def test_more_uncertainty_never_turns_a_verdict_into_a_pass(
    limit: Limit, value: float, uncertainty: float, more: float
) -> None:
    surer, vaguer = sampled(limit, value, uncertainty).verdict, sampled(limit, value, uncertainty + more).verdict

    assert vaguer is surer or vaguer is Verdict.INCONCLUSIVE


@given(limits(), numbers, spreads)
def test_the_margin_is_negative_exactly_if_the_worst_value_is_outside(
    limit: Limit, value: float, uncertainty: float
) -> None:
    low, high = value - uncertainty, value + uncertainty

    assert (limit.margin(low, high) >= 0) == (inside(limit, low) and inside(limit, high))


def test_the_limit_itself_is_within() -> None:
    assert Limit("s", high=0.5).decide(0.5, 0.5) is Verdict.PASS
    assert Limit("s", low=27.0).decide(27.0, 27.0) is Verdict.PASS


@given(limits(), st.floats(0, 1e6))
def test_what_had_not_happened_when_the_watch_ended_decides_every_limit_below_it(limit: Limit, watched: float) -> None:
    verdict = timed(limit, watched, math.inf).verdict

    if limit.high is not None:
        assert verdict is (Verdict.FAIL if watched > limit.high else Verdict.INCONCLUSIVE)
    else:
        assert limit.low is not None
        assert verdict is (Verdict.PASS if watched >= limit.low else Verdict.INCONCLUSIVE)


@pytest.mark.parametrize(
    ("low", "high"), [(math.nan, 0.0), (0.0, math.nan), (math.nan, math.nan), (1.0, 0.0), (-math.inf, 0.0)]
)
@pytest.mark.parametrize("kind", [Timed, Sampled])
def test_an_interval_that_is_empty_or_has_no_beginning_is_no_observation(
    kind: type[Timed | Sampled], low: float, high: float
) -> None:
    with pytest.raises(ValueError, match="is empty, or has no beginning"):
        kind(low, high)


@pytest.mark.parametrize(("kind", "rule"), [(Counted, "exact"), (Timed, "interval"), (Sampled, "guarded")])
def test_the_kind_of_observation_decides_the_rule(kind: type[Observation], rule: str) -> None:
    assert RULES[kind] is Rule(rule)


def test_an_observation_of_another_kind_than_was_declared_is_refused() -> None:
    boot: Measurement[Any] = Measurement("boot", Limit("s", high=27.0), Timed, (Source.LINE,))

    with pytest.raises(TypeError, match="boot: a Timed was declared, not a Counted"):
        boot.find(Counted(3))


def test_mypy_refuses_a_measurement_whose_observation_is_of_another_kind(tmp_path: Path) -> None:
    program = tmp_path / "mistake.py"
    program.write_text(MISTAKE)

    found = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", str(program)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )

    assert [line.rpartition("[")[2] for line in found.stdout.splitlines()] == ["arg-type]", "arg-type]"], found.stdout


MISTAKE = """
from hil.evidence.limits import Limit, Measurement
from hil.evidence.observations import Counted, Sampled, Source, Timed
from hil.scenario.check import timed
from hil.scenario.measurements import payments

boot = Measurement("boot", Limit("s", high=27.0), Timed, (Source.LINE,))
boot.find(Counted(3))
timed("payments", Limit("count", high=5), payments.accepted, Source.LINE)
boot.find(Timed(3.0, 4.0))
"""


def test_a_limit_needs_a_bound_and_the_low_one_below_the_high_one() -> None:
    with pytest.raises(ValueError, match=r"^a limit needs at least one bound$"):
        Limit("W")
    with pytest.raises(ValueError, match="the low limit 2 is above the high limit 1 W"):
        Limit("W", 2.0, 1.0)


def test_a_measurement_that_was_not_taken_has_no_numbers_and_keeps_the_reason() -> None:
    finding = Measurement("boot", Limit("s", high=27.0), Timed, (Source.LINE,)).without(Verdict.NOT_RUN, "not taken")

    assert not finding.taken
    assert str(finding) == "boot: not taken; limit ≤ 27 s"
    document = finding.document()
    assert [document[key] for key in ("low", "high", "value", "uncertainty", "margin")] == [None] * 5
    assert (document["taken"], document["censored"], document["verdict"]) == (False, False, "not run")
    encode(document)  # refuses NaN


def test_an_open_interval_is_written_without_its_upper_end_and_says_so() -> None:
    cut = Measurement("refused payment to zero power", Limit("s", high=0.5), Timed, (Source.LINE, Source.LAB_METER))

    finding = cut.find(Timed(2.25, math.inf, began=30.0))

    assert finding.verdict is Verdict.FAIL
    assert str(finding) == (
        "refused payment to zero power: not within 2.25 s, when the watch ended; limit ≤ 500 ms:"
        " fail by the interval rule"
    )
    document = finding.document()
    assert (document["low"], document["high"], document["value"]) == (2.25, None, None)
    assert (document["taken"], document["censored"], document["at"]) == (True, True, 30.5)
    assert document["sources"] == ["line", "lab meter"]
    encode(document)  # refuses infinity


def test_a_finding_tells_value_uncertainty_limit_margin_verdict_and_rule() -> None:
    finding = sampled(Limit("Wh", 39.2, 40.8), 40.1, 0.2)

    assert (
        str(finding)
        == "energy: measured 40.1 Wh ± 0.2 Wh, limit 39.2 Wh … 40.8 Wh, margin 0.5 Wh: pass by the guarded rule"
    )
    document = finding.document()
    assert document["value"] == 40.1
    assert document["uncertainty"] == 0.2
    assert document["rule"] == "guarded"


def test_a_sampled_value_tells_which_time_its_readings_cover() -> None:
    limit = Limit("W", high=4.0)
    finding = Measurement("highest power", limit, Sampled, (Source.LAB_METER,)).find(Sampled(0.0, 1.5, (2.8, 61.0)))

    assert finding.document()["covers"] == [2.8, 61.0]


def test_counts_are_told_without_uncertainty() -> None:
    assert counted(Limit("count", 5, 5), 4).detail == ""
    assert str(counted(Limit("count", 5, 5), 4)) == "payments: measured 4, limit = 5, margin -1: fail by the exact rule"


# --- at the limit itself, and each word that stands in the evidence -------------------------------------------------


@pytest.mark.parametrize("limit", [Limit("W", low=1.0), Limit("W", 1.0, 5.0)])
def test_a_value_that_reaches_the_low_limit_with_its_best_end_only_is_not_decided(limit: Limit) -> None:
    assert limit.decide(0.0, 1.0) is Verdict.INCONCLUSIVE
    assert limit.decide(0.0, math.nextafter(1.0, 0.0)) is Verdict.FAIL
    assert limit.decide(1.0, 1.0) is Verdict.PASS


@pytest.mark.parametrize("limit", [Limit("W", high=5.0), Limit("W", 1.0, 5.0)])
def test_a_value_that_reaches_the_high_limit_with_its_best_end_only_is_not_decided(limit: Limit) -> None:
    assert limit.decide(5.0, 6.0) is Verdict.INCONCLUSIVE
    assert limit.decide(math.nextafter(5.0, 6.0), 6.0) is Verdict.FAIL
    assert limit.decide(5.0, 5.0) is Verdict.PASS


def test_the_margin_is_that_of_the_nearer_bound() -> None:
    assert Limit("W", 1.0, 5.0).margin(1.5, 2.0) == 0.5
    assert Limit("W", 1.0, 5.0).margin(4.0, 5.5) == -0.5
    assert Limit("W", low=1.0).margin(4.0, 9.0) == 3.0
    assert Limit("W", high=5.0).margin(-3.0, 4.0) == 1.0


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (Limit("W", high=0.0), "≤ 0 W"),
        (Limit("W", high=5.0), "≤ 5 W"),
        (Limit("W", low=0.0), "≥ 0 W"),
        (Limit("W", low=5.0), "≥ 5 W"),
        (Limit("W", 5.0, 5.0), "= 5 W"),
        (Limit("W", 0.0, 5.0), "0 W … 5 W"),
        (Limit("W", -5.0, 0.0), "-5 W … 0 W"),
    ],
)
def test_a_limit_is_told_with_its_bounds_and_its_unit(limit: Limit, text: str) -> None:
    assert str(limit) == text


@pytest.mark.parametrize(
    ("limit", "at"),
    [(Limit("s", 1.0, 2.5), 12.5), (Limit("s", high=0.0), 10.0), (Limit("s", low=4.0), 14.0)],
)
def test_a_time_limit_runs_out_at_its_upper_end_and_else_at_its_lower(limit: Limit, at: float) -> None:
    finding = Measurement("time", limit, Timed, (Source.LINE,)).find(Timed(1.0, 1.0, began=10.0))
    assert finding.at == at
    assert finding.document()["at"] == at


def test_only_a_time_that_begins_somewhere_has_an_instant_at_which_it_runs_out() -> None:
    for finding in (timed(Limit("s", high=2.5), 1.0, 1.0), sampled(Limit("W", high=2.5), 1.0, 0.1)):
        assert finding.at is None
        assert "at" not in finding.document()


def test_every_word_of_a_finding_stands_in_its_document() -> None:
    budget = Budget("Wh").plus("gain", 0.2, "a manual")
    measurement = Measurement("energy", Limit("Wh", 39.2, 40.8), Sampled, (Source.LAB_METER, Source.LINE))
    third = 1 / 3
    document = measurement.find(Sampled(39.5, 39.5 + third, (third, 2 * third), budget), detail="of two").document()

    assert document == {
        "name": "energy",
        "unit": "Wh",
        "limit_low": 39.2,
        "limit_high": 40.8,
        "limit": "39.2 Wh … 40.8 Wh",
        "rule": "guarded",
        "sources": ["lab meter", "line"],
        "taken": True,
        "censored": False,
        "low": 39.5,
        "high": 39.833333333,
        "value": 39.666666667,
        "uncertainty": 0.166666667,
        "margin": 0.3,
        "verdict": "pass",
        "text": "energy: measured 39.667 Wh ± 0.1667 Wh, limit 39.2 Wh … 40.8 Wh, margin 0.3 Wh:"
        " pass by the guarded rule",
        "detail": "of two",
        "covers": [0.333333, 0.666667],
        "budget": [{"name": "gain", "half_width": 0.2, "unit": "Wh", "source": "a manual"}],
    }


def test_an_instant_in_a_document_is_told_to_the_microsecond() -> None:
    finding = Measurement("time", Limit("s", high=1 / 3), Timed, (Source.LINE,)).find(Timed(0.0, 0.0, began=1.0))
    assert finding.document()["at"] == 1.333333


def test_what_was_not_taken_for_no_reason_that_is_known_says_so() -> None:
    finding = Measurement("boot", Limit("s", high=27.0), Timed, (Source.LINE,)).without(Verdict.NOT_RUN, "")
    assert str(finding) == "boot: not taken; limit ≤ 27 s"
    other = Measurement("boot", Limit("s", high=27.0), Timed, (Source.LINE,)).without(Verdict.FAIL, "it slept")
    assert (other.verdict, other.detail, str(other)) == (Verdict.FAIL, "it slept", "boot: it slept; limit ≤ 27 s")


# --- observations ---------------------------------------------------------------------------------------------------


def test_an_interval_of_one_value_is_an_observation() -> None:
    assert (Timed(1.0, 1.0).low, Sampled(1.0, 1.0).high) == (1.0, 1.0)


def test_a_value_with_its_uncertainty_reaches_as_far_to_either_side() -> None:
    assert Sampled.of(5.0, 2.0) == Sampled(3.0, 7.0)


def test_a_quantity_less_a_known_amount_keeps_its_width_its_time_and_its_budget() -> None:
    budget = Budget("Wh").plus("gain", 1.0, "a manual")
    assert Sampled(3.0, 5.0, (1.0, 2.0), budget).less(2.0) == Sampled(1.0, 3.0, (1.0, 2.0), budget)


@pytest.mark.parametrize("kind", [Timed, Sampled])
def test_an_interval_that_is_refused_says_why(kind: type[Timed | Sampled]) -> None:
    with pytest.raises(ValueError, match=r"^the interval from 2 to 1 is empty, or has no beginning$"):
        kind(2.0, 1.0)

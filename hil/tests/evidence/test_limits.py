"""Limits and the rules that decide: a value that may be outside never passes."""

from __future__ import annotations

import math
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.evidence.documents import Verdict, encode
from hil.evidence.limits import Limit, Measurement, Rule, worst

numbers = st.floats(-1e6, 1e6)
spreads = st.floats(0, 1e6)
bounds = st.one_of(st.none(), numbers)


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

    verdict = Measurement("time", limit, Rule.INTERVAL).find(low, high).verdict

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
    finding = Measurement("energy", limit, Rule.GUARDED).find_value(value, uncertainty)

    worst_values = (value - uncertainty, value + uncertainty)
    if finding.verdict is Verdict.PASS:
        assert all(inside(limit, each) for each in worst_values)
    elif finding.verdict is Verdict.FAIL:
        assert not any(inside(limit, each) for each in (*worst_values, value))
    else:
        assert not all(inside(limit, each) for each in worst_values)


@given(limits(), numbers)
def test_an_exact_value_is_always_decided(limit: Limit, value: float) -> None:
    verdict = Measurement("count", limit, Rule.EXACT).find_value(value).verdict

    assert verdict is (Verdict.PASS if inside(limit, value) else Verdict.FAIL)


@given(limits(), numbers, spreads, spreads)
def test_more_uncertainty_never_turns_a_verdict_into_a_pass(
    limit: Limit, value: float, uncertainty: float, more: float
) -> None:
    measurement = Measurement("energy", limit, Rule.GUARDED)

    surer, vaguer = (
        measurement.find_value(value, uncertainty).verdict,
        measurement.find_value(value, uncertainty + more).verdict,
    )

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


@pytest.mark.parametrize(("low", "high"), [(math.nan, 0.0), (0.0, math.nan), (math.nan, math.nan)])
def test_a_value_that_is_no_number_is_inconclusive(low: float, high: float) -> None:
    assert Limit("s", -1.0, 1.0).decide(low, high) is Verdict.INCONCLUSIVE


def test_a_limit_needs_a_bound_and_the_low_one_below_the_high_one() -> None:
    with pytest.raises(ValueError, match="at least one bound"):
        Limit("W")
    with pytest.raises(ValueError, match="the low limit 2 is above the high limit 1 W"):
        Limit("W", 2.0, 1.0)


def test_a_measurement_that_was_never_taken_fails_and_keeps_the_reason() -> None:
    finding = Measurement("boot", Limit("s", high=27.0), Rule.INTERVAL).missing("declared and never taken")

    assert finding.verdict is Verdict.FAIL
    assert not finding.taken
    assert str(finding) == "boot: declared and never taken; limit ≤ 27 s"
    document = finding.document()
    assert [document[key] for key in ("low", "high", "value", "uncertainty", "margin")] == [None] * 5
    encode(document)  # refuses NaN


def test_a_finding_tells_value_uncertainty_limit_margin_verdict_and_rule() -> None:
    finding = Measurement("energy", Limit("Wh", 39.2, 40.8), Rule.GUARDED).find_value(40.1, 0.2)

    assert (
        str(finding)
        == "energy: measured 40.1 Wh ± 0.2 Wh, limit 39.2 Wh … 40.8 Wh, margin 0.5 Wh: pass by the guarded rule"
    )
    assert finding.value == pytest.approx(40.1)
    assert finding.uncertainty == pytest.approx(0.2)
    assert finding.document()["rule"] == "guarded"


def test_counts_are_told_without_uncertainty() -> None:
    finding = Measurement("payments", Limit("count", 5, 5), Rule.EXACT).find_value(4)

    assert str(finding) == "payments: measured 4, limit = 5, margin -1: fail by the exact rule"


SEVERITY = [
    Verdict.NOT_RUN,
    Verdict.NOT_APPLICABLE,
    Verdict.PASS,
    Verdict.INCONCLUSIVE,
    Verdict.FAIL,
    Verdict.AUTHOR_ERROR,
    Verdict.RIG_FAULT,
]


def test_a_rig_fault_outweighs_a_failure_and_a_failure_outweighs_the_inconclusive() -> None:
    for lesser, greater in pairwise(SEVERITY):
        for order in permutations([lesser, greater]):
            assert worst(list(order)) is greater
    assert worst([]) is Verdict.NOT_RUN
    assert set(SEVERITY) == set(Verdict)


def test_an_interval_that_holds_no_value_is_refused() -> None:
    measurement = Measurement("time to zero power", Limit("s", high=6.0), Rule.INTERVAL)
    with pytest.raises(ValueError, match="time to zero power"):
        measurement.find_value(7.5, -2.0)

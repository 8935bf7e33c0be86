"""Honest meters never part a pair, however long it trades; one that lies takes at most one payment more (SPEC)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hil.protocol.codes import ErrorCode
from hil.protocol.policy import CableLimits, Mode, SocketTerms, quantum_energy_mwh
from hil.tests.protocol.metered_pair import MeteredPair, Step

LIMITS = CableLimits()
SOCKET_ERROR, CABLE_ERROR = LIMITS.socket_meter_percent / 100, LIMITS.own_meter_percent / 100
ROUNDING_MWH = 2
"""Either meter counts whole milliwatt-hours, at the beginning of a session and now."""
LATE_MWH = 90.0
"""How far an honest count may be behind: with the rounding, and seen by a fast meter, that makes the tolerance."""


def within(limit: float) -> st.SearchStrategy[float]:
    """A meter of its class: at either limit, without an error, or anywhere between."""
    return st.one_of(st.sampled_from([1 - limit, 1.0, 1 + limit]), st.floats(1 - limit, 1 + limit))


HONEST = st.lists(
    st.builds(Step, within(SOCKET_ERROR), within(CABLE_ERROR), st.floats(0, LATE_MWH), st.floats(0, LATE_MWH)),
    min_size=1,
    max_size=8,
)
LYING = st.lists(
    st.builds(Step, st.floats(1, 1.1) | st.floats(1, 20), within(CABLE_ERROR), st.floats(0, LATE_MWH)),
    min_size=1,
    max_size=8,
)
QUANTA_SAT = st.sampled_from([294, 1000, 10_000, 20_000, 100_000]) | st.integers(294, 10**6)
TARIFFS = st.sampled_from([100, 1250, 2000]) | st.integers(100, 2000)
PAYMENT_S = st.sampled_from([2.0, 22.0, 160.0])
"""How long one payment lasts."""
MODES = st.sampled_from(Mode)
PAYMENTS = st.integers(1, 40)
WORST = [Step(1 + SOCKET_ERROR, 1 - CABLE_ERROR, LATE_MWH)]


def test_a_late_reading_and_the_rounding_make_the_tolerance() -> None:
    most = (LATE_MWH + ROUNDING_MWH) * (1 + SOCKET_ERROR) / (1 - CABLE_ERROR) + ROUNDING_MWH
    assert LIMITS.energy_tolerance_mwh - 5 <= most <= LIMITS.energy_tolerance_mwh


def pair_of(
    quantum_sat: int, tariff: int, steps: list[Step], *, payment_s: float, payments: int, mode: Mode = Mode.SINGLE_FEE
) -> MeteredPair:
    terms = SocketTerms(tariff_sat_per_wh=tariff, quantum_sat=quantum_sat, mode=mode, max_payments=65_535)
    limits = CableLimits(max_payments=payments, max_quantum_sat=quantum_sat)
    power_w = quantum_energy_mwh(terms) * 3.6 / payment_s
    return MeteredPair(terms, limits, power_w, itertools.cycle(steps))


@given(QUANTA_SAT, TARIFFS, HONEST, PAYMENT_S, PAYMENTS, MODES)
@example(10_000, 1250, WORST, 8.0, 90, Mode.SINGLE_FEE)
@example(10_000, 1250, WORST, 8.0, 90, Mode.PER_PAYMENT)
@example(100_000, 1250, WORST, 160.0, 90, Mode.SINGLE_FEE)
@example(294, 2000, WORST, 8.0, 90, Mode.SINGLE_FEE)
@settings(max_examples=20, deadline=None)
def test_honest_meters_never_part_a_pair_however_long_it_trades(
    quantum_sat: int, tariff: int, steps: list[Step], payment_s: float, payments: int, mode: Mode
) -> None:
    pair = pair_of(quantum_sat, tariff, steps, payment_s=payment_s, payments=payments, mode=mode)
    pair.run()
    assert [error.code.name for error in pair.errors] == []
    assert pair.payments == payments  # the cable calls until its budget is spent
    assert set(pair.reasons[:-1]) <= {"CREDIT_SPENT"}
    assert pair.reasons[-1] == "LIMIT_REACHED"


@given(QUANTA_SAT, TARIFFS, LYING, PAYMENT_S, PAYMENTS, MODES)
@example(10_000, 1250, [Step(1.0408, 1.0)], 8.0, 90, Mode.SINGLE_FEE)
@example(10_000, 1250, [Step(1.0, 1.0)] * 60 + [Step(1.2, 1.0)], 8.0, 90, Mode.SINGLE_FEE)
@settings(max_examples=20, deadline=None)
def test_a_lying_meter_takes_at_most_one_payment_more_than_an_honest_one_could(
    quantum_sat: int, tariff: int, steps: list[Step], payment_s: float, payments: int, mode: Mode
) -> None:
    pair = pair_of(quantum_sat, tariff, steps, payment_s=payment_s, payments=payments, mode=mode)
    pair.run()
    assert max(pair.ahead_mwh) <= pair.quantum_mwh
    honest_mwh = pair.quantum_mwh + LIMITS.max_credit_at_request_mwh
    own_error_mwh = CABLE_ERROR * payments * pair.quantum_mwh + ROUNDING_MWH
    assert max(pair.losses_mwh) <= honest_mwh + pair.quantum_mwh + own_error_mwh


def test_class_02_meters_trade_for_days_and_their_sessions_end_with_the_credit() -> None:
    pair = pair_of(10_000, 1250, [Step(1.002, 0.998)], payment_s=16.0, payments=500)
    pair.run()
    assert pair.errors == []
    assert pair.reasons == ["CREDIT_SPENT", "CREDIT_SPENT", "LIMIT_REACHED"]


def test_meters_that_agree_are_never_a_reason_to_end_a_session() -> None:
    pair = pair_of(10_000, 1250, [Step(1.0, 1.0)], payment_s=16.0, payments=300)
    pair.run()
    assert pair.reasons == ["LIMIT_REACHED"]


@pytest.mark.parametrize("gain", [1.05, 1.5, 10.0])
def test_a_meter_that_claims_more_than_two_classes_explain_is_refused(gain: float) -> None:
    pair = pair_of(10_000, 1250, [Step(gain, 1.0)], payment_s=22.0, payments=50)
    pair.run()
    assert [error.code for error in pair.errors] == [ErrorCode.ENERGY_OVERCLAIMED]

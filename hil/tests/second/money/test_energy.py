"""Energy for money, two meters, and a count that never goes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.second.money.energy import MOST_MWH, Counter, TwoMeters, bought_mwh, most_payments

METERS = TwoMeters(socket_percent=2, own_percent=2, tolerance_mwh=100, unpaid_mwh=100)
ONE_PAYMENT = 8000


@given(st.integers(1, 10**15), st.integers(1, 10**9))
def test_no_offer_has_more_payments_than_a_receipt_can_tell(quantum: int, tariff: int) -> None:
    most = most_payments(quantum, tariff)

    assert bought_mwh(most, quantum, tariff) <= MOST_MWH < bought_mwh(most + 1, quantum, tariff)


@given(st.integers(0, 10**8), st.data())
def test_an_honest_claim_within_one_payment_is_believed(counted: int, data: st.DataObject) -> None:
    most_honest = min(counted * 102 // 98 + 100, counted + ONE_PAYMENT)
    claimed = data.draw(st.integers(0, most_honest))

    assert claimed <= METERS.most_claimed_mwh(counted, ONE_PAYMENT)


@given(st.integers(0, 10**8))
def test_no_claim_of_more_than_one_payment_ahead_is_believed(counted: int) -> None:
    assert METERS.most_claimed_mwh(counted, ONE_PAYMENT) <= counted + ONE_PAYMENT


@given(st.integers(1, 10**5), st.integers(0, 10**9), st.integers(-100, 10**7))
def test_what_is_signed_is_used_up_before_honest_meters_are_a_payment_apart(n: int, claimed: int, ahead: int) -> None:
    bought, counted = n * ONE_PAYMENT, max(0, claimed - ahead)
    last_claim = max(claimed, bought + METERS.unpaid_mwh)
    least_count_then = counted + max(0, (last_claim - claimed) * 98 / 102 - METERS.tolerance_mwh)

    if METERS.may_sign(claimed, counted, bought, ONE_PAYMENT) and claimed <= bought + METERS.unpaid_mwh:
        assert last_claim - least_count_then <= ONE_PAYMENT + 1


@pytest.mark.parametrize("mwh", [0, 1, 999, 1001, 8000, 123_457, 4_294_967])
def test_whole_milliwatt_hours_survive_being_told_in_watt_hours(mwh: int) -> None:
    assert Counter(lambda: mwh / 1000).read() == mwh


def test_a_count_is_rounded_down_and_never_goes_back() -> None:
    readings = iter([0.0019, 0.001, 0.0005])
    counter = Counter(lambda: next(readings))

    assert [counter.read() for _ in range(3)] == [1, 1, 1]

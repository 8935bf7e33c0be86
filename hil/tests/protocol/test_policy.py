from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.protocol.policy import CableLimits, Mode, Network, Policy, SocketTerms, credited_energy_mwh, quantum_energy_mwh


def test_the_defaults_are_the_policy_numbers_of_the_design() -> None:
    policy = Policy()
    assert (policy.top_up_credit_mwh, policy.unpaid_energy_mwh) == (2000, 100)
    assert (policy.cut_off_s, policy.unplug_cut_off_s, policy.settle_s) == (0.5, 0.2, 2.0)
    assert (policy.pay_to_contact_s, policy.reply_s, policy.silent_peer_s) == (3.0, 2.0, 60.0)


def test_a_slice_of_bread_is_five_payments_of_eight_watt_hours() -> None:
    terms = SocketTerms()
    assert quantum_energy_mwh(terms) == 8000
    assert credited_energy_mwh(terms, 5) == 40_000


@given(st.integers(1, 10_000), st.integers(1, 100_000), st.integers(0, 65_535))
def test_rounding_never_adds_up_to_more_than_one_milliwatt_hour(tariff: int, quantum: int, payments: int) -> None:
    terms = SocketTerms(tariff_sat_per_wh=tariff, quantum_sat=quantum)
    credited = credited_energy_mwh(terms, payments)
    assert 0 <= payments * quantum * 1000 - credited * tariff < tariff


@pytest.mark.parametrize(
    ("used_mwh", "most_mwh"), [(0, 100), (8000, 8260), (40_000, 40_900), (395_000, 403_000), (10**7, 10**7 + 8000)]
)
def test_the_tolerance_grows_with_the_session_up_to_one_payment(used_mwh: int, most_mwh: int) -> None:
    assert CableLimits().most_claimable_mwh(used_mwh) == most_mwh


def test_a_socket_that_follows_the_policy_never_asks_too_early_for_the_cable() -> None:
    assert CableLimits().max_credit_at_request_mwh >= Policy().top_up_credit_mwh


def test_policies_cannot_be_changed_in_mid_session() -> None:
    for frozen in (Policy(), SocketTerms(), CableLimits()):
        with pytest.raises(dataclasses.FrozenInstanceError):
            frozen.mode = Mode.PER_PAYMENT  # type: ignore[union-attr, misc]


def test_people_write_modes_and_networks_in_lower_case() -> None:
    assert [mode.label for mode in Mode] == ["single-fee", "per-payment"]
    assert Network.REGTEST.label == "regtest"

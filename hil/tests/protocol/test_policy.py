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
    ("used_mwh", "quantum_mwh", "most_mwh"),
    [
        (0, 8000, 100),
        (9800, 8000, 10_300),
        (193_549, 8000, 201_548),
        (193_550, 8000, 201_550),
        (10**7, 8000, 10**7 + 8000),
        (10**6, 80_000, 1_040_916),
        (10**7, 80_000, 10**7 + 80_000),
    ],
)
def test_the_tolerance_grows_with_the_session_up_to_one_of_its_payments(
    used_mwh: int, quantum_mwh: int, most_mwh: int
) -> None:
    assert CableLimits().most_claimable_mwh(used_mwh, quantum_mwh) == most_mwh


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_an_honest_claim_gains_no_more_on_the_count_than_the_cable_expects(used_mwh: int, more_mwh: int) -> None:
    limits = CableLimits()
    flowed_mwh = more_mwh * 100 / (100 - limits.own_meter_percent)
    claimed_mwh = int(flowed_mwh * (100 + limits.socket_meter_percent) / 100)
    assert claimed_mwh - more_mwh <= limits.most_divergence_mwh(claimed_mwh)
    assert used_mwh + claimed_mwh - more_mwh <= limits.most_claimable_mwh(used_mwh + more_mwh, 10**12)


def test_a_socket_that_follows_the_policy_never_asks_too_early_for_the_cable() -> None:
    assert CableLimits().max_credit_at_request_mwh >= Policy().top_up_credit_mwh


def test_policies_cannot_be_changed_in_mid_session() -> None:
    for frozen in (Policy(), SocketTerms(), CableLimits()):
        with pytest.raises(dataclasses.FrozenInstanceError):
            frozen.mode = Mode.PER_PAYMENT  # type: ignore[union-attr, misc]


def test_people_write_modes_and_networks_in_lower_case() -> None:
    assert [mode.label for mode in Mode] == ["single-fee", "per-payment"]
    assert Network.REGTEST.label == "regtest"

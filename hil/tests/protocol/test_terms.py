from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.protocol.policy import Misuse, SocketTerms, credited_energy_mwh
from hil.protocol.socket.machine import SocketMachine
from hil.protocol.terms import checked_terms
from hil.protocol.wire.messages import MOST_ENERGY_MWH
from hil.tests.protocol.desk import PAYEE, SocketDesk


def test_the_slice_of_bread_passes_as_it_is() -> None:
    assert checked_terms(SocketTerms()) == SocketTerms()


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"quantum_sat": 293}, "is dust; at least 294"),
        ({"tariff_sat_per_wh": 10**9}, "buy 0 mWh"),
        ({"tariff_sat_per_wh": 1, "quantum_sat": 4_294_968}, "buy 4294968000 mWh"),
        ({"tariff_sat_per_wh": 0}, "tariff_sat_per_wh"),
        ({"max_payments": 65_536}, "max_payments"),
        ({"min_confirmations": 101}, "min_confirmations"),
        ({"max_power_w": 0}, "max_power_w"),
    ],
)
def test_terms_that_cannot_be_kept_are_found_before_they_are_offered(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(Misuse, match=text):
        SocketMachine(dataclasses.replace(SocketTerms(), **wrong), SocketDesk().machine.policy, lambda: b"")


@given(st.integers(1, 10**6), st.integers(294, 10**6), st.integers(1, 65_535))
def test_no_number_of_payments_that_is_offered_credits_more_than_a_receipt_can_tell(
    tariff: int, quantum: int, payments: int
) -> None:
    terms = SocketTerms(tariff_sat_per_wh=tariff, quantum_sat=quantum, max_payments=payments)
    try:
        checked = checked_terms(terms)
    except Misuse:
        assert not 1 <= credited_energy_mwh(terms, 1) <= MOST_ENERGY_MWH
        return
    assert 1 <= checked.max_payments <= payments
    assert credited_energy_mwh(terms, checked.max_payments) <= MOST_ENERGY_MWH
    more = checked.max_payments + 1
    assert checked.max_payments == payments or credited_energy_mwh(terms, more) > MOST_ENERGY_MWH


def test_the_payee_of_a_session_is_asked_for_once() -> None:
    asked: list[bytes] = []
    desk = SocketDesk()
    desk.machine.context.new_payee = lambda: (asked.append(b""), PAYEE.p2wpkh_script)[1]  # type: ignore[func-returns-value]
    desk.hello()
    desk.hello()
    assert len(asked) == 1

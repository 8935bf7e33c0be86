"""OFFER tells what the socket was set to sell."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hil.judge.invariants.monitor import judge
from hil.judge.messages import MOST_UINT32, Offer
from hil.tests.judge.invariants.made import changed, history, nth

MADE = history()
AT = nth(MADE, Offer)
OFFER = MADE.frames[AT].item
NAMES = (
    "tariff_sat_per_wh",
    "quantum_sat",
    "fee_rate_sat_per_vb",
    "mode",
    "max_payments",
    "min_confirmations",
    "max_power_w",
)


def found(set_to: dict[str, int], **told: int) -> list[str]:
    return [each.what for each in judge(replace(changed(MADE, AT, **told), sold=set_to)) if each.rule.id == "offer"]


def test_an_offer_of_what_the_socket_was_set_to_is_right() -> None:
    assert found({name: int(getattr(OFFER, name)) for name in NAMES}) == found({}) == []


@pytest.mark.parametrize("name", NAMES)
def test_each_field_that_tells_something_else_is_named(name: str) -> None:
    told = int(getattr(OFFER, name))
    assert found({name: told + 1}) == [f"it was set to a {name} of {told + 1}, and OFFER tells {told}"]


@given(tariff=st.integers(1, 10**6), quantum=st.integers(300, 10**9), set_to=st.integers(1, 65535))
def test_no_more_payments_are_offered_than_a_receipt_can_credit(tariff: int, quantum: int, set_to: int) -> None:
    def fits(n: int) -> bool:
        return n * quantum * 1000 // tariff <= MOST_UINT32

    told = set_to if fits(set_to) else next(n for n in _around(MOST_UINT32 * tariff // (1000 * quantum)) if fits(n))
    assume(told >= 1)
    terms = {"tariff_sat_per_wh": tariff, "quantum_sat": quantum}
    assert found({"max_payments": set_to}, **terms, max_payments=told) == []
    assert found({"max_payments": set_to}, **terms, max_payments=told + 1) != [] or told + 1 > 65535


def _around(n: int) -> range:
    return range(n + 2, -1, -1)

"""What flows before a payment is credited is not made good by that payment."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.judge.invariants.history import History
from hil.judge.invariants.monitor import judge
from hil.judge.messages import Receipt
from hil.tests.judge.invariants.made import history, nth


def found(made: History) -> list[str]:
    return [each.what for each in judge(made) if each.rule.id == "unpaid"]


def ahead(wh: float) -> History:
    """Return the honest session in which so much more had flowed before the second receipt, and no more in all."""
    made = history()
    first, second = (made.frames[nth(made, Receipt, n)].t for n in (1, 2))
    readings = [each._replace(energy_wh=each.energy_wh + wh * (first < each.late <= second)) for each in made.readings]
    return replace(made, readings=readings)


def test_energy_that_was_unpaid_in_the_middle_of_a_session_is_found_though_it_was_paid_for_later() -> None:
    (what,) = found(ahead(3.0))
    assert "8.000 Wh were paid for" in what
    assert what.endswith("by the receipt of payment 2")


@given(wh=st.floats(0.0, 1.6))
def test_what_the_credit_allows_is_never_found(wh: float) -> None:
    assert found(ahead(wh)) == []


@pytest.mark.parametrize("fault", ["faulty_at", "disturbed"])
def test_a_fault_or_a_switched_supply_before_it_explains_it(fault: str) -> None:
    made = ahead(3.0)
    t = made.frames[nth(made, Receipt)].t
    changed = replace(made, faulty_at=t) if fault == "faulty_at" else replace(made, disturbed=[t])
    assert found(changed) == []
    assert found(replace(made, faulty_at=math.inf, disturbed=[made.frames[-1].t + 1])) != []

"""What CLOSE names of the payments of a session, and what a socket must not say to a payment."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from hil.judge.codes import CloseReason, ErrorCode
from hil.judge.invariants.monitor import judge
from hil.judge.messages import Close, Error, Funding, Payment, Receipt, Sent
from hil.judge.transactions import parse, txid_of
from hil.tests.judge.invariants.made import PER_PAYMENT, SINGLE_FEE, changed, history, nth, said


def test_a_close_may_name_no_transaction_but_no_older_one() -> None:
    made = history(SINGLE_FEE)
    at = nth(made, Close)
    assert judge(changed(made, at, txid="")) == []
    first = made.frames[nth(made, Payment)].item
    assert isinstance(first, Payment)
    older = txid_of(parse(first.transaction))
    (found,) = judge(changed(history(), at, txid=older, reason=CloseReason.LIMIT_REACHED))
    assert found.rule.id == "settled-txid"
    assert "is payment 1, and 2 were credited" in found.what


def test_a_close_names_what_per_payment_mode_has_on_the_ledger() -> None:
    made = history(PER_PAYMENT)
    (found,) = judge(replace(changed(made, nth(made, Close), txid=""), under_test=("socket",)))
    assert found.rule.id == "settled-txid"
    assert "it names no transaction" in found.what


@pytest.mark.parametrize(
    ("what", "found"), [("asked for", 1), ("credited", 0), ("answers another", 0), ("lost", 0), ("held back", 0)]
)
def test_a_payment_that_was_asked_for_is_not_unexpected(what: str, found: int) -> None:
    made = history()
    at = nth(made, Receipt if what == "credited" else Payment, 2)
    last = made.frames[at]
    assert isinstance(last.item, Sent)
    paid = made.frames[nth(made, Payment, 2)].item
    assert isinstance(paid, Payment)
    told = [said(last.t + 0.1, "socket", Error(last.item.session, 0, ErrorCode.UNEXPECTED, "no payment was asked for"))]
    if what == "credited":
        told.insert(0, said(last.t + 0.05, "cable", replace(paid, sequence=99)))
    if what == "answers another":
        told.insert(0, replace(made.frames[nth(made, Funding)], t=last.t, early=last.t, late=last.t))
    frames = [*made.frames[:at], replace(last, lost=what == "lost"), *told]
    held_at = 0.0 if what == "held back" else math.inf
    made = replace(made, frames=frames, under_test=("socket",), readings=(), held_at=held_at)
    assert len([each for each in judge(made) if each.rule.id == "payment-order"]) == found

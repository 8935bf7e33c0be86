"""What the cable refuses, from the vectors."""

from __future__ import annotations

from typing import Any

import pytest

from hil.second.agreement import Agreement, SignedPayment
from hil.second.cable.checks import Declined, Refused, judge_offer, judge_request
from hil.second.codes import ErrorCode, Mode
from hil.second.money.transactions import Proposal
from hil.second.terms import Limits, Policy
from hil.second.wire.messages import Funding, Offer, PaymentRequest, decode
from hil.tests.second.vectors import coins, load

VECTORS = load("refusals")
UNPAID_MWH = Policy().unpaid_energy_mwh


def limits_of(case: dict[str, Any]) -> tuple[Limits, tuple[Mode, ...], int]:
    given = VECTORS["limits"] | case.get("limits", {})
    modes = tuple(Mode[each] for each in given.pop("modes"))
    given.pop("network")
    max_payments = given.pop("max_payments")
    return Limits(**given), modes, max_payments


def offer_of(case: dict[str, Any], key: str) -> Offer:
    offer = decode(bytes.fromhex(case[key]))
    assert isinstance(offer, Offer)
    return offer


@pytest.mark.parametrize("case", VECTORS["offers"], ids=lambda case: case["name"])
def test_an_offer_is_taken_or_refused_with_the_code_of_the_vector(case: dict[str, Any]) -> None:
    limits, modes, _ = limits_of(case)

    code = judge_offer(offer_of(case, "message"), limits, modes, limits.two_meters(UNPAID_MWH))

    assert (code.name if code else "ACCEPTED") == case["code"]


def agreement_of(case: dict[str, Any], max_payments: int) -> Agreement:
    """Return the agreement of a case, in which so many payments were signed as it says."""
    offer = offer_of(VECTORS | case, "offer")
    change_script = bytes.fromhex(VECTORS["change_script"])
    agreement = Agreement(offer, Funding(offer.session, 1, coins(VECTORS["coins"]), change_script, max_payments))
    for _ in range(case["signed"]):
        proposal = agreement.next_proposal()
        assert proposal is not None
        agreement.payments.append(SignedPayment(proposal, proposal.raw))
    return agreement


@pytest.mark.parametrize("case", VECTORS["proposals"], ids=lambda case: case["name"])
def test_a_request_is_signed_or_refused_with_the_code_of_the_vector(case: dict[str, Any]) -> None:
    limits, _, max_payments = limits_of(case)
    request = decode(bytes.fromhex(case["message"]))
    assert isinstance(request, PaymentRequest)
    agreement = agreement_of(case, max_payments)

    verdict = judge_request(request, agreement, case["used_mwh"], limits, limits.two_meters(UNPAID_MWH))

    match verdict:
        case Refused(code):
            assert code.name == case["code"]
        case Declined():
            assert case["code"] == "DECLINED"
        case Proposal():
            assert case["code"] == "ACCEPTED"


def test_every_code_with_which_a_cable_refuses_an_offer_or_a_request_was_seen() -> None:
    seen = {case["code"] for group in ("offers", "proposals") for case in VECTORS[group]}

    of_offers = {each.name for each in ErrorCode if 20 <= each <= 24} | {"UNSUITABLE"}
    of_requests = {each.name for each in ErrorCode if 40 <= each <= 59} | {"FUNDS_EXHAUSTED"}
    assert of_offers | of_requests <= seen

"""What the socket refuses, with and without its ledger, from the vectors."""

from __future__ import annotations

from typing import Any

import pytest

from hil.second.agreement import Agreement
from hil.second.codes import ErrorCode, Mode, Network
from hil.second.money.transactions import Proposal, propose, txid_of
from hil.second.socket.checks import judge_funding, judge_payment
from hil.second.socket.ledger import (
    ExaminePayment,
    LedgerSilent,
    Output,
    Settle,
    declared_coins,
    examine_payment,
    settle,
)
from hil.second.terms import Terms
from hil.second.wire.messages import Funding, Offer, decode
from hil.tests.second.vectors import coins, load

VECTORS = load("refusals")
COINS = coins(VECTORS["coins"])
PAYMENT = bytes.fromhex(VECTORS["payment"])
GIVEN_TERMS = dict(VECTORS["terms"])
TERMS = Terms(mode=Mode[GIVEN_TERMS.pop("mode")], network=Network[GIVEN_TERMS.pop("network")], **GIVEN_TERMS)


def named(code: ErrorCode | None) -> str:
    return code.name if code else "ACCEPTED"


@pytest.fixture
def proposal() -> Proposal:
    """Payment 2 over the coins of the vectors."""
    offer = decode(bytes.fromhex(VECTORS["offer"]))
    assert isinstance(offer, Offer)
    change_script = bytes.fromhex(VECTORS["change_script"])
    built = propose(COINS, offer.payee_script, 2 * offer.quantum_sat, change_script, offer.fee_rate_sat_per_vb)
    assert built is not None
    assert built.raw.hex() == VECTORS["proposal"]
    return built


@pytest.mark.parametrize("case", VECTORS["fundings"], ids=lambda case: case["name"])
def test_coins_are_taken_or_refused_with_the_code_of_the_vector(case: dict[str, Any]) -> None:
    funding = decode(bytes.fromhex(case["message"]))
    assert isinstance(funding, Funding)

    assert named(judge_funding(funding, TERMS)) == case["code"]


@pytest.mark.parametrize("case", VECTORS["payments"], ids=lambda case: case["name"])
def test_a_payment_is_taken_or_refused_with_the_code_of_the_vector(case: dict[str, Any], proposal: Proposal) -> None:
    assert named(judge_payment(bytes.fromhex(case["payment"]), proposal)) == case["code"]


class WrittenLedger:
    """A ledger whose answers stand in a vector; without one it is silent."""

    def __init__(self, case: dict[str, Any] | None) -> None:
        self._case = case

    def _answers(self) -> dict[str, Any]:
        if self._case is None:
            raise LedgerSilent
        return self._case

    def coin(self, txid: str, index: int) -> Output | None:
        answers = self._answers()
        if txid == txid_of(PAYMENT):
            return Output(20_000, b"", 0) if answers["has_payment"] else None
        position = [coin.outpoint for coin in COINS].index((txid, index))
        found = answers["outputs"][position]
        return Output(found["value_sat"], bytes.fromhex(found["script"]), found["confirmations"]) if found else None

    def accepts(self, raw: bytes) -> str | None:
        return self._answers()["reject_reason"]  # type: ignore[no-any-return]

    def broadcast(self, raw: bytes) -> str | None:
        return self._answers()["reject_reason"]  # type: ignore[no-any-return]

    def conflict(self, raw: bytes) -> str | None:
        return None


def question(*, broadcast: bool = False) -> ExaminePayment:
    return ExaminePayment(2, PAYMENT, COINS, TERMS.min_confirmations, broadcast)


@pytest.mark.parametrize("broadcast", [False, True])
@pytest.mark.parametrize("case", VECTORS["ledger"], ids=lambda case: case["name"])
def test_the_ledger_is_asked_in_the_order_of_the_specification(case: dict[str, Any], broadcast: bool) -> None:
    verdict = examine_payment(question(broadcast=broadcast), WrittenLedger(case))

    assert named(verdict.code) == case["code"]


def test_a_silent_ledger_gives_no_verdict() -> None:
    with pytest.raises(LedgerSilent):
        examine_payment(question(), WrittenLedger(None))


@pytest.mark.parametrize(
    ("reason", "lost"),
    [
        ("mempool min fee not met, 1000 < 2000", False),
        ("min relay fee not met", False),
        ("mempool full", False),
        ("too-long-mempool-chain", False),
        ("bad-txns-inputs-missingorspent", True),
        ("txn-mempool-conflict", True),
    ],
)
def test_a_settlement_is_lost_unless_the_mempool_has_no_room_for_it_now(reason: str, lost: bool) -> None:
    settlement = settle(Settle(PAYMENT), WrittenLedger({"reject_reason": reason}))

    assert (settlement.failure, settlement.lost) == (reason, lost)


def test_a_settlement_that_the_ledger_takes_has_not_failed() -> None:
    assert settle(Settle(PAYMENT), WrittenLedger({"reject_reason": None})).failure is None


def test_only_declared_coins_are_looked_up_again() -> None:
    assert declared_coins(COINS, COINS[1:]) == COINS[1:]


def test_the_socket_builds_what_the_vector_proposes(proposal: Proposal) -> None:
    offer = decode(bytes.fromhex(VECTORS["offer"]))
    assert isinstance(offer, Offer)
    funding = Funding(offer.session, 1, COINS, bytes.fromhex(VECTORS["change_script"]), 5)

    first = Agreement(offer, funding).next_proposal()

    assert first is not None
    assert first.amount_sat * 2 == proposal.amount_sat

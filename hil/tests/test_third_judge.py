"""The third judge is asked about everything, and says when it disagrees."""

from __future__ import annotations

import pytest
from bitcoin.core import CTransaction

from hil.protocol.payment.coins import Coin
from hil.protocol.payment.signing import SignatureFlaw, SignatureRefused, verify_signatures
from hil.tests.judged import judged_coin
from hil.tests.protocol import samples
from hil.tests.protocol.samples import COINS, proposal, signed
from hil.tests.third_judge import STRICTER, ThirdJudge


def refuses_all(reason: SignatureFlaw) -> ThirdJudge:
    def ours(transaction: CTransaction, index: int, coin: Coin) -> None:
        raise SignatureRefused(reason, index)

    return ThirdJudge(ours)


def test_each_verdict_of_ours_is_put_to_the_third_judge(third_judge: ThirdJudge) -> None:
    accepted, refused = third_judge.accepted, third_judge.refused
    verify_signatures(signed(proposal()), COINS)
    with pytest.raises(SignatureRefused):
        verify_signatures(samples.with_signature(signed(proposal()), 0, samples.forged), COINS)
    assert (third_judge.accepted, third_judge.refused) == (accepted + len(COINS), refused + 1)
    assert third_judge.disagreements == []


def test_a_forged_signature_that_ours_took_is_a_disagreement() -> None:
    judge = ThirdJudge(lambda transaction, index, coin: None)
    judge(samples.with_signature(signed(proposal()), 0, samples.forged), 0, COINS[0])
    assert "consensus refuses what we take" in judge.disagreements[0]


@pytest.mark.parametrize("reason", SignatureFlaw)
def test_a_good_signature_that_ours_refused_is_one_unless_we_are_stricter_there(reason: SignatureFlaw) -> None:
    judge = refuses_all(reason)
    for index, coin in enumerate(COINS):
        with pytest.raises(SignatureRefused):
            judge(signed(proposal()), index, coin)
    assert len(judge.disagreements) == (0 if reason in STRICTER else len(COINS))


def test_a_forged_signature_that_the_judge_of_the_line_took_is_a_disagreement() -> None:
    third = refuses_all(SignatureFlaw.INVALID)
    asked = third.before(lambda transaction, index, coin: "")
    forged = samples.with_signature(signed(proposal()), 0, samples.forged)
    assert asked(forged, 0, judged_coin(COINS[0])) == ""
    assert "consensus refuses what the judge of the line takes" in third.disagreements[0]
    assert asked(signed(proposal()), 1, judged_coin(COINS[1])) == ""
    assert len(third.disagreements) == 1

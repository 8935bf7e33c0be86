"""What the socket demands before it asks its ledger, from top to bottom; the first failure is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.second.codes import ErrorCode
from hil.second.coins import kind_of
from hil.second.money.differences import difference
from hil.second.money.signatures import judge
from hil.second.money.transactions import NotATransaction, parse, virtual_size

if TYPE_CHECKING:
    from hil.second.money.transactions import Proposal
    from hil.second.terms import Terms
    from hil.second.wire.messages import Funding

_P2WPKH_SCRIPT = bytes([0x00, 0x14]) + bytes(20)


def judge_funding(funding: Funding, terms: Terms) -> ErrorCode | None:
    """Return why these coins are not even looked for; None if they are."""
    coins = funding.coins
    if len({coin.outpoint for coin in coins}) != len(coins):
        return ErrorCode.COIN_DUPLICATE
    if any(kind_of(coin.script) is None for coin in coins):
        return ErrorCode.COIN_SCRIPT
    if kind_of(funding.change_script) is None:
        return ErrorCode.CHANGE_SCRIPT
    least_fee = terms.fee_rate_sat_per_vb * virtual_size(coins, [_P2WPKH_SCRIPT])
    if sum(coin.value_sat for coin in coins) < terms.quantum_sat + least_fee:
        return ErrorCode.FUNDS_EXHAUSTED
    return None


def judge_payment(raw: bytes, proposal: Proposal) -> ErrorCode | None:
    """Return why a payment is not the signed proposal; None if it is, and every signature is good."""
    try:
        transaction = parse(raw)
    except NotATransaction:
        return ErrorCode.TRANSACTION_MALFORMED
    return difference(transaction, proposal) or judge(transaction, proposal.coins)

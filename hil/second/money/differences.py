"""The name of the first difference between a transaction and the one that was agreed (SPEC, "Naming a difference")."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bitcoin.core import CTransaction, b2lx

from hil.second.codes import ErrorCode
from hil.second.money.transactions import FINAL, VERSION, Proposal, unsigned

if TYPE_CHECKING:
    from collections.abc import Iterable


def difference(found: CTransaction, agreed: Proposal) -> ErrorCode | None:
    """Return how a transaction, its signatures left out, differs from the agreed one; None if it does not."""
    if unsigned(found).serialize() == agreed.raw:
        return None
    for code in (_inputs(found, agreed), _outputs(found, agreed), _fee(found, agreed), _head(found)):
        if code is not None:
            return code
    return ErrorCode.ALTERED


def _inputs(found: CTransaction, agreed: Proposal) -> ErrorCode | None:
    expected = {coin.outpoint for coin in agreed.coins}
    spent = [(b2lx(each.prevout.hash), each.prevout.n) for each in found.vin]
    times = Counter(spent)
    for outpoint in spent:
        if outpoint not in expected:
            return ErrorCode.FOREIGN_INPUT
        if times[outpoint] > 1:
            return ErrorCode.DUPLICATE_INPUT
    return ErrorCode.MISSING_INPUT if expected - times.keys() else None


def _outputs(found: CTransaction, agreed: Proposal) -> ErrorCode | None:
    scripts = [bytes(each.scriptPubKey) for each in found.vout]
    known = {agreed.payee_script} | ({agreed.change_script} if agreed.change_sat else set())
    strange = not known.issuperset(scripts)
    if agreed.payee_script not in scripts:
        return ErrorCode.WRONG_PAYEE
    if not (agreed.change_sat and agreed.payee_script == agreed.change_script):
        paid = sum(_amounts_to(agreed.payee_script, found))
        if paid != agreed.amount_sat:
            return ErrorCode.UNDERPAID if paid < agreed.amount_sat else ErrorCode.OVERPAID
    if agreed.change_sat and agreed.change_script not in scripts:
        return ErrorCode.CHANGE_DIVERTED if strange else ErrorCode.CHANGE_MISSING
    return ErrorCode.EXTRA_OUTPUT if strange or len(scripts) > 1 + bool(agreed.change_sat) else None


def _fee(found: CTransaction, agreed: Proposal) -> ErrorCode | None:
    fee = sum(coin.value_sat for coin in agreed.coins) - sum(each.nValue for each in found.vout)
    if fee == agreed.fee_sat:
        return None
    return ErrorCode.FEE_TOO_HIGH if fee > agreed.fee_sat else ErrorCode.FEE_TOO_LOW


def _head(found: CTransaction) -> ErrorCode | None:
    if found.nVersion != VERSION:
        return ErrorCode.VERSION
    if found.nLockTime != 0:
        return ErrorCode.LOCKTIME
    return ErrorCode.SEQUENCE if any(each.nSequence != FINAL for each in found.vin) else None


def _amounts_to(script: bytes, found: CTransaction) -> Iterable[int]:
    return (each.nValue for each in found.vout if bytes(each.scriptPubKey) == script)

"""How a transaction differs from the one that was agreed, in the words of the error codes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bitcoin.core import b2lx

from hil.protocol.codes import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bitcoin.core import CTransaction, CTxIn

    from hil.protocol.payment.coins import Coin

Difference = tuple[ErrorCode, str]


def difference(actual: CTransaction, expected: CTransaction, coins: Sequence[Coin]) -> Difference | None:
    """Return the most telling difference of ``actual`` from ``expected``, None if the two are the same.

    Signatures are not compared. ``expected`` has the shape of ``transactions.build_payment`` over ``coins``. Where
    several things differ, the one that takes the most money is named: inputs, payee, change, other outputs, fee.
    """
    return (
        _inputs(actual, expected)
        or _payee(actual, expected)
        or _change(actual, expected, sum(coin.value for coin in coins))
        or _form(actual, expected)
    )


def _inputs(actual: CTransaction, expected: CTransaction) -> Difference | None:
    spent = Counter(_name(txin) for txin in actual.vin)
    agreed = [_name(txin) for txin in expected.vin]
    for name, times in spent.items():
        if name not in agreed:
            return ErrorCode.FOREIGN_INPUT, f"input {name} was not agreed"
        if times > 1:
            return ErrorCode.DUPLICATE_INPUT, f"input {name} is there {times} times"
    missing = [name for name in agreed if name not in spent]
    return (ErrorCode.MISSING_INPUT, f"input {missing[0]} is missing") if missing else None


def _payee(actual: CTransaction, expected: CTransaction) -> Difference | None:
    payee, agreed = expected.vout[0].scriptPubKey, expected.vout[0].nValue
    values = [txout.nValue for txout in actual.vout if txout.scriptPubKey == payee]
    own = {bytes(txout.scriptPubKey) for txout in expected.vout[1:]}
    if not values:
        strangers = [txout for txout in actual.vout if bytes(txout.scriptPubKey) not in own]
        instead = f"; {strangers[0].nValue} sat go to {bytes(strangers[0].scriptPubKey).hex()}" if strangers else ""
        return ErrorCode.WRONG_PAYEE, f"nothing goes to the agreed payee {bytes(payee).hex()}{instead}"
    if bytes(payee) in own:
        return None  # payee and change are one script: their sums cannot be told apart, the fee and the bytes can
    paid = sum(values)
    if paid < agreed:
        return ErrorCode.UNDERPAID, f"underpaid by {agreed - paid} sat: {paid} sat instead of {agreed} sat"
    if paid > agreed:
        return ErrorCode.OVERPAID, f"overpaid by {paid - agreed} sat: {paid} sat instead of {agreed} sat"
    return None


def _change(actual: CTransaction, expected: CTransaction, total: int) -> Difference | None:
    agreed_scripts = {bytes(txout.scriptPubKey) for txout in expected.vout}
    strangers = [txout for txout in actual.vout if bytes(txout.scriptPubKey) not in agreed_scripts]
    if len(expected.vout) > 1:
        change = expected.vout[1].scriptPubKey
        if not any(txout.scriptPubKey == change for txout in actual.vout):
            if strangers:
                text = f"{strangers[0].nValue} sat of change go to {bytes(strangers[0].scriptPubKey).hex()}"
                return ErrorCode.CHANGE_DIVERTED, text
            return ErrorCode.CHANGE_MISSING, f"the change of {expected.vout[1].nValue} sat is missing"
    if strangers:
        text = f"{strangers[0].nValue} sat go to {bytes(strangers[0].scriptPubKey).hex()}, which was not agreed"
        return ErrorCode.EXTRA_OUTPUT, text
    if len(actual.vout) > len(expected.vout):
        return ErrorCode.EXTRA_OUTPUT, f"{len(actual.vout)} outputs instead of {len(expected.vout)}"
    fee, agreed_fee = (total - sum(txout.nValue for txout in tx.vout) for tx in (actual, expected))
    if fee > agreed_fee:
        return ErrorCode.FEE_TOO_HIGH, f"fee {fee} sat, agreed are {agreed_fee} sat"
    if fee < agreed_fee:
        return ErrorCode.FEE_TOO_LOW, f"fee {fee} sat, agreed are {agreed_fee} sat"
    return None


def _form(actual: CTransaction, expected: CTransaction) -> Difference | None:
    if actual.nVersion != expected.nVersion:
        return ErrorCode.VERSION, f"version {actual.nVersion}, agreed is {expected.nVersion}"
    if actual.nLockTime != expected.nLockTime:
        return ErrorCode.LOCKTIME, f"locktime {actual.nLockTime}, agreed is {expected.nLockTime}"
    sequences = {_name(txin): txin.nSequence for txin in expected.vin}
    for txin in actual.vin:
        if txin.nSequence != sequences[_name(txin)]:
            text = f"input {_name(txin)} has sequence {txin.nSequence:#010x}, agreed is {sequences[_name(txin)]:#010x}"
            return ErrorCode.SEQUENCE, text
    if [_name(txin) for txin in actual.vin] != [_name(txin) for txin in expected.vin]:
        return ErrorCode.ALTERED, "the inputs are in another order"
    outputs = [[(txout.nValue, txout.scriptPubKey) for txout in tx.vout] for tx in (actual, expected)]
    return (ErrorCode.ALTERED, "the outputs are in another order") if outputs[0] != outputs[1] else None


def _name(txin: CTxIn) -> str:
    return f"{b2lx(txin.prevout.hash)}:{txin.prevout.n}"

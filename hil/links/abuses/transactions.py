"""Tricks with the transaction itself, the same for both sides: a cable signs what it altered, a socket proposes it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from bitcoin.core import COutPoint, CTransaction, CTxIn, CTxOut, lx
from bitcoin.core.script import CScript

from hil.errors import AuthorError
from hil.links.abuses.model import STRANGER_SCRIPT, Cheat, Trick, change_of_proposal
from hil.protocol.payment.signing import sign_transaction
from hil.protocol.payment.transactions import parse_transaction, without_signatures
from hil.protocol.wire.messages import Message, Payment, PaymentRequest

SCRIPT_HASH = b"\xa9\x14" + b"\x5a" * 20 + b"\x87"
"""A P2SH script: a node relays it, the protocol does not know it."""
FUTURE_WITNESS = b"\x60\x20" + b"\x5a" * 32
"""A witness program of version 16, which anyone can spend until it has rules (BIP 141)."""
NONSTANDARD = b"\x51"
"""OP_TRUE: valid in a block, relayed by no node."""


@dataclass
class Draft:
    """An unsigned transaction under alteration: output 0 pays the payee, output 1, if there is one, the change."""

    honest: CTransaction
    before: CTransaction | None
    """The payment or proposal before it, None if it is the first."""
    n: int

    def __post_init__(self) -> None:
        self.version: int = self.honest.nVersion
        self.locktime: int = self.honest.nLockTime
        self.inputs: list[CTxIn] = list(self.honest.vin)
        self.outputs: list[CTxOut] = list(self.honest.vout)

    def add(self, output: int, amount: int) -> None:
        """Add ``amount`` satoshi to an output; one that is not there is left out, so that the fee bears it."""
        if output < len(self.outputs):
            old = self.outputs[output]
            self.outputs[output] = CTxOut(old.nValue + amount, old.scriptPubKey)

    def redirect(self, output: int, script: bytes) -> None:
        """Pay an output to another script."""
        self.outputs[output] = CTxOut(self.outputs[output].nValue, CScript(script))

    def set_sequences(self, sequence: int) -> None:
        """Give all inputs this sequence number."""
        self.inputs = [CTxIn(txin.prevout, CScript(), sequence) for txin in self.inputs]

    def build(self) -> CTransaction:
        """Return the altered transaction, unsigned."""
        return CTransaction(self.inputs, self.outputs, self.locktime, self.version)


Alteration: TypeAlias = Callable[[Draft, int], bool | None]
"""Alters the draft, given the amount of the abuse; False if this one leaves nothing to cheat with."""


def _pay_less(draft: Draft, missing: int) -> None:
    if missing >= draft.outputs[0].nValue:
        paid = draft.outputs[0].nValue
        raise AuthorError(f"payment {draft.n} of {paid} sat cannot be {missing} sat short")
    draft.add(0, -missing)
    draft.add(1, missing)


def _pay_more(draft: Draft, extra: int) -> None:
    draft.add(0, extra)
    draft.add(1, -extra)
    draft.outputs = [draft.outputs[0], *(output for output in draft.outputs[1:] if output.nValue > 0)]


def _pay_no_change(draft: Draft, _: int) -> bool:
    del draft.outputs[1:]
    return len(draft.honest.vout) > 1


def _pay(script: bytes) -> Alteration:
    return lambda draft, _: draft.redirect(0, script)


def _divert_change(draft: Draft, _: int) -> bool:
    if len(draft.outputs) < 2:
        return False
    draft.redirect(1, STRANGER_SCRIPT)
    return True


def _change_fee(draft: Draft, more: int) -> bool:
    draft.add(1, -more)
    return len(draft.outputs) > 1


def _add_outputs(draft: Draft, count: int) -> None:
    each = 100  # satoshi, below any dust limit
    draft.add(1, -each * count)
    draft.outputs += [CTxOut(each, CScript(STRANGER_SCRIPT))] * count


def _no_outputs(draft: Draft, _: int) -> None:
    draft.outputs = []


def _negative_output(draft: Draft, _: int) -> None:
    draft.outputs[0] = CTxOut(-1, draft.outputs[0].scriptPubKey)


def _swap_outputs(draft: Draft, _: int) -> bool:
    draft.outputs.reverse()
    return len(draft.outputs) > 1


def _add_input(draft: Draft, _: int) -> None:
    draft.inputs.append(CTxIn(COutPoint(b"\x5a" * 32, 0), nSequence=0xFFFFFFFF))


def _coinbase_input(draft: Draft, _: int) -> None:
    draft.inputs = [CTxIn(COutPoint(), nSequence=0xFFFFFFFF)]


def _repeat_input(draft: Draft, _: int) -> None:
    draft.inputs.append(draft.inputs[0])


def _leave_out_input(draft: Draft, _: int) -> bool:
    if len(draft.inputs) < 2:
        raise AuthorError("an input can be left out only of several; the cable has one coin")
    draft.inputs.pop()
    return True


def _spend_change_before(draft: Draft, _: int) -> bool:
    if draft.before is None:
        return False
    change = change_of_proposal(draft.before)
    draft.inputs = [CTxIn(COutPoint(lx(change.txid), change.index), nSequence=0xFFFFFFFF)]
    return True


def _repeat_transaction(draft: Draft, _: int) -> bool:
    if draft.before is None:
        return False
    draft.inputs, draft.outputs = list(without_signatures(draft.before).vin), list(draft.before.vout)
    return True


def _set_version(draft: Draft, version: int) -> None:
    draft.version = version


def _set_locktime(draft: Draft, height: int) -> None:
    draft.locktime = height


def _set_non_final(draft: Draft, height: int) -> None:
    draft.locktime = height
    draft.set_sequences(0xFFFFFFFE)


def _set_sequence(draft: Draft, sequence: int) -> None:
    draft.set_sequences(sequence)


ALTERATIONS: Mapping[str, Alteration] = MappingProxyType(
    {
        "pay-less": _pay_less,
        "pay-more": _pay_more,
        "pay-stranger": _pay(STRANGER_SCRIPT),
        "pay-script-hash": _pay(SCRIPT_HASH),
        "pay-future-witness": _pay(FUTURE_WITNESS),
        "pay-nonstandard": _pay(NONSTANDARD),
        "no-change": _pay_no_change,
        "divert-change": _divert_change,
        "change-fee": _change_fee,
        "add-outputs": _add_outputs,
        "no-outputs": _no_outputs,
        "negative-output": _negative_output,
        "swap-outputs": _swap_outputs,
        "add-input": _add_input,
        "coinbase-input": _coinbase_input,
        "repeat-input": _repeat_input,
        "leave-out-input": _leave_out_input,
        "spend-change-before": _spend_change_before,
        "repeat-transaction": _repeat_transaction,
        "set-version": _set_version,
        "set-locktime": _set_locktime,
        "set-non-final": _set_non_final,
        "set-sequence": _set_sequence,
    }
)


def cable_trick(alter: Alteration) -> Trick:
    """Alter payments and sign them again, validly: only the checks of the socket can find it."""

    def act(cheat: Cheat, message: Message) -> Sequence[Message] | None:
        if not isinstance(message, Payment):
            return None
        honest = without_signatures(parse_transaction(message.transaction))
        altered = _altered(alter, cheat, message, honest)
        if altered is None:
            return None
        signed = sign_transaction(altered, cheat.coins_of(altered), cheat.tools.keys)
        return (dataclasses.replace(message, transaction=signed.serialize()),)

    return Trick(Payment, act)


def socket_trick(alter: Alteration) -> Trick:
    """Alter proposals: only the checks of the cable can find it."""

    def act(cheat: Cheat, message: Message) -> Sequence[Message] | None:
        if not isinstance(message, PaymentRequest):
            return None
        altered = _altered(alter, cheat, message, parse_transaction(message.transaction))
        return None if altered is None else (dataclasses.replace(message, transaction=altered.serialize()),)

    return Trick(PaymentRequest, act)


def _altered(
    alter: Alteration, cheat: Cheat, message: Payment | PaymentRequest, honest: CTransaction
) -> CTransaction | None:
    before = [each for each in cheat.earlier.get(type(message), ()) if isinstance(each, Payment | PaymentRequest)]
    earlier = [each for each in before if each.n < message.n]
    draft = Draft(honest, parse_transaction(earlier[-1].transaction) if earlier else None, message.n)
    return None if alter(draft, cheat.amount) is False else draft.build()

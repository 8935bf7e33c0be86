"""How a device on the other side cheats: what becomes of the messages of an honest machine before they leave.

``CHEATS`` names them; each is made for one simulation and an amount, and sees every message of its role. Where it
cannot strike it lets the message pass.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from bitcoin.core import CTransaction, CTxOut
from bitcoin.core.script import CScript

from hil.fuzz.sessions.ledger import parsed
from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.payment.account import CHANGE, RECEIVE, Account
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import sign_transaction
from hil.protocol.payment.transactions import parse_transaction, without_signatures
from hil.protocol.policy import Mode, Network
from hil.protocol.wire.messages import Close, Error, Funding, Hello, Message, Meter, Payment, PaymentRequest, Receipt
from hil.units import Satoshi

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hil.fuzz.sessions.simulation import Cheat, Simulation

STRANGER: Final = b"\x00\x14" + b"\x5a" * 20
_KEYS_TRIED: Final = 8


def _underpay(simulation: Simulation, amount: int) -> Cheat:
    """Pay ``amount`` less, keep it as change, and sign that."""
    return _resigned(simulation, lambda paid, change: (CTxOut(paid.nValue - amount, paid.scriptPubKey), amount))


def _pay_stranger(simulation: Simulation, amount: int) -> Cheat:
    return _resigned(simulation, lambda paid, change: (CTxOut(paid.nValue, CScript(STRANGER)), 0))


def _resigned(simulation: Simulation, alter: Callable[[CTxOut, Sequence[CTxOut]], tuple[CTxOut, int]]) -> Cheat:
    """Alter the payment's first output and sign it all again, validly."""
    account = Account(simulation.cable_seed)
    keys = [account.key(RECEIVE, 0), *(account.key(CHANGE, index) for index in range(_KEYS_TRIED))]
    by_script = {key.p2wpkh_script: key for key in keys}
    coins = {coin.outpoint: coin for coin in simulation.coins}

    def cheat(message: Message) -> Sequence[Message]:
        if not isinstance(message, Payment):
            return (message,)
        seen = parsed(message.transaction)
        for index, (value, script) in enumerate(seen.outputs):
            coins[OutPoint(seen.txid, index)] = Coin(OutPoint(seen.txid, index), Satoshi(value), script)
        spent = [coins.get(outpoint) for outpoint in seen.spends]
        known = [coin for coin in spent if coin is not None and coin.script in by_script]
        honest = without_signatures(parse_transaction(message.transaction))
        paid, more = alter(honest.vout[0], honest.vout[1:])
        if len(known) < len(spent) or paid.nValue <= 0:
            return (message,)
        change = [CTxOut(txout.nValue + more, txout.scriptPubKey) for txout in honest.vout[1:]]
        altered = CTransaction(honest.vin, [paid, *change], honest.nLockTime, honest.nVersion)
        signed = sign_transaction(altered, known, by_script).serialize()
        return (dataclasses.replace(message, transaction=signed),)

    return cheat


def _forge(simulation: Simulation, amount: int) -> Cheat:
    """Flip one bit of the payment, anywhere."""

    def cheat(message: Message) -> Sequence[Message]:
        if not isinstance(message, Payment):
            return (message,)
        place = amount % (8 * len(message.transaction))
        raw = bytearray(message.transaction)
        raw[place // 8] ^= 1 << place % 8
        return (dataclasses.replace(message, transaction=bytes(raw)),)

    return cheat


def _stale(simulation: Simulation, amount: int) -> Cheat:
    """Answer each request with the payment before."""
    before: list[bytes] = []

    def cheat(message: Message) -> Sequence[Message]:
        if not isinstance(message, Payment):
            return (message,)
        if message.transaction not in before:
            before.append(message.transaction)
        return (dataclasses.replace(message, transaction=before[max(0, len(before) - 2)]),)

    return cheat


def _numbered(simulation: Simulation, amount: int) -> Cheat:
    """Give payments and requests another number."""

    def cheat(message: Message) -> Sequence[Message]:
        if isinstance(message, Payment | PaymentRequest):
            return (dataclasses.replace(message, n=message.n + 1 + amount % 100),)
        return (message,)

    return cheat


def _withhold(simulation: Simulation, amount: int) -> Cheat:
    """Say nothing that matters."""
    return lambda message: () if isinstance(message, Payment | Receipt) else (message,)


def _boast(simulation: Simulation, amount: int) -> Cheat:
    """Declare coins that are worth more than they are."""

    def cheat(message: Message) -> Sequence[Message]:
        if not isinstance(message, Funding):
            return (message,)
        coins = [dataclasses.replace(coin, value_sat=Satoshi(coin.value_sat + amount)) for coin in message.coins]
        return (dataclasses.replace(message, coins=tuple(coins)),)

    return cheat


def _call_anew(simulation: Simulation, amount: int) -> Cheat:
    """Say HELLO of another session in the middle of this one."""
    count = 0

    def cheat(message: Message) -> Sequence[Message]:
        nonlocal count
        if isinstance(message, Hello):
            return (message,)
        count += 1
        if count % 3:
            return (message,)
        return message, Hello(b"again" + count.to_bytes(3, "big"), 1, 1, tuple(Mode), Network.REGTEST)

    return cheat


def _demand_more(simulation: Simulation, amount: int) -> Cheat:
    """Ask for ``amount`` more, out of the cable's change."""
    return _reproposed(lambda paid, change: [_more(paid, amount), *(_more(txout, -amount) for txout in change)])


def _divert(simulation: Simulation, amount: int) -> Cheat:
    return _reproposed(lambda paid, change: [paid, *(CTxOut(txout.nValue, CScript(STRANGER)) for txout in change)])


def _waste(simulation: Simulation, amount: int) -> Cheat:
    """Give ``amount`` of the cable's change to the miner."""
    return _reproposed(lambda paid, change: [paid, *(_more(txout, -amount) for txout in change)])


def _reproposed(alter: Callable[[CTxOut, Sequence[CTxOut]], Sequence[CTxOut]]) -> Cheat:
    def cheat(message: Message) -> Sequence[Message]:
        if not isinstance(message, PaymentRequest):
            return (message,)
        honest = parse_transaction(message.transaction)
        outputs = alter(honest.vout[0], honest.vout[1:])
        if any(txout.nValue <= 0 for txout in outputs):
            return (message,)
        altered = CTransaction(honest.vin, outputs, honest.nLockTime, honest.nVersion)
        return (dataclasses.replace(message, transaction=altered.serialize()),)

    return cheat


def _more(txout: CTxOut, amount: int) -> CTxOut:
    return CTxOut(txout.nValue + amount, txout.scriptPubKey)


def _overclaim(simulation: Simulation, amount: int) -> Cheat:
    """Claim ``amount`` mWh more than were delivered."""

    def cheat(message: Message) -> Sequence[Message]:
        if isinstance(message, PaymentRequest | Meter):
            return (dataclasses.replace(message, energy_mwh=message.energy_mwh + amount),)
        return (message,)

    return cheat


def _credit_less(simulation: Simulation, amount: int) -> Cheat:
    def cheat(message: Message) -> Sequence[Message]:
        if isinstance(message, Receipt):
            return (dataclasses.replace(message, credited_mwh=max(0, message.credited_mwh - amount)),)
        return (message,)

    return cheat


def _take_leave(simulation: Simulation, amount: int) -> Cheat:
    """Say ERROR and CLOSE behind each receipt or payment, and go on all the same."""

    def cheat(message: Message) -> Sequence[Message]:
        if not isinstance(message, Receipt | Payment):
            return (message,)
        ended = Error(message.session, message.sequence + 1, ErrorCode.LEDGER_UNAVAILABLE, "so it is said")
        return message, ended, Close(message.session, message.sequence + 2, CloseReason.FAULT, 0, "ab" * 32)

    return cheat


CHEATS: Final[dict[str, dict[str, Callable[[Simulation, int], Cheat]]]] = {
    "cable": {
        "underpay": _underpay,
        "pay a stranger": _pay_stranger,
        "forge": _forge,
        "pay stale": _stale,
        "misnumber": _numbered,
        "withhold": _withhold,
        "boast": _boast,
        "call anew": _call_anew,
        "take leave": _take_leave,
    },
    "socket": {
        "demand more": _demand_more,
        "divert": _divert,
        "waste": _waste,
        "misnumber": _numbered,
        "overclaim": _overclaim,
        "credit less": _credit_less,
        "withhold": _withhold,
        "take leave": _take_leave,
    },
}
"""Role -> name -> cheat, for an amount in satoshi, milliwatt-hours or bits."""

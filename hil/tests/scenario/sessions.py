"""Real messages of sessions that never were: offers, requests, and payments that are really signed."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass

from bitcoin.core import CTransaction

from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import Key, sign_transaction
from hil.protocol.payment.transactions import build_payment, change_coin
from hil.protocol.policy import Mode, Network
from hil.protocol.wire.messages import (
    Close,
    DeclaredCoin,
    Error,
    Funding,
    Hello,
    Meter,
    Offer,
    Payment,
    PaymentRequest,
    Receipt,
)
from hil.units import Satoshi

CABLE = Key(b"\x11" * 32)
CHANGE = Key(b"\x12" * 32)
THIEF = Key(b"\x33" * 32)
KEYS = {CABLE.p2wpkh_script: CABLE, CHANGE.p2wpkh_script: CHANGE}

GIVEN = Coin(OutPoint("01" * 32, 0), Satoshi(1_000_000), CABLE.p2wpkh_script)
"""The coin that the cable has at first."""

QUANTUM_SAT = 10_000
TARIFF_SAT_PER_WH = 2_500
"""One payment buys 4 Wh."""

FEE_RATE = 10


@dataclass(frozen=True)
class Session:
    """The messages of one session, without their times.

    :param number: decides its id, and the address that the socket offers.
    :param coin: what the cable pays from.
    """

    number: int = 1
    mode: Mode = Mode.SINGLE_FEE
    tariff: int = TARIFF_SAT_PER_WH
    coin: Coin = GIVEN

    @property
    def id(self) -> bytes:
        return hashlib.sha256(f"session {self.number}".encode()).digest()[:8]

    @property
    def payee(self) -> bytes:
        """The script that the socket offers."""
        return _payee(self.number).p2wpkh_script

    def hello(self) -> Hello:
        return Hello(self.id, 0, 1, (self.mode,), Network.REGTEST)

    def offer(self) -> Offer:
        terms = (self.tariff, QUANTUM_SAT, self.payee, FEE_RATE, self.mode, 100, 1, 3680)
        return Offer(self.id, 0, *terms)

    def funding(self) -> Funding:
        coin = self.coin
        declared = DeclaredCoin(coin.outpoint.txid, coin.outpoint.index, coin.value, coin.script)
        return Funding(self.id, 1, (declared,), CHANGE.p2wpkh_script, 100)

    def request(self, n: int, energy_mwh: int = 0) -> PaymentRequest:
        return PaymentRequest(self.id, n, n, proposed(self, n).serialize(), energy_mwh)

    def payment(self, n: int) -> Payment:
        return Payment(self.id, n, n, signed(self, n).serialize())

    def forged(self, n: int) -> Payment:
        """Return payment ``n`` signed with a key that cannot spend the coin."""
        strange = dict.fromkeys(KEYS, THIEF)
        coins = _coins(self, n)
        return Payment(self.id, n, n, sign_transaction(proposed(self, n), coins, strange).serialize())

    def unsigned(self, n: int) -> Payment:
        return Payment(self.id, n, n, proposed(self, n).serialize())

    def receipt(self, n: int, credited_mwh: int | None = None) -> Receipt:
        """Return the receipt of payment ``n``; an honest one credits what ``n`` payments buy."""
        honest = 1000 * n * QUANTUM_SAT // self.tariff
        return Receipt(self.id, n, n, honest if credited_mwh is None else credited_mwh)

    def meter(self, energy_mwh: int) -> Meter:
        return Meter(self.id, 50, energy_mwh)

    def close(self, reason: CloseReason = CloseReason.APPLIANCE_FINISHED, energy_mwh: int = 0) -> Close:
        return Close(self.id, 99, reason, energy_mwh, "")

    def error(self, code: ErrorCode) -> Error:
        return Error(self.id, 60, code, "")


@functools.cache
def _payee(number: int) -> Key:
    return Key(hashlib.sha256(f"payee {number}".encode()).digest())


@functools.cache
def proposed(session: Session, n: int) -> CTransaction:
    """Return the transaction of payment ``n`` as the socket asks for it."""
    quanta = n if session.mode is Mode.SINGLE_FEE else 1
    script = CHANGE.p2wpkh_script
    return build_payment(_coins(session, n), session.payee, quanta, QUANTUM_SAT, script, FEE_RATE)


@functools.cache
def signed(session: Session, n: int) -> CTransaction:
    """Return the transaction of payment ``n`` with the cable's signature."""
    return sign_transaction(proposed(session, n), _coins(session, n), KEYS)


def _coins(session: Session, n: int) -> list[Coin]:
    if session.mode is Mode.SINGLE_FEE or n == 1:
        return [session.coin]
    change = change_coin(signed(session, n - 1), CHANGE.p2wpkh_script)
    assert change is not None
    return [change]

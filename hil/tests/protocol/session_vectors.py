"""The sessions of fixtures/data/vectors/sessions.json, from fixed keys, recorded on the bench."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from bitcoin.core import CTransaction

from hil.protocol.payment.coins import Coin
from hil.protocol.payment.signing import Key
from hil.protocol.wire.messages import Message, Payment, PaymentRequest
from hil.tests.protocol import samples
from hil.tests.protocol.samples import CABLE, EDITS, SOCKET
from hil.tests.protocol.session_bench import LINE_DELAY_S, Bench, Change
from hil.tests.protocol.session_replay import coin_to_json
from hil.tests.protocol.vector_files import Json

CHANGE: Final = Key(b"\x44" * 32)
ONE_COIN: Final = (samples.coin(1, 100_000),)
THREE_COINS: Final = (
    samples.coin(1, 9_000),
    samples.coin(2, 30_000, CABLE.p2pkh_script),
    samples.coin(3, 8_000),
)
UNDERPAID, OVERPAID = EDITS["underpaid by 1 sat"][0], EDITS["overpaid by 1 sat"][0]
EACH_ONCE: Final = frozenset(
    (side, message, 1)
    for side, messages in {
        "cable": ("HELLO", "FUNDING", "PAYMENT"),
        "socket": ("OFFER", "PAYMENT_REQUEST", "RECEIPT"),
    }.items()
    for message in messages
)


def _session(
    name: str,
    *,
    mode: str = "SINGLE_FEE",
    coins: tuple[Coin, ...] = ONE_COIN,
    payments: int = 2,
    tariff: int = 1250,
    quantum: int = 10_000,
    legacy: bool = False,
    stop_s: float = 20.0,
    **script: Any,
) -> Json:
    """Set up one session, record it, and say how it ended."""
    session: Json = {
        "name": name,
        "socket": {
            "terms": {"tariff_sat_per_wh": tariff, "quantum_sat": quantum, "fee_rate_sat_per_vb": 10, "mode": mode},
            "payee_script": (SOCKET.p2pkh_script if legacy else SOCKET.p2wpkh_script).hex(),
        },
        "cable": {
            "limits": {"max_payments": payments},
            "session": samples.SESSION.hex(),
            "coins": [coin_to_json(coin) for coin in coins],
            "secrets": [(b"\x11" * 32).hex(), (b"\x44" * 32).hex()],
            "change_script": (CHANGE.p2pkh_script if legacy else CHANGE.p2wpkh_script).hex(),
        },
        "stop_s": stop_s,
    }
    return session | {"events": Bench(session, stop_s, **script).record()}


def _underpaid(coins: tuple[Coin, ...]) -> Change:
    def change(message: Message) -> Message:
        assert isinstance(message, Payment)
        honest = CTransaction.deserialize(message.transaction)
        return replace(message, transaction=samples.signed(samples.edited(honest, UNDERPAID), coins).serialize())

    return change


def _overpaid(message: Message) -> Message:
    assert isinstance(message, PaymentRequest)
    honest = CTransaction.deserialize(message.transaction)
    return replace(message, transaction=samples.edited(honest, OVERPAID).serialize())


def sessions() -> Json:
    """Whole sessions, each with both sides' inputs and outputs; keys are test keys, worth nothing anywhere."""
    legacy = (samples.coin(2, 100_000, CABLE.p2pkh_script),)
    late_change = (samples.coin(1, 20_000 + 1410 + 293),)
    return {
        "line_delay_s": LINE_DELAY_S,
        "sessions": [
            _session("single-fee, closed by the socket at the cable's limit"),
            _session("per-payment, closed by the socket at the cable's limit", mode="PER_PAYMENT"),
            _session("single-fee, P2PKH coin, payee and change", coins=legacy, legacy=True),
            _session("per-payment, P2PKH coin, payee and change", mode="PER_PAYMENT", coins=legacy, legacy=True),
            _session("single-fee, three coins of both types", coins=THREE_COINS),
            _session("per-payment, three coins of both types", mode="PER_PAYMENT", coins=THREE_COINS),
            _session("single-fee, change of the last payment below dust", coins=late_change),
            _session("single-fee, funds run out", coins=(samples.coin(1, 25_000),), payments=5),
            _session("per-payment, funds run out", mode="PER_PAYMENT", coins=(samples.coin(1, 25_000),), payments=5),
            _session("single-fee, closed by the cable", idle_from_s=4.0, payments=5),
            _session("per-payment, closed by the cable", mode="PER_PAYMENT", idle_from_s=8.0, payments=5),
            _session(
                "socket refuses: a coin is not on the ledger",
                coins_refused=("COIN_UNKNOWN", "no such coin"),
                stop_s=5.0,
            ),
            _session("socket refuses: payment 2 is 1 sat short", alter={("cable", "PAYMENT", 2): _underpaid(ONE_COIN)}),
            _session("cable refuses: tariff too high", tariff=2001, stop_s=5.0),
            _session(
                "cable refuses: payment 2 asks for 1 sat more", alter={("socket", "PAYMENT_REQUEST", 2): _overpaid}
            ),
            _session("cable refuses: the socket's meter claims 5 % too much", meter_gain=1.05),
            _session(
                "the socket's meter is 4 % ahead: before it is a payment ahead another session begins",
                quantum=1_000,
                payments=40,
                meter_gain=1.04,
                stop_s=27.04,
            ),
            _session("each message is lost once and repeated", lose=EACH_ONCE, stop_s=30.0),
        ],
    }

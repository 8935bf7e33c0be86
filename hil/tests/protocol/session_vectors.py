"""The sessions of fixtures/data/vectors/sessions.json, from fixed keys, recorded on the bench."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from bitcoin.core import CTransaction

from hil.protocol.payment.coins import Coin
from hil.protocol.payment.signing import Key
from hil.protocol.policy import CableLimits, Mode, Policy, SocketTerms
from hil.protocol.wire.messages import Message, Payment, PaymentRequest
from hil.tests.protocol import samples
from hil.tests.protocol.samples import CABLE, EDITS, SOCKET
from hil.tests.protocol.session_bench import Bench, Change
from hil.tests.protocol.session_side import coin_to_json, settings_to_json
from hil.tests.protocol.vector_files import Json

CABLE_SECRET: Final = b"\x11" * 32
PAYEES: Final = (SOCKET, *(Key(bytes([byte]) * 32) for byte in b"\x55\x66\x77"))
CHANGE_SECRETS: Final = tuple(bytes([byte]) * 32 for byte in b"\x44\x88\x99")
SESSIONS: Final = tuple((int.from_bytes(samples.SESSION, "big") + more).to_bytes(8, "big") for more in range(4))
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


def session(
    name: str,
    *,
    mode: str = "SINGLE_FEE",
    coins: tuple[Coin, ...] = ONE_COIN,
    payments: int = 2,
    legacy: bool = False,
    terms: Json | None = None,
    limits: Json | None = None,
    stop_s: float = 20.0,
    **script: Any,
) -> Json:
    """Set up one session, record it, and say how it ended.

    :param payments: the cable's budget.
    :param legacy: payee and change are P2PKH.
    :param terms: of the socket, where they are not the usual ones; ``limits`` of the cable.
    :param script: what the bench does, see ``session_bench.Bench``.
    """
    kind = "p2pkh_script" if legacy else "p2wpkh_script"
    offered = replace(SocketTerms(mode=Mode[mode]), **(terms or {}))
    agreed = replace(CableLimits(max_payments=payments), **(limits or {}))
    found: Json = {
        "name": name,
        "socket": {
            "terms": settings_to_json(offered),
            "policy": settings_to_json(Policy()),
            "payee_scripts": [getattr(key, kind).hex() for key in PAYEES],
        },
        "cable": {
            "limits": settings_to_json(agreed),
            "policy": settings_to_json(Policy()),
            "session_ids": [each.hex() for each in SESSIONS],
            "coins": [coin_to_json(coin) for coin in coins],
            "secrets": [secret.hex() for secret in (CABLE_SECRET, *CHANGE_SECRETS)],
            "change_scripts": [getattr(Key(secret), kind).hex() for secret in CHANGE_SECRETS],
        },
        "stop_s": stop_s,
    }
    return found | {"events": Bench(found, stop_s, **script).record()}


def underpaid(coins: tuple[Coin, ...]) -> Change:
    """Let the cable pay 1 sat less than it was asked for, well signed."""

    def change(message: Message) -> Message:
        assert isinstance(message, Payment)
        honest = CTransaction.deserialize(message.transaction)
        return replace(message, transaction=samples.signed(samples.edited(honest, UNDERPAID), coins).serialize())

    return change


def overpaid(message: Message) -> Message:
    """Let the socket ask for 1 sat more than agreed."""
    assert isinstance(message, PaymentRequest)
    honest = CTransaction.deserialize(message.transaction)
    return replace(message, transaction=samples.edited(honest, OVERPAID).serialize())


def in_order() -> list[Json]:
    """Sessions that go as agreed, in both modes and with all types of scripts, and those that the link disturbs."""
    legacy = (samples.coin(2, 100_000, CABLE.p2pkh_script),)
    late_change = (samples.coin(1, 20_000 + 1410 + 293),)
    return [
        session("single-fee, closed by the socket at the cable's limit"),
        session("per-payment, closed by the socket at the cable's limit", mode="PER_PAYMENT"),
        session("single-fee, P2PKH coin, payee and change", coins=legacy, legacy=True),
        session("per-payment, P2PKH coin, payee and change", mode="PER_PAYMENT", coins=legacy, legacy=True),
        session("single-fee, three coins of both types", coins=THREE_COINS),
        session("per-payment, three coins of both types", mode="PER_PAYMENT", coins=THREE_COINS),
        session("single-fee, change of the last payment below dust", coins=late_change),
        session("single-fee, funds run out", coins=(samples.coin(1, 25_000),), payments=5),
        session("per-payment, funds run out", mode="PER_PAYMENT", coins=(samples.coin(1, 25_000),), payments=5),
        session("single-fee, closed by the cable", idle_from_s=4.0, payments=5),
        session("per-payment, closed by the cable", mode="PER_PAYMENT", idle_from_s=8.0, payments=5),
        session("the mains are gone for 12 s, which says nothing of the appliance", dead_s=(2.2, 14.2), stop_s=30.0),
        session("socket refuses: payment 2 is 1 sat short", alter={("cable", "PAYMENT", 2): underpaid(ONE_COIN)}),
        session("cable refuses: tariff too high", terms={"tariff_sat_per_wh": 2001}, stop_s=5.0),
        session("cable refuses: payment 2 asks for 1 sat more", alter={("socket", "PAYMENT_REQUEST", 2): overpaid}),
        session("cable refuses: the socket's meter claims 5 % too much", meter_gain=1.05),
        session(
            "the socket's meter is 4 % ahead: before it is a payment ahead another session begins",
            terms={"quantum_sat": 1_000},
            payments=40,
            meter_gain=1.04,
            stop_s=27.04,
        ),
        session("each message is lost once and repeated", lose=EACH_ONCE, stop_s=30.0),
    ]

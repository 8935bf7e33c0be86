"""Short sessions for those transitions of both tables that no other session takes: part of sessions.json."""

from __future__ import annotations

from typing import Any, Final

from hil.protocol.codes import CloseReason
from hil.protocol.payment.signing import Key
from hil.protocol.payment.transactions import build_payment
from hil.protocol.policy import Mode, Network
from hil.protocol.wire.messages import Close, DeclaredCoin, Funding, Hello, Meter, Payment, PaymentRequest
from hil.tests.protocol import samples
from hil.tests.protocol.ending_vectors import FIRST, LATE, says
from hil.tests.protocol.session_vectors import CHANGE_SECRETS, ONE_COIN, SESSIONS, overpaid, session
from hil.tests.protocol.vector_files import Json

BOTH: Final = (Mode.SINGLE_FEE, Mode.PER_PAYMENT)
_POOR = samples.coin(1, 1_000)

HELD: Final[dict[str, tuple[float, Json]]] = {
    "offered": (0.2, {"lose": frozenset({("cable", "FUNDING", 1)})}),
    "checking coins": (0.2, {"answers": {("examine coins", 1): {"after_s": 70.0}}}),
    "awaiting payment": (0.2, {"lose": frozenset({("cable", "PAYMENT", 1)})}),
    "checking payment": (0.2, {"answers": {("examine payment", 1): {"after_s": 70.0}}}),
    "delivering": (2.2, {}),
    "awaiting top-up": (6.7, {"lose": frozenset({("cable", "PAYMENT", 2)})}),
    "checking top-up": (6.7, {"answers": {("examine payment", 2): {"after_s": 70.0}}}),
}
"""How the socket is held in a state, and when something happens to it there."""

HAPPENS: Final[dict[str, Json]] = {
    "hello unsuitable": says(Hello(SESSIONS[3], 1, 1, BOTH, Network.MAINNET)),
    "hello": says(Hello(SESSIONS[3], 1, 1, BOTH, Network.REGTEST)),
    "funding refused": says(
        Funding(
            FIRST,
            LATE,
            (DeclaredCoin(_POOR.outpoint.txid, _POOR.outpoint.index, _POOR.value, _POOR.script),),
            samples.CABLE.p2wpkh_script,
            5,
        )
    ),
    "close received": says(Close(FIRST, LATE, CloseReason.APPLIANCE_FINISHED, 0, "")),
    "payment invalid": says(Payment(FIRST, LATE, 7, bytes(20))),
    "unplugged": {"in": "unplugged"},
    "ledger lost": {"in": "ledger lost", "question": None},
    "conflict seen": {"in": "conflict", "txid": "ab" * 32},
}

SOCKET: Final = {
    "offered": ("hello unsuitable", "funding refused", "close received", "unplugged"),
    "checking coins": ("hello unsuitable", "close received"),
    "awaiting payment": ("payment invalid", "ledger lost", "close received", "unplugged"),
    "checking payment": ("payment invalid", "ledger lost", "close received", "unplugged", "hello"),
    "delivering": ("payment invalid",),
    "awaiting top-up": ("payment invalid", "ledger lost", "conflict seen", "close received", "unplugged", "hello"),
    "checking top-up": ("conflict seen", "close received", "unplugged", "hello"),
}


def transitions() -> list[Json]:
    """Sessions for all that is not taken elsewhere."""
    return [*_of_the_socket(), *_of_the_cable()]


def _of_the_socket() -> list[Json]:
    made = []
    for state, events in SOCKET.items():
        at, held = HELD[state]
        for event in events:
            script = ((at, "socket", HAPPENS[event]),)
            made.append(session(f"socket, {state}: {event}", script=script, stop_s=at + 1.0, **held))
    for state in ("checking coins", "checking payment", "awaiting top-up", "checking top-up"):
        at, held = HELD[state]
        silent: Json = {"gap_s": (at, 200.0), "idle_from_s": at, "stop_s": at + 61.0}
        made.append(session(f"socket, {state}: cable silent", payments=2, **held, **silent))
    return made


def _meter(claim_mwh: int) -> Json:
    return says(Meter(FIRST, LATE, claim_mwh))


def _request_again() -> Json:
    change = Key(CHANGE_SECRETS[0]).p2wpkh_script
    unsigned = build_payment(ONE_COIN, samples.SOCKET.p2wpkh_script, 1, 10_000, change, 10)
    return says(PaymentRequest(FIRST, LATE, 1, unsigned.serialize(), 0))


def _of_the_cable() -> list[Json]:
    no_receipts: Any = {"lose": frozenset(("socket", "RECEIPT", n) for n in range(1, 90))}
    slow_coins: Any = HELD["checking coins"][1]
    limit = says(Close(FIRST, LATE, CloseReason.LIMIT_REACHED, 0, ""))
    apart: Json = {"terms": {"quantum_sat": 1_000}, "payments": 40, "meter_gain": 1.04}
    return [
        session(
            "cable, calling: close received",
            lose=frozenset({("socket", "OFFER", 1)}),
            script=((0.2, "cable", limit),),
            stop_s=12.0,
        ),
        session("cable, funded: close received", script=((0.2, "cable", limit),), stop_s=1.5, **slow_coins),
        session("cable, funded: energy overclaimed", script=((0.2, "cable", _meter(101)),), stop_s=1.5, **slow_coins),
        session("cable, funded: request refused", alter={("socket", "PAYMENT_REQUEST", 1): overpaid}, stop_s=1.5),
        session("cable, paying: request good, for no receipt comes", stop_s=10.0, **no_receipts),
        session("cable, paying: request declined, for no receipt comes", stop_s=17.5, **apart, **no_receipts),
        session(
            "cable, paying: request refused, for no receipt comes",
            alter={("socket", "PAYMENT_REQUEST", 2): overpaid},
            stop_s=8.0,
            **no_receipts,
        ),
        session(
            "cable, paying: energy overclaimed", script=((1.0, "cable", _meter(7_000)),), stop_s=2.0, **no_receipts
        ),
        session("cable, supplied: request repeated", script=((1.2, "cable", _request_again()),), stop_s=2.0),
        session("cable, supplied: METER just within the tolerance", script=((0.2, "cable", _meter(100)),), stop_s=1.0),
        session(
            "cable, supplied: socket silent, and the budget is spent",
            payments=1,
            gap_s=(1.0, 200.0),
            idle_from_s=0.2,
            stop_s=64.0,
        ),
        session("cable, paying: socket silent, and the budget is spent", payments=1, stop_s=62.0, **_unheard()),
    ]


def _unheard() -> Json:
    return {"gap_s": (0.04, 200.0), "idle_from_s": 0.2}

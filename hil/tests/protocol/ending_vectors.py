"""Sessions in which something is refused, and sessions for each reason to close: part of sessions.json."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import cbor2

from hil.protocol.policy import Mode, Network
from hil.protocol.wire.framing import encode_frame
from hil.protocol.wire.messages import (
    DeclaredCoin,
    Funding,
    Hello,
    Message,
    Meter,
    Payment,
    Receipt,
    encode_message,
)
from hil.tests.protocol import samples
from hil.tests.protocol.session_bench import Change
from hil.tests.protocol.session_vectors import SESSIONS, session
from hil.tests.protocol.vector_files import Json

FIRST: Final = SESSIONS[0]
LATE: Final = 1_000_000
"""A sequence number above all that the honest cable has used."""


def says(*messages: Message) -> Json:
    """Put frames on the line that the other machine did not make."""
    return {"in": "bytes", "bytes": b"".join(encode_frame(encode_message(each)) for each in messages).hex()}


def says_plain(*plain: object) -> Json:
    """Put well-formed frames on the line that hold no message of version 1."""
    return {"in": "bytes", "bytes": b"".join(encode_frame(cbor2.dumps(each)) for each in plain).hex()}


def _hello(session_id: bytes, sequence: int = LATE, network: Network = Network.REGTEST) -> Message:
    return Hello(session_id, sequence, 1, (Mode.SINGLE_FEE, Mode.PER_PAYMENT), network)


def _other_coins() -> Message:
    coin = samples.coin(9, 70_000)
    declared = DeclaredCoin(coin.outpoint.txid, coin.outpoint.index, coin.value, coin.script)
    return Funding(FIRST, LATE, (declared,), samples.CABLE.p2wpkh_script, 5)


def _with(**fields: Any) -> Change:
    return lambda message: replace(message, **fields)


def _short(message: Message) -> Message:
    assert isinstance(message, Receipt)
    return replace(message, credited_mwh=message.credited_mwh - 1)


def refusals_in_sessions() -> list[Json]:
    """For each code of an ERROR that takes a session to be said, a session in which it is said."""
    coins, payment = ("examine coins", 1), ("examine payment", 2)
    early_payment = Payment(FIRST, LATE, 1, samples.signed(samples.proposal()).serialize())
    return [
        session("UNSUITABLE: the cable means another ledger", limits={"network": Network.MAINNET}, stop_s=3.0),
        session("UNSUITABLE: the cable speaks another mode", limits={"modes": (Mode.PER_PAYMENT,)}, stop_s=3.0),
        session(
            "UNSUPPORTED_VERSION: in no session, in another one, and in the one that runs",
            lose=frozenset({("cable", "HELLO", 1)}),
            script=(
                (0.5, "socket", says_plain([1, SESSIONS[3], 1, 2, [1], 3])),
                (2.5, "socket", says_plain([1, SESSIONS[3], 1, 2, "other"])),
                (3.5, "socket", says_plain([1, FIRST, LATE, 2, [1], 3])),
            ),
            stop_s=5.0,
        ),
        session(
            "MALFORMED: said by the socket in no session, in another one and in the one that runs; never by the cable",
            lose=frozenset({("cable", "HELLO", 1)}),
            script=(
                (0.3, "socket", says_plain([7, FIRST, 1], "text")),
                (2.5, "socket", says_plain([7, SESSIONS[3], 1], [7, FIRST, LATE, -1], [99], [5, FIRST[:7], 1, 1])),
                (3.5, "cable", says_plain([7, FIRST, LATE], [99])),
                (4.5, "socket", {"in": "bytes", "bytes": encode_frame(b"good")[:3].hex() + "00"}),
            ),
            stop_s=6.0,
        ),
        session(
            "UNEXPECTED: other coins, a message for a cable, a payment before one was asked for",
            answers={coins: {"after_s": 0.2}},
            script=((0.1, "socket", says(early_payment, _other_coins(), Receipt(FIRST, LATE + 1, 1, 1))),),
            stop_s=3.0,
        ),
        session("UNKNOWN_SESSION", script=((1.2, "socket", says(Meter(SESSIONS[3], 1, 0))),), stop_s=3.0),
        session(
            "SESSION_REUSED: the id of a past session; ERROR and CLOSE of it get no answer",
            payments=1,
            script=((9.2, "socket", says(_hello(FIRST))), (9.4, "socket", says_plain([8, FIRST, LATE, 4, 0, b""]))),
            stop_s=11.0,
        ),
        *(
            session(f"{code}: a declared coin", answers={coins: {"code": code}}, stop_s=12.0)
            for code in ("COIN_UNKNOWN", "COIN_DIFFERS", "COIN_UNCONFIRMED")
        ),
        session("LEDGER_UNAVAILABLE: for the coins", answers={coins: {"in": "ledger lost"}}, stop_s=12.0),
        session("LEDGER_UNAVAILABLE: for payment 2", answers={payment: {"in": "ledger lost"}}, stop_s=8.0),
        session(
            "LEDGER_UNAVAILABLE: while power flows, and until the session is settled",
            script=((2.2, "socket", {"in": "ledger lost", "question": None}),),
            answers={("settle", n): {"failure": "no answer"} for n in range(1, 7)},
            stop_s=16.0,
        ),
        *(
            session(f"{code}: payment 2", mode=mode, answers={payment: {"code": code}}, stop_s=8.0)
            for code, mode in (
                ("COIN_UNKNOWN", "SINGLE_FEE"),
                ("LEDGER_REFUSED", "SINGLE_FEE"),
                ("LEDGER_REFUSED", "PER_PAYMENT"),
            )
        ),
        session(
            "CONFLICT: the coins are spent while power flows, and the settlement is lost",
            script=((2.2, "socket", {"in": "conflict", "txid": "ab" * 32}),),
            answers={("settle", 1): {"failure": "txn-mempool-conflict", "lost": True}},
            stop_s=4.0,
        ),
        session("RECEIPT_SHORT: 1 mWh", alter={("socket", "RECEIPT", 1): _short}, stop_s=3.0),
        session("RECEIPT_SHORT: another payment", alter={("socket", "RECEIPT", 1): _with(n=2)}, stop_s=3.0),
        session(
            "TOO_MANY_PAYMENTS: somebody raised the cable's budget on the line",
            payments=1,
            alter={("cable", "FUNDING", 1): _with(max_payments=5)},
            stop_s=8.0,
        ),
    ]


def endings() -> list[Json]:
    """For each reason of CLOSE, and each way to it, a session that ends so."""
    first_only = frozenset(("cable", "PAYMENT", n) for n in range(2, 20))
    just_one = (samples.coin(1, 10_000 + 1100),)
    return [
        session("CREDIT_SPENT: no second payment comes; the cable calls again", lose=first_only, stop_s=19.5),
        session(
            "credit runs out while payment 2 is examined: the contact opens and closes again",
            answers={("examine payment", 2): {"after_s": 3.0}},
            stop_s=12.0,
        ),
        session(
            "FUNDS_EXHAUSTED: not even the first payment can be built to a P2PKH payee",
            coins=just_one,
            legacy=True,
            stop_s=3.0,
        ),
        session("PEER_SILENT: no FUNDING comes", payments=1, gap_s=(0.0015, 200.0), stop_s=70.0),
        session(
            "PEER_SILENT: the cable talks and does not pay",
            lose=frozenset(("cable", "PAYMENT", n) for n in range(1, 60)),
            idle_from_s=0.1,
            stop_s=66.0,
        ),
        session(
            "PEER_SILENT: nothing is heard of either side after the first payment",
            gap_s=(0.1, 200.0),
            idle_from_s=1.0,
            stop_s=75.0,
        ),
        session(
            "PEER_SILENT: the socket sends neither request nor receipt",
            lose=frozenset({("socket", "RECEIPT", n) for n in range(1, 50)}),
            idle_from_s=0.1,
            stop_s=75.0,
        ),
        session(
            "PEER_RESTARTED: HELLO of another session while power flows, and served when the first is settled",
            script=((2.2, "socket", says(_hello(SESSIONS[3], 1))), (3.2, "socket", says(_hello(SESSIONS[3], 2)))),
            stop_s=5.0,
        ),
        session(
            "a cable that has paid nothing calls under another id, and is served at once",
            answers={("examine coins", 1): {"after_s": 0.5}},
            script=((0.2, "socket", says(_hello(SESSIONS[3], 1))),),
            stop_s=3.0,
        ),
        *(
            session(f"UNPLUGGED: {mode}", mode=mode, script=((2.2, "socket", {"in": "unplugged"}),), stop_s=5.0)
            for mode in ("SINGLE_FEE", "PER_PAYMENT")
        ),
        session(
            "UNPLUGGED: while the coins are examined",
            script=((0.1, "socket", {"in": "unplugged"}),),
            answers={("examine coins", 1): {"after_s": 0.5}},
            stop_s=3.0,
        ),
        session("FAULT: the socket's meter fails", script=((2.2, "socket", {"in": "fault"}),), stop_s=5.0),
        session("FAULT: the appliance draws 3681 W where 3680 W are sold", power_w=3681.0, stop_s=4.0),
        session("the appliance draws just what is sold", power_w=3680.0, payments=1, stop_s=12.0),
        session(
            "the ledger cannot take the settlement twice, then does",
            payments=1,
            answers={("settle", n): {"failure": "mempool full"} for n in (1, 2)},
            stop_s=15.0,
        ),
    ]

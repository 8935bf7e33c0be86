"""Writes fixtures/data/vectors/*.json: ``python -m hil.tests.protocol.make_vectors``.

The files are the contract with other implementations. They are written once for each protocol version; a change in
them is a change of the wire.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any, Final

import cbor2
from bitcoin.core import CTransaction
from bitcoin.core.script import SIGHASH_ALL, SIGHASH_ANYONECANPAY, SIGHASH_NONE, SIGHASH_SINGLE
from cobs import cobs

from hil.protocol.checks import Refusal, check_funding, check_offer, check_payment, check_proposal
from hil.protocol.coins import Coin, OutPoint
from hil.protocol.framing import FrameDecoder, FrameError, encode_frame
from hil.protocol.messages import (
    Close,
    CloseReason,
    DeclaredCoin,
    Error,
    ErrorCode,
    Funding,
    Hello,
    Message,
    MessageError,
    Meter,
    Mode,
    Network,
    Offer,
    Payment,
    PaymentRequest,
    Receipt,
    decode_message,
    describe,
    encode_message,
    message_name,
)
from hil.protocol.policy import CableLimits, SocketTerms
from hil.protocol.transactions import FundsExhausted, build_payment, change_coin, txid, virtual_size
from hil.tests.protocol import samples
from hil.tests.protocol.samples import CABLE, COINS, EDITS, SESSION, SOCKET, offer, proposal, request, signed
from hil.units import Satoshi

FOLDER: Final = Path(__file__).parents[3] / "fixtures" / "data" / "vectors"

Json = dict[str, Any]


def coin_to_json(coin: Coin) -> Json:
    return {
        "txid": coin.outpoint.txid,
        "index": coin.outpoint.index,
        "value_sat": coin.value,
        "script": coin.script.hex(),
    }


def coin_from_json(data: Json) -> Coin:
    return Coin(OutPoint(data["txid"], data["index"]), Satoshi(data["value_sat"]), bytes.fromhex(data["script"]))


def frames() -> Json:
    """Payloads with their frame, and streams with what a decoder makes of them."""
    payloads = {
        "one byte": b"\x01",
        "one zero": b"\x00",
        "zeros": bytes(20),
        "message": encode_message(Meter(SESSION, 3, 1000)),
        "one full COBS block with its CRC": b"\x55" * 250,
        "more than one COBS block": b"\x55" * 260,
        "longest payload": bytes(range(1, 255)) * 16 + b"\x01" * 32,
    }
    good = encode_frame(b"good")
    flipped = bytes([good[0], good[1] ^ 1]) + good[2:]
    little = cobs.encode(b"good" + zlib.crc32(b"good").to_bytes(4, "little")) + b"\x00"
    streams = {
        "two frames": good + encode_frame(b"next"),
        "empty frame between two frames": good + b"\x00" + good,
        "bit flipped in the payload": flipped + good,
        "CRC in the wrong byte order": little + good,
        "no payload": cobs.encode(zlib.crc32(b"").to_bytes(4, "big")) + b"\x00" + good,
        "COBS code points behind the end": b"\x09abc\x00" + good,
        "COBS block closed twice": cobs.encode(b"\x01" * 250 + zlib.crc32(b"\x01" * 250).to_bytes(4, "big"))
        + b"\x01\x00"
        + good,
        "longer than any frame": b"\x01" * 5000 + b"\x00" + good,
        "noise, then a delimiter": bytes(range(1, 40)) + b"\x00" + good,
        "cut off": good[:5],
    }
    return {
        "frames": [{"name": name, "payload": p.hex(), "frame": encode_frame(p).hex()} for name, p in payloads.items()],
        "streams": [
            {"name": name, "bytes": stream.hex(), "result": decoded(FrameDecoder().feed(stream))}
            for name, stream in streams.items()
        ],
    }


def decoded(items: list[bytes | FrameError]) -> list[Json]:
    """Return the items of a FrameDecoder as they stand in the vectors."""
    return [{"error": item.code.name} if isinstance(item, FrameError) else {"payload": item.hex()} for item in items]


def sample_messages() -> dict[str, Message]:
    """One message of each kind and those at the edges."""
    declared = tuple(DeclaredCoin(c.outpoint.txid, c.outpoint.index, c.value, c.script) for c in COINS)
    last = 2**32 - 1
    return {
        "hello": Hello(SESSION, 0, 1, (Mode.SINGLE_FEE, Mode.PER_PAYMENT), Network.REGTEST),
        "hello, one mode": Hello(bytes(8), last, 1, (Mode.PER_PAYMENT,), Network.MAINNET),
        "offer of the slice of bread": offer(),
        "offer per payment to P2PKH": offer(Mode.PER_PAYMENT, payee_script=SOCKET.p2pkh_script, min_confirmations=0),
        "funding from two coins": Funding(SESSION, 1, declared, CABLE.p2wpkh_script, 5),
        "payment request": request(proposal()),
        "payment": Payment(SESSION, 4, 2, signed(proposal()).serialize()),
        "receipt": Receipt(SESSION, 8, 2, 16_000),
        "meter": Meter(SESSION, 9, 12_345),
        "meter at its end": Meter(SESSION, last, last),
        "close, settled": Close(SESSION, 20, CloseReason.APPLIANCE_FINISHED, 40_000, txid(signed(proposal()))),
        "close, nothing to settle": Close(SESSION, 1, CloseReason.REFUSED, 0, ""),
        "error": Error(SESSION, 5, ErrorCode.UNDERPAID, "underpaid by 1 sat: 19999 sat instead of 20000 sat"),
        "error without text": Error(SESSION, 5, ErrorCode.MALFORMED, ""),
        "error in another script": Error(SESSION, 5, ErrorCode.UNEXPECTED, "für n = 2 · 不"),
    }


def refused_messages() -> dict[str, bytes]:
    """Payloads that are no message."""
    meter = encode_message(Meter(SESSION, 3, 1000))
    return {
        "nothing": b"",
        "no array": cbor2.dumps(7),
        "empty array": cbor2.dumps([]),
        "cut off": meter[:-1],
        "byte behind": meter + b"\x00",
        "type 0": cbor2.dumps([0, SESSION, 3, 1000]),
        "type 10": cbor2.dumps([10, SESSION, 3, 1000]),
        "field missing": cbor2.dumps([7, SESSION, 3]),
        "field too many": cbor2.dumps([7, SESSION, 3, 1000, 0]),
        "map instead of array": cbor2.dumps({0: 7}),
        "session of 7 bytes": cbor2.dumps([7, SESSION[:7], 3, 1000]),
        "sequence of 2^32": cbor2.dumps([7, SESSION, 2**32, 1000]),
        "boolean instead of number": cbor2.dumps([7, SESSION, 3, True]),
        "float instead of number": cbor2.dumps([7, SESSION, 3, 1000.0]),
        "negative number": cbor2.dumps([7, SESSION, 3, -1]),
        "null": cbor2.dumps([7, SESSION, 3, None]),
        "tag": cbor2.dumps([7, SESSION, 3, cbor2.CBORTag(1, 1000)]),
        "number with a long head": meter[:-3] + bytes.fromhex("1a000003e8"),
        "array of indefinite length": b"\x9f" + meter[1:] + b"\xff",
        "huge byte string": cbor2.dumps([5, SESSION, 3, 1])[:-1] + bytes.fromhex("015bffffffffffffffff"),
        "huge array": bytes.fromhex("9bffffffffffffffff"),
        "nested 4000 deep": b"\x81" * 4000,
        "text that is not UTF-8": cbor2.dumps([9, SESSION, 3, 1])[:-1] + b"\x01\x62\xc3\x28",
        "version 2": cbor2.dumps([1, SESSION, 0, 2, [1], 3]),
        "version 2 with other fields": cbor2.dumps([1, SESSION, 0, 2, "other"]),
        "no mode": cbor2.dumps([1, SESSION, 0, 1, [], 3]),
        "mode twice": cbor2.dumps([1, SESSION, 0, 1, [1, 1], 3]),
        "unknown mode": cbor2.dumps([1, SESSION, 0, 1, [3], 3]),
        "17 coins": cbor2.dumps([3, SESSION, 1, [[bytes(32), i, 1, b"s"] for i in range(17)], b"s", 1]),
        "coin of 0 sat": cbor2.dumps([3, SESSION, 1, [[bytes(32), 0, 0, b"s"]], b"s", 1]),
        "payment 0": cbor2.dumps([5, SESSION, 4, 0, bytes(10)]),
        "transaction of 3501 bytes": cbor2.dumps([5, SESSION, 4, 1, bytes(3501)]),
        "error text of 201 characters": cbor2.dumps([9, SESSION, 5, 1, "x" * 201]),
        "error text with a line feed": cbor2.dumps([9, SESSION, 5, 1, "a\nb"]),
    }


def messages() -> Json:
    """Messages with their fields, and payloads that are refused."""
    return {
        "messages": [
            {"name": name, "message": message_name(m), "fields": describe(m), "bytes": encode_message(m).hex()}
            for name, m in sample_messages().items()
        ],
        "refused": [
            {"name": name, "bytes": data.hex(), "code": _message_error(data)}
            for name, data in refused_messages().items()
        ],
    }


def _message_error(data: bytes) -> str:
    try:
        decode_message(data)
    except MessageError as error:
        return error.code.name
    raise AssertionError(f"{data.hex()} is a message")


def transactions() -> Json:
    """Proposals with their signed form; the keys are test keys, worth nothing anywhere."""
    legacy, segwit = CABLE.p2pkh_script, CABLE.p2wpkh_script
    cases: list[tuple[str, tuple[Coin, ...], bytes, int, int]] = [
        ("one P2WPKH input", (samples.coin(1, 60_000),), segwit, 1, 10),
        ("one P2PKH input, change to P2PKH", (samples.coin(2, 60_000, legacy),), legacy, 1, 10),
        ("both types of input, payment 1", COINS, segwit, 1, 10),
        ("both types of input, payment 2", COINS, segwit, 2, 10),
        ("slice of bread, last of five payments", (samples.coin(3, 60_000),), segwit, 5, 56),
        ("change at the dust limit", (samples.coin(1, 10_000 + 1410 + 294),), segwit, 1, 10),
        ("change 1 sat below dust goes to the fee", (samples.coin(1, 10_000 + 1410 + 293),), segwit, 1, 10),
        ("P2PKH change at the dust limit", (samples.coin(1, 10_000 + 1440 + 546),), legacy, 1, 10),
        ("P2PKH change 1 sat below dust", (samples.coin(1, 10_000 + 1440 + 545),), legacy, 1, 10),
        ("no satoshi left", (samples.coin(1, 11_100),), segwit, 1, 10),
        ("1 sat short", (samples.coin(1, 11_099),), segwit, 1, 10),
        ("sixteen inputs", tuple(samples.coin(i, 5_000, (legacy, segwit)[i % 2]) for i in range(16)), segwit, 5, 1),
    ]
    return {
        "secret": "11" * 32,
        "payee_script": SOCKET.p2wpkh_script.hex(),
        "quantum_sat": 10_000,
        "transactions": [_transaction(*case) for case in cases],
        "chain": _chain(),
    }


def _transaction(name: str, coins: tuple[Coin, ...], change: bytes, quanta: int, fee_rate: int) -> Json:
    case: Json = {
        "name": name,
        "coins": [coin_to_json(coin) for coin in coins],
        "change_script": change.hex(),
        "quanta": quanta,
        "fee_rate_sat_per_vb": fee_rate,
    }
    try:
        unsigned = build_payment(coins, SOCKET.p2wpkh_script, quanta, 10_000, change, fee_rate)
    except FundsExhausted:
        return case | {"error": "FUNDS_EXHAUSTED"}
    done = signed(unsigned, coins)
    scripts = [bytes(txout.scriptPubKey) for txout in unsigned.vout]
    return case | {
        "virtual_size": virtual_size([coin.script for coin in coins], scripts),
        "fee_sat": sum(coin.value for coin in coins) - sum(txout.nValue for txout in unsigned.vout),
        "change_sat": unsigned.vout[1].nValue if len(unsigned.vout) > 1 else 0,
        "unsigned": unsigned.serialize().hex(),
        "signed": done.serialize().hex(),
        "txid": txid(done),
    }


def _chain() -> list[Json]:
    """Per-payment: each payment spends the change of the one before."""
    coins: tuple[Coin, ...] = COINS
    chain = []
    for n in range(1, 4):
        case = _transaction(f"per-payment, payment {n}", coins, CABLE.p2wpkh_script, 1, 10)
        chain.append(case)
        change = change_coin(CTransaction.deserialize(bytes.fromhex(case["signed"])), CABLE.p2wpkh_script)
        assert change is not None
        coins = (change,)
    return chain


def refusals() -> Json:
    """What either side refuses, with the code; everything else in a case is honest."""
    return {
        "coins": [coin_to_json(coin) for coin in COINS],
        "change_script": CABLE.p2wpkh_script.hex(),
        "offer": encode_message(offer()).hex(),
        "proposal": proposal().serialize().hex(),
        "offers": [_case(name, "message", encode_message(m), refused_offer(m)) for name, m in _offers().items()],
        "fundings": [_case(name, "message", encode_message(m), refused_funding(m)) for name, m in _fundings().items()],
        "proposals": [
            _case(name, "message", encode_message(m), refused_proposal(m)) for name, m in _proposals().items()
        ],
        "payments": [_case(name, "payment", raw, refused_payment(raw)) for name, raw in _payments().items()],
    }


def _case(name: str, key: str, data: bytes, code: str) -> Json:
    return {"name": name, key: data.hex(), "code": code}


def refused_offer(message: Offer) -> str:
    return _refusal(lambda: check_offer(message, CableLimits()))


def refused_funding(message: Funding) -> str:
    return _refusal(lambda: check_funding(message, SocketTerms()))


def refused_proposal(message: PaymentRequest) -> str:
    """The cable has paid once, used 6000 mWh by its own meter, and awaits payment 2."""
    return _refusal(
        lambda: check_proposal(
            message,
            expected_n=2,
            offer=offer(),
            coins=COINS,
            change_script=CABLE.p2wpkh_script,
            limits=CableLimits(),
            used_mwh=6000,
        )
    )


def refused_payment(raw: bytes) -> str:
    return _refusal(lambda: check_payment(proposal().serialize(), raw, COINS))


def _refusal(check: Any) -> str:
    try:
        check()
    except Refusal as refusal:
        return refusal.code.name
    return "ACCEPTED"


def _offers() -> dict[str, Offer]:
    return {
        "honest": offer(),
        "tariff too high": offer(tariff_sat_per_wh=2001),
        "quantum too high": offer(quantum_sat=20_001),
        "quantum is dust": offer(quantum_sat=293),
        "fee rate too high": offer(fee_rate_sat_per_vb=101),
        "payee script is P2SH": offer(payee_script=b"\xa9\x14" + bytes(20) + b"\x87"),
        "payee script is P2TR": offer(payee_script=b"\x51\x20" + bytes(32)),
    }


def _fundings() -> dict[str, Funding]:
    def funding(*coins: Coin, change: bytes = CABLE.p2wpkh_script) -> Funding:
        declared = tuple(DeclaredCoin(c.outpoint.txid, c.outpoint.index, c.value, c.script) for c in coins)
        return Funding(SESSION, 1, declared, change, 5)

    return {
        "honest": funding(*COINS),
        "1 sat short of one payment": funding(samples.coin(1, 11_099)),
        "one outpoint with two values": funding(COINS[0], samples.coin(1, 59_999)),
        "coin is P2TR": funding(samples.coin(1, 60_000, b"\x51\x20" + bytes(32))),
        "change script is OP_RETURN": funding(*COINS, change=b"\x6a"),
    }


def _proposals() -> dict[str, PaymentRequest]:
    return {
        "honest": request(proposal()),
        **{name: request(samples.edited(proposal(), edit)) for name, (edit, _) in EDITS.items()},
        "payment 1 again": request(proposal(1), 1),
        "payment 3 before payment 2": request(proposal(3), 3),
        "three quanta as payment 2": request(proposal(3)),
        "energy overclaimed": request(proposal(), energy_mwh=6221),
        "asked for too early": request(proposal(), energy_mwh=5899),
        "already signed": request(signed(proposal())),
        "not a transaction": PaymentRequest(SESSION, 7, 2, bytes(20), 6000),
    }


def _payments() -> dict[str, bytes]:
    good = signed(proposal())
    by_name = {str(coin.outpoint): coin for coin in (*COINS, samples.STRANGE_COIN)}
    cases = {"honest": good}
    for name, (edit, _) in EDITS.items():
        falsified = samples.edited(proposal(), edit)
        coins = tuple(by_name[f"{txin.prevout.hash[::-1].hex()}:{txin.prevout.n}"] for txin in falsified.vin)
        cases[name] = signed(falsified, coins)
    hash_types = {
        "NONE": SIGHASH_NONE,
        "SINGLE": SIGHASH_SINGLE,
        "ALL|ANYONECANPAY": SIGHASH_ALL | SIGHASH_ANYONECANPAY,
    }
    cases |= {f"SIGHASH_{name}": signed(proposal(), hash_type=value) for name, value in hash_types.items()}
    cases |= {
        "high S": samples.with_signature(good, 0, samples.high_s),
        "zero before R": samples.with_signature(good, 0, samples.padded),
        "length in long form": samples.with_signature(good, 0, samples.long_form),
        "forged signature": samples.with_signature(good, 0, samples.forged),
        "empty witness": samples.with_stack(good, 0, []),
        "witness item too many": samples.with_stack(good, 0, [*samples.witness_stack(good, 0), b"\x01"]),
        "a stranger's key": samples.with_stack(good, 0, [samples.witness_stack(good, 0)[0], samples.STRANGER.public]),
        "scriptSig with one push too many": samples.with_script_sig(good, 1, b"\x00" + bytes(good.vin[1].scriptSig)),
        "not signed": proposal(),
        "older payment": signed(proposal(1)),
    }
    return {name: payment.serialize() for name, payment in cases.items()} | {"not a transaction": bytes(20)}


def documents() -> dict[str, Json]:
    """Return the content of each vector file by its name."""
    return {"frames": frames(), "messages": messages(), "transactions": transactions(), "refusals": refusals()}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, document in documents().items():
        text = json.dumps(document, indent=1, ensure_ascii=False)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Every vector is consumed in both directions: what we make is what stands there, and what stands there is read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hil.protocol import messages as wire
from hil.protocol.coins import Coin
from hil.protocol.framing import FrameDecoder, encode_frame
from hil.protocol.messages import MESSAGE_TYPES, DeclaredCoin, MessageError, decode_message, describe, encode_message
from hil.protocol.signing import Key, sign_transaction, verify_signatures
from hil.protocol.transactions import (
    FundsExhausted,
    build_payment,
    change_coin,
    parse_transaction,
    txid,
    virtual_size,
    without_signatures,
)
from hil.tests.protocol import make_vectors, samples
from hil.tests.protocol.make_vectors import FOLDER, coin_from_json, decoded

Json = dict[str, Any]


def load(name: str) -> Json:
    document: Json = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return document


FRAMES, MESSAGES, TRANSACTIONS, REFUSALS = map(load, ("frames", "messages", "transactions", "refusals"))
CASES = [*TRANSACTIONS["transactions"], *TRANSACTIONS["chain"]]
BUILT = [case for case in CASES if "error" not in case]


def name_of(case: Json) -> str:
    return str(case["name"])


def coins_of(case: Json) -> tuple[Coin, ...]:
    return tuple(map(coin_from_json, case["coins"]))


def message_from_fields(name: str, fields: Json) -> wire.Message:
    """Build a message from what people read: the inverse of ``describe``, written by the names of the fields."""
    enumerations: dict[str, Any] = {"mode": wire.Mode, "network": wire.Network, "reason": wire.CloseReason}
    values: Json = {}
    for key, value in fields.items():
        if key in {"session", "payee_script", "change_script", "transaction"}:
            values[key] = bytes.fromhex(value)
        elif key in enumerations:
            values[key] = enumerations[key][value]
        elif key == "code":
            values[key] = wire.ErrorCode[value]
        elif key == "modes":
            values[key] = tuple(wire.Mode[mode] for mode in value)
        elif key == "coins":
            values[key] = tuple(DeclaredCoin(**(coin | {"script": bytes.fromhex(coin["script"])})) for coin in value)
        else:
            values[key] = value
    (kind,) = [kind for kind in MESSAGE_TYPES.values() if wire.message_name(kind) == name]
    return kind(**values)


@pytest.mark.parametrize("case", FRAMES["frames"], ids=name_of)
def test_frame_vector(case: Json) -> None:
    payload, frame = bytes.fromhex(case["payload"]), bytes.fromhex(case["frame"])
    assert encode_frame(payload) == frame
    assert FrameDecoder().feed(frame) == [payload]


@pytest.mark.parametrize("case", FRAMES["streams"], ids=name_of)
def test_stream_vector(case: Json) -> None:
    assert decoded(FrameDecoder().feed(bytes.fromhex(case["bytes"]))) == case["result"]


@pytest.mark.parametrize("case", MESSAGES["messages"], ids=name_of)
def test_message_vector(case: Json) -> None:
    message = message_from_fields(case["message"], case["fields"])
    assert encode_message(message).hex() == case["bytes"]
    assert decode_message(bytes.fromhex(case["bytes"])) == message
    assert describe(message) == case["fields"]


@pytest.mark.parametrize("case", MESSAGES["refused"], ids=name_of)
def test_refused_message_vector(case: Json) -> None:
    with pytest.raises(MessageError) as caught:
        decode_message(bytes.fromhex(case["bytes"]))
    assert caught.value.code.name == case["code"]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_transaction_vector_is_built_and_signed_to_the_byte(case: Json) -> None:
    coins, change = coins_of(case), bytes.fromhex(case["change_script"])
    payee, quantum = bytes.fromhex(TRANSACTIONS["payee_script"]), TRANSACTIONS["quantum_sat"]
    arguments = (coins, payee, case["quanta"], quantum, change, case["fee_rate_sat_per_vb"])
    if "error" in case:
        with pytest.raises(FundsExhausted):
            build_payment(*arguments)
        return
    key = Key(bytes.fromhex(TRANSACTIONS["secret"]))
    unsigned = build_payment(*arguments)
    signed = sign_transaction(unsigned, coins, {key.p2wpkh_script: key, key.p2pkh_script: key})
    assert unsigned.serialize().hex() == case["unsigned"]
    assert signed.serialize().hex() == case["signed"]
    assert txid(signed) == case["txid"]


@pytest.mark.parametrize("case", BUILT, ids=name_of)
def test_transaction_vector_is_read_and_judged_good(case: Json) -> None:
    coins, signed = coins_of(case), parse_transaction(bytes.fromhex(case["signed"]))
    verify_signatures(signed, coins)
    assert without_signatures(signed).serialize().hex() == case["unsigned"]
    outputs = [bytes(txout.scriptPubKey) for txout in signed.vout]
    assert virtual_size([coin.script for coin in coins], outputs) == case["virtual_size"]
    assert sum(coin.value for coin in coins) - sum(txout.nValue for txout in signed.vout) == case["fee_sat"]
    change = change_coin(signed, bytes.fromhex(case["change_script"]))
    assert (change.value if change else 0) == case["change_sat"]


def test_refusal_vectors_start_from_what_is_honest() -> None:
    assert REFUSALS["coins"] == [make_vectors.coin_to_json(coin) for coin in samples.COINS]
    assert decode_message(bytes.fromhex(REFUSALS["offer"])) == samples.offer()
    assert parse_transaction(bytes.fromhex(REFUSALS["proposal"])) == samples.proposal()
    for group in ("offers", "fundings", "proposals", "payments"):
        assert [case["code"] == "ACCEPTED" for case in REFUSALS[group]].count(True) == 1


@pytest.mark.parametrize("case", [*REFUSALS["offers"], *REFUSALS["fundings"], *REFUSALS["proposals"]], ids=name_of)
def test_refused_message_content_vector(case: Json) -> None:
    message = decode_message(bytes.fromhex(case["message"]))
    if isinstance(message, wire.Offer):
        code = make_vectors.refused_offer(message)
    elif isinstance(message, wire.Funding):
        code = make_vectors.refused_funding(message)
    else:
        assert isinstance(message, wire.PaymentRequest)
        code = make_vectors.refused_proposal(message)
    assert code == case["code"]


@pytest.mark.parametrize("case", REFUSALS["payments"], ids=name_of)
def test_refused_payment_vector(case: Json) -> None:
    assert make_vectors.refused_payment(bytes.fromhex(case["payment"])) == case["code"]


def test_the_script_makes_the_same_vectors_again() -> None:
    documents = {"frames": FRAMES, "messages": MESSAGES, "transactions": TRANSACTIONS, "refusals": REFUSALS}
    assert make_vectors.documents() == documents

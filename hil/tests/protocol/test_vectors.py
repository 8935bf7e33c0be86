"""Every vector is consumed in both directions: what we make is what stands there, and what stands there is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.payment.coins import Coin
from hil.protocol.payment.signing import Key, sign_transaction, verify_signatures
from hil.protocol.payment.transactions import (
    FundsExhausted,
    build_payment,
    change_coin,
    parse_transaction,
    txid,
    virtual_size,
    without_signatures,
)
from hil.protocol.policy import CableLimits, Mode, Network, SocketTerms
from hil.protocol.wire import messages as wire
from hil.protocol.wire.fields import MessageError
from hil.protocol.wire.framing import FrameDecoder, encode_frame
from hil.protocol.wire.messages import MESSAGE_TYPES, DeclaredCoin, decode_message, describe, encode_message
from hil.tests.protocol import key_vectors, make_vectors, refusal_vectors, samples, vector_files
from hil.tests.protocol.message_vectors import decoded
from hil.tests.protocol.session_replay import done_by, played_again, without_texts
from hil.tests.protocol.session_side import coin_from_json, coin_to_json, limits_from_json, message_in, terms_from_json
from hil.tests.protocol.vector_files import Json, each_case, part, untaken

KEY = Key(bytes.fromhex(part("transactions", "secret")))
PAYEE_SCRIPT = bytes.fromhex(part("transactions", "payee_script"))
QUANTUM_SAT = part("transactions", "quantum_sat")
LINE_DELAY_S = part("sessions", "line_delay_s")
REFUSED = {
    group: part("refusals", group)
    for group in ("coins", "change_script", "offer", "proposal", "payment", "limits", "terms")
}
"""Taken here, not in the test: two processes may share the tests of this module."""


def coins_of(case: Json) -> tuple[Coin, ...]:
    return tuple(map(coin_from_json, case["coins"]))


def message_from_fields(name: str, fields: Json) -> wire.Message:
    """Build a message from what people read: the inverse of ``describe``, written by the names of the fields."""
    enumerations: dict[str, Any] = {"mode": Mode, "network": Network, "reason": CloseReason}
    values: Json = {}
    for key, value in fields.items():
        if key in {"session", "payee_script", "change_script", "transaction"}:
            values[key] = bytes.fromhex(value)
        elif key in enumerations:
            values[key] = enumerations[key][value]
        elif key == "code":
            values[key] = ErrorCode[value]
        elif key == "modes":
            values[key] = tuple(Mode[mode] for mode in value)
        elif key == "coins":
            values[key] = tuple(DeclaredCoin(**(coin | {"script": bytes.fromhex(coin["script"])})) for coin in value)
        else:
            values[key] = value
    (kind,) = [kind for kind in MESSAGE_TYPES.values() if wire.message_name(kind) == name]
    return kind(**values)


@each_case("frames", "frames")
def test_frame_vector(case: Json) -> None:
    payload, frame = bytes.fromhex(case["payload"]), bytes.fromhex(case["frame"])
    assert encode_frame(payload) == frame
    assert FrameDecoder().feed(frame) == [payload]


@each_case("frames", "streams")
def test_stream_vector(case: Json) -> None:
    assert decoded(FrameDecoder().feed(bytes.fromhex(case["bytes"]))) == case["result"]


@each_case("messages", "messages")
def test_message_vector(case: Json) -> None:
    message = message_from_fields(case["message"], case["fields"])
    assert encode_message(message).hex() == case["bytes"]
    assert decode_message(bytes.fromhex(case["bytes"])) == message
    assert describe(message) == case["fields"]


@each_case("messages", "refused")
def test_refused_message_vector(case: Json) -> None:
    with pytest.raises(MessageError) as caught:
        decode_message(bytes.fromhex(case["bytes"]))
    assert caught.value.code.name == case["code"]


@each_case("transactions", "transactions", "chain")
def test_transaction_vector_is_built_and_signed_to_the_byte(case: Json) -> None:
    coins, change = coins_of(case), bytes.fromhex(case["change_script"])
    arguments = (coins, PAYEE_SCRIPT, case["quanta"], QUANTUM_SAT, change, case["fee_rate_sat_per_vb"])
    if "error" in case:
        with pytest.raises(FundsExhausted):
            build_payment(*arguments)
        return
    unsigned = build_payment(*arguments)
    signed = sign_transaction(unsigned, coins, {KEY.p2wpkh_script: KEY, KEY.p2pkh_script: KEY})
    assert unsigned.serialize().hex() == case["unsigned"]
    assert signed.serialize().hex() == case["signed"]
    assert txid(signed) == case["txid"]


@each_case("transactions", "transactions", "chain")
def test_transaction_vector_is_read_and_judged_good(case: Json) -> None:
    if "error" in case:
        assert "signed" not in case  # there is nothing to read
        return
    coins, signed = coins_of(case), parse_transaction(bytes.fromhex(case["signed"]))
    assert signed.serialize().hex() == case["signed"]
    verify_signatures(signed, coins)
    assert without_signatures(signed).serialize().hex() == case["unsigned"]
    outputs = [bytes(txout.scriptPubKey) for txout in signed.vout]
    assert virtual_size([coin.script for coin in coins], outputs) == case["virtual_size"]
    assert sum(coin.value for coin in coins) - sum(txout.nValue for txout in signed.vout) == case["fee_sat"]
    change = change_coin(signed, bytes.fromhex(case["change_script"]))
    assert (change.value if change else 0) == case["change_sat"]


def test_refusal_vectors_start_from_what_is_honest() -> None:
    assert REFUSED["coins"] == [coin_to_json(coin) for coin in samples.COINS]
    assert REFUSED["change_script"] == samples.CABLE.p2wpkh_script.hex()
    assert decode_message(bytes.fromhex(REFUSED["offer"])) == samples.offer()
    assert parse_transaction(bytes.fromhex(REFUSED["proposal"])) == samples.proposal()
    assert parse_transaction(bytes.fromhex(REFUSED["payment"])) == samples.signed(samples.proposal())
    assert limits_from_json(REFUSED["limits"]) == CableLimits()
    assert terms_from_json(REFUSED["terms"]) == SocketTerms()


@each_case("refusals", "offers")
def test_refused_offer_vector(case: Json) -> None:
    assert refusal_vectors.judged_offer(REFUSED, case) == case["code"]


@each_case("refusals", "fundings")
def test_refused_funding_vector(case: Json) -> None:
    assert refusal_vectors.judged_funding(REFUSED, case) == case["code"]


@each_case("refusals", "proposals")
def test_refused_proposal_vector(case: Json) -> None:
    assert refusal_vectors.judged_proposal(REFUSED, case) == case["code"]


@each_case("refusals", "payments")
def test_refused_payment_vector(case: Json) -> None:
    assert refusal_vectors.judged_payment(REFUSED, case) == case["code"]


@each_case("refusals", "ledger")
def test_vector_of_what_the_ledger_refuses(case: Json) -> None:
    assert refusal_vectors.judged_by_ledger(REFUSED, case) == case["code"]


@pytest.mark.parametrize("account", part("keys", "accounts"), ids=lambda account: account["seed"][:8])
def test_key_vector(account: Json) -> None:
    for key in account["keys"]:
        chain, index = map(int, key["path"].split("/")[-2:])
        assert key_vectors.key_at(bytes.fromhex(account["seed"]), chain, index) == key


@each_case("sessions", "sessions")
def test_a_fresh_socket_does_to_the_byte_what_the_vector_says_when_it_hears_the_cables_bytes(case: Json) -> None:
    assert without_texts(played_again(case, "socket", LINE_DELAY_S)) == without_texts(done_by(case, "socket"))


@each_case("sessions", "sessions")
def test_a_fresh_cable_does_to_the_byte_what_the_vector_says_when_it_hears_the_sockets_bytes(case: Json) -> None:
    assert without_texts(played_again(case, "cable", LINE_DELAY_S)) == without_texts(done_by(case, "cable"))


@each_case("sessions", "sessions")
def test_the_frames_of_a_session_vector_are_read_and_made_again(case: Json) -> None:
    for event in case["events"]:
        for name in ("frame", "instead_of"):
            if name in event:
                message = message_in(event[name])
                assert wire.message_name(message) == event["message"]
                assert encode_frame(encode_message(message)).hex() == event[name]


@pytest.mark.parametrize("file", make_vectors.documents())
def test_the_script_makes_the_same_vectors_again(file: str) -> None:
    made = make_vectors.text(make_vectors.documents()[file])
    there = (vector_files.FOLDER / f"{file}.json").read_text(encoding="utf-8")
    assert made == there, f"{file}.json is stale; run: make spec"


def test_every_group_of_every_vector_file_is_taken_by_a_test() -> None:
    assert untaken() == []


def test_a_vector_group_that_no_test_takes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "frames.json").write_text('{"frames": [], "spare": []}', encoding="utf-8")
    (tmp_path / "other.json").write_text('{"cases": []}', encoding="utf-8")
    monkeypatch.setattr(vector_files, "FOLDER", tmp_path)
    assert untaken() == ["frames: spare", "other: cases"]

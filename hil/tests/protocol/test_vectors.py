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
from hil.protocol.policy import Mode, Network
from hil.protocol.wire import messages as wire
from hil.protocol.wire.fields import MessageError
from hil.protocol.wire.framing import FrameDecoder, encode_frame
from hil.protocol.wire.messages import MESSAGE_TYPES, DeclaredCoin, decode_message, describe, encode_message
from hil.tests.protocol import make_vectors, payment_vectors, samples, vector_files
from hil.tests.protocol.message_vectors import decoded
from hil.tests.protocol.session_replay import coin_from_json, coin_to_json, message_in, played_again
from hil.tests.protocol.vector_files import Json, each_case, part, untaken

KEY = Key(bytes.fromhex(part("transactions", "secret")))
PAYEE_SCRIPT = bytes.fromhex(part("transactions", "payee_script"))
QUANTUM_SAT = part("transactions", "quantum_sat")
LINE_DELAY_S = part("sessions", "line_delay_s")
REFUSED = {group: part("refusals", group) for group in ("coins", "change_script", "offer", "proposal")}
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
    for group in ("offers", "fundings", "proposals", "payments"):
        assert [case["code"] == "ACCEPTED" for case in part("refusals", group)].count(True) == 1


@each_case("refusals", "offers", "fundings", "proposals")
def test_refused_message_content_vector(case: Json) -> None:
    message = decode_message(bytes.fromhex(case["message"]))
    assert encode_message(message).hex() == case["message"]
    if isinstance(message, wire.Offer):
        code = payment_vectors.refused_offer(message)
    elif isinstance(message, wire.Funding):
        code = payment_vectors.refused_funding(message)
    else:
        assert isinstance(message, wire.PaymentRequest)
        code = payment_vectors.refused_proposal(message)
    assert code == case["code"]


@each_case("refusals", "payments")
def test_refused_payment_vector(case: Json) -> None:
    assert payment_vectors.refused_payment(bytes.fromhex(case["payment"])) == case["code"]


def done_by(session: Json, side: str) -> list[Json]:
    """Return what a side did, as its machine made it: before a cheat altered it, whether it arrived or not."""
    events = [event for event in session["events"] if event["side"] == side and "out" in event]
    made = [{key: what for key, what in event.items() if key not in ("lost", "instead_of")} for event in events]
    return [
        event | {"frame": was["instead_of"]} if "instead_of" in was else event
        for event, was in zip(made, events, strict=True)
    ]


@each_case("sessions", "sessions")
def test_a_fresh_socket_does_to_the_byte_what_the_vector_says_when_it_hears_the_cables_bytes(case: Json) -> None:
    assert played_again(case, "socket", LINE_DELAY_S) == done_by(case, "socket")


@each_case("sessions", "sessions")
def test_a_fresh_cable_does_to_the_byte_what_the_vector_says_when_it_hears_the_sockets_bytes(case: Json) -> None:
    assert played_again(case, "cable", LINE_DELAY_S) == done_by(case, "cable")


@each_case("sessions", "sessions")
def test_the_frames_of_a_session_vector_are_read_and_made_again(case: Json) -> None:
    for event in case["events"]:
        for name in ("frame", "instead_of"):
            if name in event:
                message = message_in(event[name])
                assert wire.message_name(message) == event["message"]
                assert encode_frame(encode_message(message)).hex() == event[name]


@each_case("sessions", "sessions")
def test_a_session_vector_ends_with_open_contact_and_with_what_was_taken_on_its_way_to_the_ledger(case: Json) -> None:
    switched = [event["closed"] for event in case["events"] if event.get("out") == "contact"]
    taken = [event["frame"] for event in case["events"] if event.get("message") == "RECEIPT"]
    to_ledger = [e for e in case["events"] if e.get("out") == "settle" or e.get("broadcast")]
    assert bool(taken) == (True in switched) == bool(to_ledger)
    assert not switched or switched[-1] is False


def test_session_vectors_show_both_modes_all_script_types_and_every_way_to_end() -> None:
    sessions = part("sessions", "sessions")
    assert {session["socket"]["terms"]["mode"] for session in sessions} == {mode.name for mode in Mode}
    scripts = {coin["script"][:4] for session in sessions for coin in session["cable"]["coins"]}
    assert scripts == {"0014", "76a9"}
    ends = {
        (e["side"], e["reason"]) for session in sessions for e in session["events"] if e.get("out") == "session ended"
    }
    assert ends >= {
        ("socket", "limit_reached"),
        ("socket", "funds_exhausted"),
        ("socket", "refused"),
        ("socket", "peer_closed"),
        ("cable", "appliance_finished"),
        ("cable", "refused"),
    }


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

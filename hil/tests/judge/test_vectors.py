"""The judge takes what the vectors take, and refuses what they refuse: it was written from the same SPEC."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hil.judge.codes import Mode
from hil.judge.frames import FrameFlaw, FrameReader, payload_of
from hil.judge.messages import Coin, Funding, MessageFlaw, Offer, decode_message, describe, message_name
from hil.judge.signatures import flaw_of
from hil.judge.transactions import NoTransaction, parse, proposal, txid_of, unsigned, virtual_size

VECTORS = Path(__file__).parents[3] / "fixtures/data/vectors"


def vectors(file: str, group: str) -> list[Any]:
    cases = json.loads((VECTORS / f"{file}.json").read_text(encoding="utf-8"))[group]
    return [pytest.param(case, id=case["name"]) for case in cases]


TERMS = json.loads((VECTORS / "transactions.json").read_text(encoding="utf-8"))
REFUSALS = json.loads((VECTORS / "refusals.json").read_text(encoding="utf-8"))


def coins_of(case: list[dict[str, Any]]) -> tuple[Coin, ...]:
    return tuple(Coin(each["txid"], each["index"], each["value_sat"], bytes.fromhex(each["script"])) for each in case)


@pytest.mark.parametrize("case", vectors("frames", "frames"))
def test_each_frame_has_its_payload(case: dict[str, str]) -> None:
    assert payload_of(bytes.fromhex(case["frame"])[:-1]).hex() == case["payload"]


@pytest.mark.parametrize("case", vectors("frames", "streams"))
def test_a_stream_falls_into_the_frames_and_flaws_that_are_named(case: dict[str, Any]) -> None:
    stream = bytes.fromhex(case["bytes"])
    found = []
    for item, raw in FrameReader().feed(stream):
        if isinstance(item, FrameFlaw):
            found.append({"error": item.fault.name})
        else:
            found.append({"payload": payload_of(raw[:-1]).hex()})
    assert found == case["result"]


@pytest.mark.parametrize("case", vectors("messages", "messages"))
def test_each_message_reads_as_its_fields(case: dict[str, Any]) -> None:
    message = decode_message(bytes.fromhex(case["bytes"]))
    assert (message_name(message), describe(message)) == (case["message"], case["fields"])


@pytest.mark.parametrize("case", vectors("messages", "refused"))
def test_what_is_no_message_is_refused(case: dict[str, str]) -> None:
    with pytest.raises(MessageFlaw):
        decode_message(bytes.fromhex(case["bytes"]))


@pytest.mark.parametrize("case", [*vectors("transactions", "transactions"), *vectors("transactions", "chain")])
def test_each_payment_is_built_signed_and_named_as_specified(case: dict[str, Any]) -> None:
    coins, change = coins_of(case["coins"]), bytes.fromhex(case["change_script"])
    payee, rate = bytes.fromhex(TERMS["payee_script"]), case["fee_rate_sat_per_vb"]
    offer = Offer(b"", 0, 1, TERMS["quantum_sat"], payee, rate, Mode.SINGLE_FEE, 9, 1, 1)
    built = proposal(offer, Funding(b"", 0, coins, change, 9), coins, case["quanta"])
    if "error" in case:
        assert built is None
        return
    signed = parse(bytes.fromhex(case["signed"]))
    assert built is not None
    assert (built.hex(), txid_of(signed), unsigned(signed)) == (case["unsigned"], case["txid"], built)
    assert flaw_of(signed, coins) == ""
    outputs = [bytes(each.scriptPubKey) for each in signed.vout]
    assert virtual_size([coin.script for coin in coins], outputs) == case["virtual_size"]


@pytest.mark.parametrize("case", vectors("refusals", "payments"))
def test_a_payment_is_good_if_and_only_if_it_is_the_proposal_well_signed(case: dict[str, str]) -> None:
    try:
        paid = parse(bytes.fromhex(case["payment"]))
        good = unsigned(paid).hex() == REFUSALS["proposal"] and not flaw_of(paid, coins_of(REFUSALS["coins"]))
    except NoTransaction:
        good = False
    assert good is (case["code"] == "ACCEPTED")

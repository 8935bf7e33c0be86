"""Transactions to the byte: size, fee, change, signatures, ids."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.second.coins import Coin
from hil.second.money.differences import difference
from hil.second.money.signatures import judge, sign
from hil.second.money.transactions import (
    NotATransaction,
    Proposal,
    parse,
    propose,
    txid_of,
    unsigned_bytes,
    virtual_size,
)
from hil.tests.second.vectors import coins, load

VECTORS = load("transactions")
PAYEE = bytes.fromhex(VECTORS["payee_script"])
SECRET = bytes.fromhex(VECTORS["secret"])
CASES = [*VECTORS["transactions"], *VECTORS["chain"]]


def proposal_of(case: dict[str, Any]) -> Proposal | None:
    return propose(
        coins(case["coins"]),
        PAYEE,
        case["quanta"] * VECTORS["quantum_sat"],
        bytes.fromhex(case["change_script"]),
        case["fee_rate_sat_per_vb"],
    )


@pytest.mark.parametrize("case", [each for each in CASES if "error" not in each], ids=lambda case: case["name"])
def test_a_transaction_is_built_and_signed_to_the_byte(case: dict[str, Any]) -> None:
    proposal = proposal_of(case)

    assert proposal is not None
    assert proposal.raw.hex() == case["unsigned"]
    assert proposal.change_sat == case["change_sat"]
    assert proposal.fee_sat == case["fee_sat"]
    signed = sign(proposal, {coin.script: SECRET for coin in proposal.coins})
    assert signed.hex() == case["signed"]
    assert txid_of(signed) == case["txid"]
    assert unsigned_bytes(signed) == proposal.raw
    assert difference(parse(signed), proposal) is None
    assert judge(parse(signed), proposal.coins) is None


@pytest.mark.parametrize("case", [each for each in CASES if "error" not in each], ids=lambda case: case["name"])
def test_the_size_of_a_transaction_is_that_of_the_vector(case: dict[str, Any]) -> None:
    scripts = [PAYEE] + [bytes.fromhex(case["change_script"])] * bool(case["change_sat"])

    assert virtual_size(coins(case["coins"]), scripts) == case["virtual_size"]


@pytest.mark.parametrize("case", [each for each in CASES if "error" in each], ids=lambda case: case["name"])
def test_coins_that_do_not_hold_payment_and_fee_make_no_transaction(case: dict[str, Any]) -> None:
    assert proposal_of(case) is None


def test_each_payment_of_a_chain_spends_the_change_of_the_one_before() -> None:
    for before, after in zip(VECTORS["chain"], VECTORS["chain"][1:], strict=False):
        proposal = proposal_of(before)
        assert proposal is not None
        assert proposal.change_of(bytes.fromhex(before["signed"])) == coins(after["coins"])


@given(st.binary(max_size=400))
def test_no_bytes_make_the_parser_fail(raw: bytes) -> None:
    with contextlib.suppress(NotATransaction):
        assert parse(raw).serialize() == raw


@given(st.data())
def test_no_change_of_a_byte_makes_the_parser_or_the_judges_fail(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(VECTORS["transactions"][:3]))
    raw = bytearray.fromhex(case["signed"])
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    proposal = proposal_of(case)
    assert proposal is not None

    try:
        transaction = parse(bytes(raw))
    except NotATransaction:
        return

    assert difference(transaction, proposal) or judge(transaction, proposal.coins)


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.integers(1, 1000), st.booleans(), st.booleans())
def test_no_satoshi_appears_or_vanishes(value: int, amount: int, rate: int, segwit: bool, segwit_change: bool) -> None:
    key_hash = bytes(20)
    scripts = [b"\x76\xa9\x14" + key_hash + b"\x88\xac", b"\x00\x14" + key_hash]
    coin, change_script = Coin("ab" * 32, 0, value, scripts[segwit]), scripts[segwit_change]

    proposal = propose([coin], PAYEE, amount, change_script, rate)

    if proposal is None:
        assert value < amount + rate * virtual_size([coin], [PAYEE])
        return
    with_change = rate * virtual_size([coin], [PAYEE, change_script])
    if proposal.change_sat:
        assert proposal.fee_sat == with_change
    else:
        assert rate * virtual_size([coin], [PAYEE]) <= proposal.fee_sat < with_change + 546
    assert value == amount + proposal.change_sat + proposal.fee_sat

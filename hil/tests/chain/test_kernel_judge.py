"""Three judges of one transaction: ours, the node's mempool, and Bitcoin Core's consensus library (libbitcoinkernel).

The kernel knows consensus only, the node adds its policy, and we add what was agreed. So each that accepts is
accepted by all before it, and the tables here name every transaction on which they differ, and why.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import pbk
import pytest
from bitcoin.core import CTransaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pbk.script import PrecomputedTransactionData

from hil.chain.client.rpc import RpcClient
from hil.chain.funding.regtest_ledger import RegtestLedger
from hil.chain.node.folders import PROJECT
from hil.chain.views.full_node import NodeView
from hil.protocol.checks import Refusal, check_payment
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import Key, SignatureRefused, sign_transaction, verify_signatures
from hil.tests.protocol import samples
from hil.tests.protocol.samples import CABLE
from hil.units import Satoshi

VECTORS: Final = PROJECT / "fixtures" / "data" / "vectors"

SCRIPT_CODES: Final = frozenset(
    {"HASH_TYPE", "HIGH_S", "SIGNATURE_ENCODING", "BAD_SIGNATURE", "SIGNATURE_SHAPE", "WRONG_KEY"}
)
"""The refusals on script grounds."""

CONSENSUS_TAKES: Final = {
    "SIGHASH_NONE": "a hash type that leaves outputs open is valid",
    "SIGHASH_SINGLE": "as above",
    "SIGHASH_ALL|ANYONECANPAY": "as above, for inputs",
    "high S": "low S is policy (BIP 146 was never activated for S)",
    "scriptSig with one push too many": "a clean stack is policy outside of witnesses",
}
"""Payments of the vectors that we refuse on script grounds and consensus takes."""

NODE_TAKES: Final = frozenset({"SIGHASH_NONE", "SIGHASH_SINGLE", "SIGHASH_ALL|ANYONECANPAY"})
"""Those among them that the node's policy takes, too."""


def vectors(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((VECTORS / name).read_text())
    return document


def coins_of(rows: list[dict[str, Any]]) -> tuple[Coin, ...]:
    return tuple(
        Coin(OutPoint(row["txid"], row["index"]), Satoshi(row["value_sat"]), bytes.fromhex(row["script"]))
        for row in rows
    )


def kernel_takes(raw: bytes, coins: tuple[Coin, ...]) -> bool:
    """Ask the kernel whether each input satisfies the script of its coin, under all rules of consensus."""
    transaction = pbk.Transaction(raw)
    spent = [pbk.TransactionOutput(pbk.ScriptPubkey(coin.script), coin.value) for coin in coins]
    prepared = PrecomputedTransactionData(transaction, spent)
    if len(transaction.inputs) != len(coins):
        return False
    return all(
        pbk.ScriptPubkey(coin.script).verify(coin.value, transaction, prepared, index, pbk.ScriptVerificationFlags.ALL)
        for index, coin in enumerate(coins)
    )


def we_take(raw: bytes, coins: tuple[Coin, ...]) -> bool:
    try:
        verify_signatures(CTransaction.deserialize(raw), coins)
    except SignatureRefused:
        return False
    return True


@pytest.mark.parametrize("group", ["transactions", "chain"])
def test_every_signed_transaction_of_the_vectors_is_valid_by_consensus(group: str) -> None:
    rows = [row for row in vectors("transactions.json")[group] if "error" not in row]  # that one cannot be built
    assert len(rows) >= 3
    for row in rows:
        coins = coins_of(row["coins"])
        signed = bytes.fromhex(row["signed"])
        assert kernel_takes(signed, coins), row["name"]
        assert we_take(signed, coins), row["name"]
        assert not kernel_takes(bytes.fromhex(row["unsigned"]), coins), row["name"]


def test_each_payment_refused_on_script_grounds_is_refused_by_consensus_or_listed_with_its_reason() -> None:
    document = vectors("refusals.json")
    coins = coins_of(document["coins"])
    rows = [row for row in document["payments"] if row["code"] in SCRIPT_CODES | {"ACCEPTED"}]
    assert len(rows) > 10
    taken = {row["name"] for row in rows if kernel_takes(bytes.fromhex(row["payment"]), coins)}
    assert taken == CONSENSUS_TAKES.keys() | {"honest"}


def test_a_payment_altered_and_signed_anew_is_good_to_consensus_so_only_the_comparison_refuses_it() -> None:
    document = vectors("refusals.json")
    coins = coins_of(document["coins"])
    other_coins = {"MISSING_INPUT", "FOREIGN_INPUT", "DUPLICATE_INPUT", "TRANSACTION_MALFORMED"}
    for row in document["payments"]:
        if row["code"] in SCRIPT_CODES or row["code"] in other_coins:
            continue
        ours = coins[::-1] if row["name"] == "inputs in another order" else coins
        assert kernel_takes(bytes.fromhex(row["payment"]), ours), row["name"]


@pytest.fixture(scope="module")
def real_coins(shared_ledger: RegtestLedger) -> tuple[Coin, ...]:
    """Two confirmed coins of the cable on the node: P2WPKH and P2PKH."""
    (first,) = shared_ledger.fund(CABLE.p2wpkh_script, Satoshi(60_000))
    (second,) = shared_ledger.fund(CABLE.p2pkh_script, Satoshi(40_000))
    return first, second


@pytest.fixture(scope="module")
def view(client: RpcClient) -> NodeView:
    return NodeView(client)


def verdicts(view: NodeView, proposal: CTransaction, raw: bytes, coins: tuple[Coin, ...]) -> tuple[bool, bool, bool]:
    """Return what we, the node and the kernel say of a payment."""
    try:
        check_payment(proposal.serialize(), raw, coins)
        ours = True
    except Refusal:
        ours = False
    return ours, view.accepts(raw).allowed, kernel_takes(raw, coins)


FLAWS: Final[dict[str, Callable[[CTransaction, tuple[Coin, ...]], CTransaction]]] = {
    "honest": samples.signed,
    "SIGHASH_NONE": lambda tx, coins: samples.signed(tx, coins, 0x02),
    "SIGHASH_SINGLE": lambda tx, coins: samples.signed(tx, coins, 0x03),
    "SIGHASH_ALL|ANYONECANPAY": lambda tx, coins: samples.signed(tx, coins, 0x81),
    "high S": lambda tx, coins: samples.with_signature(samples.signed(tx, coins), 0, samples.high_s),
    "zero before R": lambda tx, coins: samples.with_signature(samples.signed(tx, coins), 0, samples.padded),
    "length in long form": lambda tx, coins: samples.with_signature(samples.signed(tx, coins), 0, samples.long_form),
    "forged signature": lambda tx, coins: samples.with_signature(samples.signed(tx, coins), 0, samples.forged),
    "empty witness": lambda tx, coins: samples.with_stack(samples.signed(tx, coins), 0, []),
    "witness item too many": lambda tx, coins: samples.with_stack(
        samples.signed(tx, coins), 0, [b"\1", *samples.witness_stack(samples.signed(tx, coins), 0)]
    ),
    "a stranger's key": lambda tx, coins: samples.with_stack(
        samples.signed(tx, coins), 0, [samples.witness_stack(samples.signed(tx, coins), 0)[0], samples.STRANGER.public]
    ),
    "scriptSig with one push too many": lambda tx, coins: samples.with_script_sig(
        samples.signed(tx, coins), 1, b"\x51" + bytes(samples.signed(tx, coins).vin[1].scriptSig)
    ),
    "not signed": lambda tx, _: tx,
}
"""The same flaws as in the vectors, on coins that the node has."""


@pytest.mark.parametrize("name", FLAWS)
def test_the_three_judges_agree_but_where_policy_or_the_agreement_is_stricter(
    view: NodeView, real_coins: tuple[Coin, ...], name: str
) -> None:
    proposal = samples.proposal(2, real_coins)
    payment = FLAWS[name](proposal, real_coins).serialize()
    honest = name == "honest"
    expected = (honest, honest or name in NODE_TAKES, honest or name in CONSENSUS_TAKES)
    assert verdicts(view, proposal, payment, real_coins) == expected


def test_the_flaws_tried_on_the_node_are_those_of_the_vectors() -> None:
    rows = vectors("refusals.json")["payments"]
    assert FLAWS.keys() == {row["name"] for row in rows if row["code"] in SCRIPT_CODES | {"ACCEPTED"}}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(index=st.integers(0, 1), position=st.integers(0, 200), flip=st.integers(1, 255))
def test_a_flipped_byte_in_a_signature_or_key_is_refused_by_all_and_never_by_the_kernel_alone(
    view: NodeView, real_coins: tuple[Coin, ...], index: int, position: int, flip: int
) -> None:
    proposal = samples.proposal(2, real_coins)
    signed = samples.signed(proposal, real_coins)
    if index == 0:
        signature, public = samples.witness_stack(signed, 0)
        both = bytearray(signature + public)
        both[position % len(both)] ^= flip
        stack = [bytes(both[: len(signature)]), bytes(both[len(signature) :])]
        payment = samples.with_stack(signed, 0, stack).serialize()
    else:
        script = bytearray(bytes(signed.vin[1].scriptSig))
        script[position % len(script)] ^= flip
        payment = samples.with_script_sig(signed, 1, bytes(script)).serialize()
    ours, node, kernel = verdicts(view, proposal, payment, real_coins)
    assert not ours, "no two signatures of one digest differ in one byte"
    # the node may refuse by policy what consensus takes; nobody takes what consensus refuses
    assert kernel or not node


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=st.binary(min_size=32, max_size=32).filter(lambda one: 0 < int.from_bytes(one, "big") < samples.ORDER))
def test_a_signature_by_any_other_key_is_refused_by_all_three(
    view: NodeView, real_coins: tuple[Coin, ...], secret: bytes
) -> None:
    proposal = samples.proposal(2, real_coins)
    key = Key(secret)
    keys = dict.fromkeys((CABLE.p2wpkh_script, CABLE.p2pkh_script), key)
    payment = sign_transaction(proposal, real_coins, keys).serialize()
    same = key.public == CABLE.public
    assert verdicts(view, proposal, payment, real_coins) == (same, same, same)

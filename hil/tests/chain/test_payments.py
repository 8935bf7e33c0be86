"""Payments on a real node: what is built here it takes; what is refused here states a code, and the node's own word."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bitcoin.core import CTransaction, b2lx

from hil.chain.client.rpc import RpcClient
from hil.chain.funding.regtest_ledger import RegtestLedger
from hil.chain.views.full_node import NodeView
from hil.protocol.checks import Refusal, check_payment
from hil.protocol.codes import ErrorCode
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.transactions import build_payment, virtual_size
from hil.tests.protocol import samples
from hil.tests.protocol.samples import CABLE, EDITS, SOCKET, STRANGE_COIN
from hil.units import Satoshi

SCRIPTS = {"P2WPKH": CABLE.p2wpkh_script, "P2PKH": CABLE.p2pkh_script}

NODE_SAYS = dict.fromkeys(EDITS, "") | {
    "input replaced by a foreign one": "missing-inputs",
    "input missing": "bad-txns-in-belowout",
    "input twice": "bad-txns-inputs-duplicate",
}
"""The node's reason for each transaction that is altered and properly signed: nearly all are good to it."""

SIGNATURES: dict[str, tuple[Callable[[bytes], bytes], ErrorCode, str]] = {
    "high S": (samples.high_s, ErrorCode.HIGH_S, "Non-canonical signature: S value is unnecessarily high"),
    "padded DER": (samples.padded, ErrorCode.SIGNATURE_ENCODING, "Non-canonical DER signature"),
    "long-form DER": (samples.long_form, ErrorCode.SIGNATURE_ENCODING, "Non-canonical DER signature"),
    "forged": (
        samples.forged,
        ErrorCode.BAD_SIGNATURE,
        "Signature must be zero for failed CHECK(MULTI)SIG operation",
    ),
    "unknown hash type": (
        lambda der: der[:-1] + b"\x41",
        ErrorCode.HASH_TYPE,
        "Signature hash type missing or not understood",
    ),
}


@pytest.fixture
def view(client: RpcClient) -> NodeView:
    return NodeView(client)


@pytest.fixture
def coins(ledger: RegtestLedger) -> tuple[Coin, ...]:
    """Two confirmed coins of the cable: 60 000 sat P2WPKH and 40 000 sat P2PKH."""
    (first,) = ledger.fund(CABLE.p2wpkh_script, Satoshi(60_000))
    (second,) = ledger.fund(CABLE.p2pkh_script, Satoshi(40_000))
    return first, second


def code_of(proposal: CTransaction, payment: CTransaction, coins: tuple[Coin, ...]) -> ErrorCode:
    with pytest.raises(Refusal) as caught:
        check_payment(proposal.serialize(), payment.serialize(), coins)
    return caught.value.code


def signed(transaction: CTransaction, coins: tuple[Coin, ...]) -> CTransaction:
    """Sign whatever inputs the transaction has."""
    known = {coin.outpoint: coin for coin in (*coins, STRANGE_COIN)}
    spent = (known[OutPoint(b2lx(txin.prevout.hash), txin.prevout.n)] for txin in transaction.vin)
    return samples.signed(transaction, tuple(spent))


@pytest.mark.parametrize("inputs", [("P2WPKH",), ("P2PKH",), ("P2WPKH", "P2PKH", "P2WPKH"), ("P2PKH",) * 16])
@pytest.mark.parametrize("change", ["P2WPKH", "P2PKH", "none"])
def test_a_payment_built_here_is_taken_by_the_node(
    ledger: RegtestLedger, view: NodeView, client: RpcClient, inputs: tuple[str, ...], change: str
) -> None:
    spent = tuple(ledger.fund(SCRIPTS[kind], Satoshi(60_000))[0] for kind in inputs)
    total = 60_000 * len(inputs)
    change_script = SCRIPTS[change] if change != "none" else CABLE.p2wpkh_script
    scripts = [coin.script for coin in spent]
    least_fee = 10 * virtual_size(scripts, [SOCKET.p2wpkh_script])
    quantum = total - least_fee - 200 if change == "none" else 10_000
    proposal = build_payment(spent, SOCKET.p2wpkh_script, 1, quantum, change_script, 10)
    assert len(proposal.vout) == (1 if change == "none" else 2)
    payment = samples.signed(proposal, spent).serialize()
    assert check_payment(proposal.serialize(), payment, spent).serialize() == payment
    assert view.accepts(payment).reason == ""
    assert view.broadcast(payment).allowed
    entry = client.call("getmempoolentry", b2lx(CTransaction.deserialize(payment).GetTxid()))
    reckoned = virtual_size(scripts, [bytes(txout.scriptPubKey) for txout in proposal.vout])
    assert reckoned - 2 * len(inputs) <= entry["vsize"] <= reckoned
    assert entry["fees"]["base"] * 100_000_000 >= 10 * entry["vsize"]


def test_each_altered_payment_is_refused_here_by_code_though_the_node_would_take_nearly_all(
    coins: tuple[Coin, ...], view: NodeView
) -> None:
    proposal = samples.proposal(2, coins)
    found, said = {}, {}
    for name, (edit, _) in EDITS.items():
        payment = signed(samples.edited(proposal, edit), coins)
        found[name] = code_of(proposal, payment, coins).name
        said[name] = view.accepts(payment.serialize()).reason
    assert found == {name: code for name, (_, code) in EDITS.items()}
    assert said == NODE_SAYS


@pytest.mark.parametrize("name", SIGNATURES)
def test_each_flawed_signature_is_refused_here_by_code_and_by_the_node_with_its_reason(
    coins: tuple[Coin, ...], view: NodeView, name: str
) -> None:
    change, code, reason = SIGNATURES[name]
    proposal = samples.proposal(2, coins)
    payment = samples.with_signature(samples.signed(proposal, coins), 0, change)
    assert code_of(proposal, payment, coins) is code
    assert view.accepts(payment.serialize()).reason == reason


def test_a_hash_type_that_leaves_outputs_open_is_good_to_the_node_and_refused_here(
    coins: tuple[Coin, ...], view: NodeView
) -> None:
    proposal = samples.proposal(2, coins)
    for hash_type in (0x02, 0x03, 0x81, 0x82, 0x83):
        payment = samples.signed(proposal, coins, hash_type)
        assert code_of(proposal, payment, coins) is ErrorCode.HASH_TYPE
        assert view.accepts(payment.serialize()).allowed


def test_an_unsigned_payment_and_half_a_payment_are_refused_by_both(coins: tuple[Coin, ...], view: NodeView) -> None:
    proposal = samples.proposal(2, coins)
    assert code_of(proposal, proposal, coins) is ErrorCode.SIGNATURE_SHAPE
    assert not view.accepts(proposal.serialize()).allowed
    half = samples.signed(proposal, coins).serialize()[:-10]
    with pytest.raises(Refusal) as caught:
        check_payment(proposal.serialize(), half, coins)
    assert caught.value.code is ErrorCode.TRANSACTION_MALFORMED
    assert view.accepts(half).reason == "TX decode failed"

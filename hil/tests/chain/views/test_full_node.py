"""A device's view of the ledger, on real nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.chain.client.rpc import LedgerUnavailable, RpcClient, RpcEndpoint
from hil.chain.funding.regtest_ledger import RegtestLedger
from hil.chain.node.base import free_port
from hil.chain.views.full_node import NodeView, normalised
from hil.ports import Acceptance
from hil.protocol.payment.coins import OutPoint
from hil.protocol.payment.signing import Key
from hil.units import Satoshi

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.ports import LedgerView
    from hil.tests.chain.conftest import MakeNode, Spend

VALUE = Satoshi(50_350)


@pytest.fixture
def view(client: RpcClient, ledger: RegtestLedger) -> NodeView:
    view = NodeView(client)
    port: LedgerView = view
    assert port.ready()
    return view


def test_a_view_without_a_node_is_not_ready_and_cannot_answer() -> None:
    view = NodeView(RpcClient(RpcEndpoint("127.0.0.1", free_port(), "u", "p")))
    assert not view.ready()
    with pytest.raises(LedgerUnavailable):
        view.coin(OutPoint("ab" * 32, 0))


def test_a_coin_is_seen_until_it_is_spent_in_the_mempool(
    view: NodeView, ledger: RegtestLedger, key: Key, stranger: bytes, spend: Spend, txid_of: Callable[[bytes], str]
) -> None:
    coin = ledger.fund(key.p2wpkh_script, VALUE)[0]
    status = view.coin(coin.outpoint)
    assert status is not None
    assert (status.value, status.script, status.confirmations) == (VALUE, key.p2wpkh_script, 1)
    raw = spend(coin, stranger)
    assert view.broadcast(raw) == Acceptance(allowed=True)
    assert view.coin(coin.outpoint) is None
    made = view.coin(OutPoint(txid_of(raw), 0))
    assert made is not None
    assert made.confirmations == 0
    assert view.coin(OutPoint("ab" * 32, 0)) is None


def test_a_good_transaction_is_accepted_and_not_sent_by_that(
    view: NodeView, ledger: RegtestLedger, key: Key, stranger: bytes, spend: Spend, txid_of: Callable[[bytes], str]
) -> None:
    raw = spend(ledger.fund(key.p2wpkh_script, VALUE)[0], stranger)
    assert view.accepts(raw) == Acceptance(allowed=True)
    assert ledger.transaction(txid_of(raw)) is None


def test_refusals_give_the_reason_in_the_same_words_for_asking_and_sending(
    view: NodeView, ledger: RegtestLedger, key: Key, stranger: bytes, spend: Spend
) -> None:
    coin, other = ledger.fund(key.p2wpkh_script, VALUE, outputs=2)
    good = spend(coin, stranger)
    forged = bytearray(good)
    forged[-40] ^= 1
    spent = spend(other, stranger, fee=3000)
    view.broadcast(spent)
    refused = {
        "min relay fee not met": spend(coin, stranger, fee=1),
        "dust": spend(coin, stranger, fee=VALUE - 200),
        "insufficient fee": spend(other, stranger, fee=500),
        "TX decode failed": b"\x01",
    }
    for reason, raw in refused.items():
        assert view.accepts(raw) == view.broadcast(raw) == Acceptance(allowed=False, reason=reason)
    broken = view.accepts(bytes(forged))
    assert not broken.allowed
    assert "script-verify-flag" not in broken.reason
    assert broken.reason
    ledger.mine()
    late = spend(other, key.p2wpkh_script)
    assert view.accepts(late).reason == view.broadcast(late).reason == "missing-inputs"


def test_sending_again_what_the_ledger_has_counts_as_allowed(
    view: NodeView, ledger: RegtestLedger, client: RpcClient, key: Key, stranger: bytes, spend: Spend
) -> None:
    coin = ledger.fund(key.p2wpkh_script, VALUE)[0]
    raw = spend(coin, key.p2wpkh_script)
    assert view.broadcast(raw).allowed
    assert view.broadcast(raw).allowed, "in the mempool"
    ledger.mine()
    assert view.broadcast(raw).allowed, "in a block"
    made = ledger.spending([coin.outpoint])[0]
    child = spend(type(coin)(OutPoint(made.txid, 0), Satoshi(VALUE - 500), key.p2wpkh_script), stranger)
    client.call("sendrawtransaction", child.hex())
    ledger.mine()
    assert view.broadcast(raw).allowed, "in a block, and its output is spent"


def test_a_conflict_is_found_in_the_mempool_and_in_blocks(
    view: NodeView, ledger: RegtestLedger, key: Key, stranger: bytes, spend: Spend, txid_of: Callable[[bytes], str]
) -> None:
    coin = ledger.fund(key.p2wpkh_script, VALUE)[0]
    payment, theft = spend(coin, stranger, fee=500), spend(coin, key.p2wpkh_script, fee=2500)
    assert view.conflict(payment) is None
    view.broadcast(payment)
    assert view.conflict(payment) is None, "a transaction is in no conflict with itself"
    assert view.conflict(theft) == txid_of(payment)
    view.broadcast(theft)
    assert view.conflict(payment) == txid_of(theft)
    ledger.mine(2)
    assert view.conflict(payment) == txid_of(theft)
    assert view.conflict(theft) is None
    assert NodeView(view._client).conflict(payment) == txid_of(theft), "also by a view that was not there then"


def test_coins_that_never_were_are_in_no_conflict(
    view: NodeView, ledger: RegtestLedger, key: Key, stranger: bytes, spend: Spend
) -> None:
    coin = ledger.fund(key.p2wpkh_script, VALUE)[0]
    unknown = type(coin)(OutPoint("ab" * 32, 0), VALUE, key.p2wpkh_script)
    assert view.conflict(spend(unknown, stranger)) is None
    with pytest.raises(ValueError, match="not a transaction"):
        view.conflict(b"\x01")


def test_without_a_transaction_index_conflicts_in_blocks_are_found_since_the_view_was_ready(
    make_node: MakeNode, key: Key, stranger: bytes, spend: Spend, txid_of: Callable[[bytes], str]
) -> None:
    with make_node("-txindex=0") as node:
        client = RpcClient(node.endpoint)
        ledger = RegtestLedger(client, seed=5, now=lambda: 0.0)
        ledger.prepare()
        view = NodeView(client)
        assert view.ready()
        coin = ledger.fund(key.p2wpkh_script, VALUE)[0]
        theft = spend(coin, key.p2wpkh_script)
        view.broadcast(theft)
        ledger.mine()
        found = view.conflict(spend(coin, stranger))
        client.close()
    assert found == txid_of(theft)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("missing-inputs", "missing-inputs"),
        ("bad-txns-inputs-missingorspent", "missing-inputs"),
        ("mandatory-script-verify-flag-failed (Non-canonical DER signature)", "Non-canonical DER signature"),
        ("mempool-script-verify-flag-failed (No CHECK(MULTI)SIG)", "No CHECK(MULTI)SIG"),
        ("insufficient fee, rejecting replacement ab; new feerate 1 <= old feerate 2", "insufficient fee"),
        ("min relay fee not met, 0 < 110", "min relay fee not met"),
        ("Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)", "max-fee-exceeded"),
    ],
)
def test_reasons_lose_what_changes_between_versions(said: str, reason: str) -> None:
    assert normalised(said) == reason

"""A server that lies on order: what each view makes of it. The table of docs/ledger-views.md, held to be true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from bitcoin.core import CTransaction, CTxOut
from bitcoin.core.script import CScript

from hil.chain.attacks.electrum_faults import (
    DroppedBroadcast,
    ForgedConfirmations,
    HiddenSpend,
    InventedTransaction,
    OtherChain,
    RefusedBroadcast,
    StaleTip,
    SwappedTransaction,
    Truth,
    WithheldHeaders,
    mine_headers,
)
from hil.chain.attacks.electrum_proxy import FaultyElectrumProxy
from hil.chain.client.rpc import LedgerUnavailable, RpcClient
from hil.chain.electrum.client import ElectrumClient, LedgerLied
from hil.chain.funding.blocks import EPOCH
from hil.chain.funding.regtest_ledger import RegtestLedger
from hil.chain.views.api import ApiView
from hil.chain.views.headers import HeaderChain, work_of
from hil.chain.views.proofs import parse, txid_of
from hil.chain.views.spv import SpvView
from hil.endpoints.ledger_checks import TEMPORARY_REJECTIONS
from hil.ports import Acceptance
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import Key
from hil.units import Satoshi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hil.chain.electrum.server import ElectrumServer
    from hil.tests.chain.conftest import Spend

VALUE = Satoshi(50_350)


@pytest.fixture
def liar(electrum: ElectrumServer) -> Iterator[FaultyElectrumProxy]:
    with FaultyElectrumProxy(electrum.endpoint) as server:
        yield server


@dataclass
class Views:
    """Both light views behind the liar, and the pieces of a session."""

    spv: SpvView
    api: ApiView
    coin: Coin
    height: int
    """Of the block of the coin, which is the tip."""

    def header(self, height: int) -> bytes:
        return self.spv.chain.header(height)


@pytest.fixture
def views(
    liar: FaultyElectrumProxy, ledger: RegtestLedger, client: RpcClient, key: Key, settled: Callable[[], None]
) -> Iterator[Views]:
    """Views that have seen the true chain, with a coin in its last block."""
    coin = ledger.fund(key.p2wpkh_script, VALUE)[0]
    settled()
    asking = ElectrumClient(liar.endpoint), ElectrumClient(liar.endpoint)
    spv, api = SpvView(asking[0], patience_s=0.1), ApiView(asking[1])
    assert spv.ready()
    assert api.ready()
    yield Views(spv, api, coin, int(client.call("getblockcount")))
    for one in asking:
        one.close()


@pytest.fixture
def paid(
    views: Views, spend: Spend, stranger: bytes, txid_of: Callable[[bytes], str], settled: Callable[[], None]
) -> OutPoint:
    """The output of an honest transaction in the mempool that spends the coin."""
    raw = spend(views.coin, stranger)
    assert views.spv.broadcast(raw).allowed
    settled()
    return OutPoint(txid_of(raw), 0)


def test_the_proxy_that_does_not_lie_changes_nothing(views: Views) -> None:
    assert (views.spv.coin(views.coin.outpoint)) == (views.api.coin(views.coin.outpoint)) is not None


@pytest.mark.parametrize(
    ("proof", "words"), [(False, "has no proof"), (True, "does not lead to the Merkle root|position")]
)
def test_forged_confirmations_fool_the_api_and_are_noticed_by_spv(
    views: Views, liar: FaultyElectrumProxy, paid: OutPoint, proof: bool, words: str
) -> None:
    liar.fault = ForgedConfirmations(6, proof=proof)
    assert (fooled := views.api.coin(paid)) is not None
    assert fooled.confirmations == 6
    with pytest.raises(LedgerLied, match=words):
        views.spv.coin(paid)


def test_a_spend_hidden_carelessly_fools_the_api_and_is_noticed_by_spv(
    views: Views, liar: FaultyElectrumProxy, paid: OutPoint
) -> None:
    liar.fault = HiddenSpend(views.coin, paid.txid, views.height, careless=True)
    assert views.api.coin(views.coin.outpoint) is not None
    assert views.spv.coin(views.coin.outpoint) is None


def test_a_spend_hidden_with_care_is_noticed_by_nobody(
    views: Views, liar: FaultyElectrumProxy, paid: OutPoint, spend: Spend
) -> None:
    liar.fault = HiddenSpend(views.coin, paid.txid, views.height)
    theft = spend(views.coin, views.coin.script, fee=400)
    for view in (views.api, views.spv):
        assert view.coin(views.coin.outpoint) is not None
        assert view.conflict(theft) is None
        assert view.accepts(theft).allowed
    assert views.spv.broadcast(theft).reason == "insufficient fee", "only sending shows it, if the server sends"


def test_withheld_headers_are_noticed_by_spv_only(
    views: Views, liar: FaultyElectrumProxy, ledger: RegtestLedger, settled: Callable[[], None]
) -> None:
    ledger.mine()
    settled()
    liar.fault = WithheldHeaders()
    with pytest.raises(LedgerLied, match="withholds them"):
        views.spv.ready()
    assert views.api.ready()
    liar.fault = Truth()
    assert views.spv.ready()


def test_a_stale_tip_is_noticed_by_an_spv_view_that_knew_better(views: Views, liar: FaultyElectrumProxy) -> None:
    liar.fault = StaleTip(views.height - 3)
    assert not views.spv.ready()
    with pytest.raises(LedgerUnavailable, match="is behind, or withholds"):
        views.spv.coin(views.coin.outpoint)
    assert (shown := views.api.coin(views.coin.outpoint)) is not None
    assert shown.confirmations == 0


def test_a_stale_tip_is_noticed_on_a_cold_start_by_carelessness_or_age_only(
    views: Views, liar: FaultyElectrumProxy
) -> None:
    client = ElectrumClient(liar.endpoint)
    liar.fault = StaleTip(views.height - 3)
    fooled = SpvView(client, patience_s=0.1)
    assert fooled.ready()
    assert (shown := fooled.coin(views.coin.outpoint)) is not None
    assert shown.confirmations == 0, "too few confirmations lose no money"
    liar.fault = StaleTip(views.height - 3, careless=True)
    with pytest.raises(LedgerLied, match="announces a chain that ends at"):
        fooled.coin(views.coin.outpoint)
    with_clock = SpvView(client, unix_time=lambda: EPOCH + 30 * 86_400.0, most_tip_age_s=7200)
    with pytest.raises(LedgerUnavailable, match=r"its newest block is .* s old"):
        with_clock.ready()
    client.close()


def test_a_chain_of_less_work_fools_the_api_and_is_noticed_by_spv(views: Views, liar: FaultyElectrumProxy) -> None:
    fork = views.height - 3
    liar.fault = OtherChain(fork, mine_headers(views.header(fork - 1), 2))
    with pytest.raises(LedgerLied, match="less work"):
        views.spv.ready()
    assert views.api.ready()
    client = ElectrumClient(liar.endpoint)
    floor = (views.height + 1) * work_of(views.spv.chain.network.limit_bits)
    with pytest.raises(LedgerLied, match="the true one has"):
        SpvView(client, minimum_work=floor).ready()
    assert SpvView(client).ready(), "a cold start without a floor knows no other chain"
    client.close()


def test_a_branch_of_the_same_work_is_not_believed_before_the_next_block(
    views: Views, liar: FaultyElectrumProxy
) -> None:
    fork = views.height - 1
    liar.fault = OtherChain(fork, mine_headers(views.header(fork - 1), 2))
    assert not views.spv.ready()
    with pytest.raises(LedgerUnavailable, match="the same work"):
        views.spv.coin(views.coin.outpoint)


def test_a_chain_without_proof_of_work_is_noticed_by_spv(views: Views, liar: FaultyElectrumProxy) -> None:
    true_chain = [views.header(height) for height in range(views.height + 1)]
    liar.fault = OtherChain(views.height + 1, mine_headers(views.header(views.height), 5, work=False))
    with pytest.raises(LedgerLied, match="lacks its proof of work"):
        views.spv.ready()
    assert [views.header(height) for height in range(views.spv.chain.height + 1)] == true_chain, "nothing was taken"
    assert views.api.ready()


def test_a_chain_of_more_work_fools_everybody_and_that_is_what_work_is_for(
    views: Views, liar: FaultyElectrumProxy, spend: Spend, stranger: bytes
) -> None:
    forged = spend(Coin(OutPoint("cd" * 32, 0), VALUE, views.coin.script), stranger)
    headers = mine_headers(views.header(views.height), 6, root=parse(forged).GetTxid())
    liar.fault = OtherChain(views.height + 1, headers, forged)
    outpoint = OutPoint(txid_of(parse(forged)), 0)
    for view in (views.spv, views.api):
        assert (status := view.coin(outpoint)) is not None
        assert status.confirmations == 6
    liar.fault = Truth()
    assert not views.spv.ready(), "and back on the true chain it asks for more work again"


def test_a_broadcast_dropped_carelessly_fools_the_api_and_is_noticed_by_spv(
    views: Views, liar: FaultyElectrumProxy, spend: Spend, stranger: bytes
) -> None:
    raw = spend(views.coin, stranger)
    liar.fault = DroppedBroadcast(careless=True)
    assert views.api.broadcast(raw).allowed
    with pytest.raises(LedgerLied, match="does not have it"):
        views.spv.broadcast(raw)


@pytest.mark.parametrize("reason", sorted(TEMPORARY_REJECTIONS))
def test_a_reason_that_passes_arrives_in_the_words_of_a_node(
    views: Views, liar: FaultyElectrumProxy, spend: Spend, stranger: bytes, reason: str
) -> None:
    raw = spend(views.coin, stranger)
    liar.fault = RefusedBroadcast(reason)
    for view in (views.api, views.spv):
        assert view.broadcast(raw) == Acceptance(allowed=False, reason=reason)
    liar.fault = Truth()
    assert views.api.broadcast(raw).allowed


def test_a_broadcast_dropped_with_care_is_noticed_by_nobody_at_once(
    views: Views, liar: FaultyElectrumProxy, client: RpcClient, spend: Spend, stranger: bytes
) -> None:
    raw = spend(views.coin, stranger)
    liar.fault = DroppedBroadcast()
    assert views.api.broadcast(raw).allowed
    assert views.spv.broadcast(raw).allowed
    assert txid_of(parse(raw)) not in client.call("getrawmempool")
    assert views.spv.coin(OutPoint(txid_of(parse(raw)), 0)) is None, "it never shows among the confirmed"


def test_an_invented_theft_stops_a_sale_by_api_and_is_noticed_by_spv(
    views: Views, liar: FaultyElectrumProxy, spend: Spend, stranger: bytes
) -> None:
    payment = spend(views.coin, stranger)
    invented = bytearray(spend(views.coin, views.coin.script, fee=900))
    invented[-60] ^= 1
    liar.fault = InventedTransaction(bytes(invented), views.coin.script)
    assert views.api.conflict(payment) == txid_of(parse(bytes(invented)))
    with pytest.raises(LedgerLied, match="not signed by the owner"):
        views.spv.conflict(payment)


def test_another_amount_fools_the_api_and_is_noticed_by_spv(
    views: Views, liar: FaultyElectrumProxy, client: RpcClient, key: Key
) -> None:
    txid = views.coin.outpoint.txid
    true = CTransaction.deserialize(bytes.fromhex(client.call("getrawtransaction", txid)))
    richer = [CTxOut(100 * one.nValue, CScript(bytes(one.scriptPubKey))) for one in true.vout]
    liar.fault = SwappedTransaction(txid, CTransaction(true.vin, richer, true.nLockTime, true.nVersion).serialize())
    assert (fooled := views.api.coin(views.coin.outpoint)) is not None
    assert fooled.value == 100 * VALUE
    with pytest.raises(LedgerLied, match=f"as {txid}"):
        views.spv.coin(views.coin.outpoint)


def test_a_view_whose_connections_are_cut_goes_on_by_itself(views: Views, liar: FaultyElectrumProxy) -> None:
    before = views.spv.coin(views.coin.outpoint)
    liar.hang_up()
    assert views.spv.coin(views.coin.outpoint) == before
    assert views.spv.client.connections == 2


def test_a_view_catches_up_after_its_server_was_away(
    views: Views,
    liar: FaultyElectrumProxy,
    electrum: ElectrumServer,
    ledger: RegtestLedger,
    settled: Callable[[], None],
) -> None:
    endpoint = liar.endpoint
    liar.stop()
    assert not views.spv.ready()
    with pytest.raises(LedgerUnavailable, match="refused the connection"):
        views.spv.coin(views.coin.outpoint)
    ledger.mine(3)
    settled()
    views.spv.client.endpoint = electrum.endpoint
    assert endpoint != electrum.endpoint
    assert views.spv.ready()
    assert (status := views.spv.coin(views.coin.outpoint)) is not None
    assert status.confirmations == 4
    assert isinstance(views.spv.chain, HeaderChain)

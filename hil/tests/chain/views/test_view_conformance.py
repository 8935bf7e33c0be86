"""One suite for all views of the ledger, on a real node and a real Electrum server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bitcoin.core import COutPoint, CTransaction, CTxIn, CTxOut, lx
from bitcoin.core.script import CScript

from hil.chain.client.rpc import LedgerUnavailable, RpcClient
from hil.chain.funding.regtest_ledger import RegtestLedger
from hil.chain.node.base import free_port
from hil.chain.views.factory import KINDS, open_view
from hil.errors import ConfigurationError
from hil.ports import Acceptance
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import Key, sign_transaction
from hil.units import Satoshi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hil.chain.electrum.server import ElectrumServer
    from hil.ports import LedgerView
    from hil.tests.chain.conftest import AnyNode, Spend

VALUE = Satoshi(50_350)
NOWHERE = OutPoint("ab" * 32, 0)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def view(
    kind: str, node: AnyNode, electrum: ElectrumServer, ledger: RegtestLedger, settled: Callable[[], None]
) -> Iterator[LedgerView]:
    if kind == "node":
        end = node.endpoint
        opened = open_view(kind, end.host, end.port, user=end.user, password=end.password)
    else:
        opened = open_view(kind, electrum.endpoint.host, electrum.endpoint.port)
    settled()
    assert opened.view.ready()
    yield opened.view
    opened.close()


@pytest.fixture
def fund(ledger: RegtestLedger, key: Key, settled: Callable[[], None]) -> Callable[[], Coin]:
    """Pay a confirmed coin to the key and wait until everybody can see it."""

    def fund() -> Coin:
        coin = ledger.fund(key.p2wpkh_script, VALUE)[0]
        settled()
        return coin

    return fund


def test_a_coin_is_seen_as_it_is(
    view: LedgerView, ledger: RegtestLedger, key: Key, fund: Callable[[], Coin], settled: Callable[[], None]
) -> None:
    coin = fund()
    status = view.coin(coin.outpoint)
    assert status is not None
    assert (status.value, status.script, status.confirmations) == (VALUE, key.p2wpkh_script, 1)
    ledger.mine(2)
    settled()
    assert (later := view.coin(coin.outpoint)) is not None
    assert later.confirmations == 3
    assert view.coin(OutPoint(coin.outpoint.txid, 7)) is None
    assert view.coin(NOWHERE) is None


def test_a_coin_is_gone_when_it_is_spent_in_the_mempool_and_what_it_made_is_unconfirmed(
    view: LedgerView,
    ledger: RegtestLedger,
    stranger: bytes,
    spend: Spend,
    txid_of: Callable[[bytes], str],
    fund: Callable[[], Coin],
    settled: Callable[[], None],
) -> None:
    coin = fund()
    raw = spend(coin, stranger)
    assert view.broadcast(raw) == Acceptance(allowed=True)
    settled()
    assert view.coin(coin.outpoint) is None
    made = view.coin(OutPoint(txid_of(raw), 0))
    assert made is not None
    assert (made.confirmations, made.script) == (0, stranger)
    ledger.mine()
    settled()
    assert view.coin(coin.outpoint) is None
    assert (confirmed := view.coin(OutPoint(txid_of(raw), 0))) is not None
    assert confirmed.confirmations == 1


def test_a_coin_whose_block_is_reorganised_away_is_unconfirmed_again(
    view: LedgerView, ledger: RegtestLedger, client: RpcClient, fund: Callable[[], Coin], settled: Callable[[], None]
) -> None:
    coin = fund()
    assert (before := view.coin(coin.outpoint)) is not None
    client.call("invalidateblock", client.call("getbestblockhash"))
    for block in range(2):
        client.call("generateblock", f"raw(0014{block:040x})", [])
    settled()
    assert (after := view.coin(coin.outpoint)) is not None
    assert (before.confirmations, after.confirmations) == (1, 0)
    ledger.begin()
    ledger.mine()
    settled()
    assert (again := view.coin(coin.outpoint)) is not None
    assert again.confirmations == 1


def test_a_good_transaction_is_accepted_and_not_sent_by_that(
    view: LedgerView,
    ledger: RegtestLedger,
    stranger: bytes,
    spend: Spend,
    txid_of: Callable[[bytes], str],
    fund: Callable[[], Coin],
) -> None:
    raw = spend(fund(), stranger)
    assert view.accepts(raw) == Acceptance(allowed=True)
    assert ledger.transaction(txid_of(raw)) is None


def test_all_views_give_the_same_reasons(
    view: LedgerView, key: Key, stranger: bytes, spend: Spend, fund: Callable[[], Coin]
) -> None:
    coin = fund()
    unknown = Coin(NOWHERE, VALUE, key.p2wpkh_script)
    refused = {
        "min relay fee not met": spend(coin, stranger, fee=1),
        "dust": spend(coin, stranger, fee=VALUE - 200),
        "missing-inputs": spend(unknown, stranger),
        "bad-txns-in-belowout": spend(Coin(coin.outpoint, Satoshi(VALUE + 1000), coin.script), stranger),
        "TX decode failed": b"\x01",
        "version": _variant(coin, key, version=77),
        "non-final": _variant(coin, key, locktime=2_000_000_000, sequence=0),
        "non-BIP68-final": _variant(coin, key, sequence=40),
        "scriptpubkey": _variant(coin, key, script=b"\x51\x87"),
    }
    assert {reason: view.accepts(raw).reason for reason, raw in refused.items()} == {one: one for one in refused}


def test_a_forged_signature_is_refused(
    view: LedgerView, stranger: bytes, spend: Spend, fund: Callable[[], Coin]
) -> None:
    forged = bytearray(spend(fund(), stranger))
    forged[-60] ^= 1
    answer = view.accepts(bytes(forged))
    assert not answer.allowed
    assert answer.reason


def test_what_the_ledger_refuses_is_told_in_the_nodes_words(
    view: LedgerView, stranger: bytes, spend: Spend, fund: Callable[[], Coin], settled: Callable[[], None]
) -> None:
    coin, other = fund(), fund()
    assert view.broadcast(spend(other, stranger, fee=3000)).allowed
    settled()
    refused = {
        "min relay fee not met": spend(coin, stranger, fee=1),
        "dust": spend(coin, stranger, fee=VALUE - 200),
        "insufficient fee": spend(other, stranger, fee=500),
        "TX decode failed": b"\x01",
    }
    assert {reason: view.broadcast(raw).reason for reason, raw in refused.items()} == {one: one for one in refused}


def test_what_the_ledger_has_already_counts_as_sent_and_is_not_accepted_again(
    view: LedgerView,
    ledger: RegtestLedger,
    key: Key,
    stranger: bytes,
    spend: Spend,
    txid_of: Callable[[bytes], str],
    fund: Callable[[], Coin],
    settled: Callable[[], None],
) -> None:
    raw = spend(fund(), key.p2wpkh_script)
    assert view.broadcast(raw).allowed
    settled()
    assert view.broadcast(raw).allowed, "in the mempool"
    assert view.accepts(raw).reason == "txn-already-in-mempool"
    ledger.mine()
    settled()
    assert view.broadcast(raw).allowed, "in a block"
    assert view.accepts(raw).reason == "txn-already-known"
    child = spend(Coin(OutPoint(txid_of(raw), 0), Satoshi(VALUE - 500), key.p2wpkh_script), stranger)
    assert view.broadcast(child).allowed
    ledger.mine()
    settled()
    assert view.broadcast(raw).allowed, "in a block, and its output is spent"


def test_a_conflict_is_found_in_the_mempool_and_in_blocks(
    view: LedgerView,
    ledger: RegtestLedger,
    key: Key,
    stranger: bytes,
    spend: Spend,
    txid_of: Callable[[bytes], str],
    fund: Callable[[], Coin],
    settled: Callable[[], None],
) -> None:
    coin = fund()
    payment, theft = spend(coin, stranger, fee=500), spend(coin, key.p2wpkh_script, fee=2500)
    assert view.conflict(payment) is None
    view.broadcast(payment)
    settled()
    assert view.conflict(payment) is None, "a transaction is in no conflict with itself"
    assert view.conflict(theft) == txid_of(payment)
    view.broadcast(theft)
    settled()
    assert view.conflict(payment) == txid_of(theft)
    ledger.mine(2)
    settled()
    assert view.conflict(payment) == txid_of(theft)
    assert view.conflict(theft) is None


def test_coins_that_never_were_are_in_no_conflict(view: LedgerView, key: Key, stranger: bytes, spend: Spend) -> None:
    assert view.conflict(spend(Coin(NOWHERE, VALUE, key.p2wpkh_script), stranger)) is None
    with pytest.raises(ValueError, match="not a transaction"):
        view.conflict(b"\x01")


@pytest.mark.parametrize("kind", KINDS)
def test_a_view_without_its_server_is_not_ready_and_cannot_answer(kind: str) -> None:
    with open_view(kind, "127.0.0.1", free_port(), user="u", password="p") as view:
        assert not view.ready()
        for ask in (lambda: view.coin(NOWHERE), lambda: view.broadcast(bytes.fromhex(_NOTHING_SPENT))):
            with pytest.raises(LedgerUnavailable, match="refused the connection"):
                ask()


def test_an_unknown_kind_is_told_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="known: api, node, spv"):
        open_view("svp", "127.0.0.1", 1)


def _variant(
    coin: Coin, key: Key, *, version: int = 2, locktime: int = 0, sequence: int = 0xFFFFFFFF, script: bytes = b""
) -> bytes:
    txin = CTxIn(COutPoint(lx(coin.outpoint.txid), coin.outpoint.index), nSequence=sequence)
    output = CTxOut(coin.value - 500, CScript(script or key.p2wpkh_script))
    unsigned = CTransaction([txin], [output], locktime, version)
    raw: bytes = sign_transaction(unsigned, [coin], {key.p2wpkh_script: key}).serialize()
    return raw


_NOTHING_SPENT = CTransaction([CTxIn(COutPoint(lx(NOWHERE.txid), 0))], [CTxOut(1000, CScript())]).serialize().hex()

"""The bench's bank, miner and witness on real nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.chain.client.rpc import RpcClient, RpcError, to_satoshi
from hil.chain.funding.blocks import EPOCH
from hil.chain.funding.regtest_ledger import PREMINED, RegtestLedger
from hil.errors import AuthorError, RigFault
from hil.protocol.payment.coins import OutPoint
from hil.protocol.payment.signing import Key
from hil.units import Satoshi

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.ports import Ledger
    from hil.tests.chain.conftest import BenchTime, MakeNode, Spend

VALUE = Satoshi(50_350)


def test_it_is_a_ledger(ledger: RegtestLedger) -> None:
    port: Ledger = ledger
    assert port is ledger


def test_a_funded_coin_is_confirmed_and_worth_what_was_asked(
    ledger: RegtestLedger, client: RpcClient, key: Key
) -> None:
    coins = ledger.fund(key.p2wpkh_script, VALUE, outputs=3)
    assert [coin.outpoint.index for coin in coins] == [0, 1, 2]
    for coin in coins:
        output = client.call("gettxout", coin.outpoint.txid, coin.outpoint.index)
        assert to_satoshi(output["value"]) == coin.value == VALUE
        assert bytes.fromhex(output["scriptPubKey"]["hex"]) == coin.script == key.p2wpkh_script
        assert output["confirmations"] == 1


def test_two_fresh_nodes_with_one_seed_have_the_same_chain(make_node: MakeNode, key: Key) -> None:
    def run() -> tuple[object, list[str]]:
        with make_node() as node:
            client = RpcClient(node.endpoint)
            ledger = RegtestLedger(client, seed=4711, now=lambda: 12.5)
            ledger.prepare()
            txids = [ledger.fund(key.p2wpkh_script, VALUE, outputs=2)[0].outpoint.txid for _ in range(3)]
            ledger.mine(2)
            tip = client.call("getbestblockhash")
            client.close()
            return tip, txids

    assert run() == run()


def test_the_first_funding_transaction_of_a_seed_is_the_same_on_every_provider(make_node: MakeNode) -> None:
    with make_node() as node:
        client = RpcClient(node.endpoint)
        ledger = RegtestLedger(client, seed=7, now=lambda: 0.0)
        ledger.prepare()
        assert client.call("getblockcount") == PREMINED
        coin = ledger.fund(Key(b"\1" * 32).p2wpkh_script, Satoshi(100_000))[0]
        client.close()
    assert coin.outpoint.txid == "aec46ac2e239c18bdbaf8c035c840c367a0e90649f6ab29abcc4e70b06c6fc94"


def test_more_money_than_is_mature_makes_the_bank_mine(ledger: RegtestLedger, key: Key) -> None:
    coin = ledger.fund(key.p2wpkh_script, Satoshi(120 * 100_000_000))[0]
    assert coin.value == 120 * 100_000_000


@pytest.mark.parametrize(("value", "outputs"), [(293, 1), (-1, 1), (10_000, 0), (10_000, 2001)])
def test_an_impossible_amount_is_the_authors_error(ledger: RegtestLedger, key: Key, value: int, outputs: int) -> None:
    with pytest.raises(AuthorError, match=r"dust|coins at once"):
        ledger.fund(key.p2wpkh_script, Satoshi(value), outputs=outputs)


def test_a_refused_funding_leaves_the_bank_able_to_pay(ledger: RegtestLedger, key: Key) -> None:
    with pytest.raises(RpcError, match="scriptpubkey"):
        ledger.fund(b"\x51\x52\x53", VALUE)
    assert ledger.fund(key.p2wpkh_script, VALUE)[0].value == VALUE


def test_each_mined_block_pays_another_script_and_has_the_benchs_time(
    ledger: RegtestLedger, client: RpcClient, bench_time: BenchTime
) -> None:
    height = client.call("getblockcount")
    before = client.call("getblockheader", client.call("getbestblockhash"))["time"]
    bench_time.seconds += 5000
    ledger.mine(3)
    blocks = [client.call("getblock", client.call("getblockhash", height + one), 2) for one in (1, 2, 3)]
    assert len({block["tx"][0]["vout"][0]["scriptPubKey"]["hex"] for block in blocks}) == 3
    assert before + 4999 <= blocks[0]["time"] <= before + 5001
    assert blocks[0]["time"] >= EPOCH


def test_the_chains_time_goes_on_when_the_bench_starts_again_at_zero(
    ledger: RegtestLedger, client: RpcClient, bench_time: BenchTime
) -> None:
    bench_time.seconds += 100
    ledger.mine()
    before = client.call("getblockheader", client.call("getbestblockhash"))["time"]
    bench_time.seconds = 0
    ledger.begin()
    bench_time.seconds = 20
    ledger.mine()
    assert client.call("getblockheader", client.call("getbestblockhash"))["time"] == before + 20


def test_spending_transactions_are_found_in_mempool_and_blocks_with_their_fee(
    ledger: RegtestLedger, client: RpcClient, key: Key, stranger: bytes, spend: Spend, txid_of: Callable[[bytes], str]
) -> None:
    first, second, third = ledger.fund(key.p2wpkh_script, VALUE, outputs=3)
    assert ledger.spending([first.outpoint, second.outpoint]) == []
    one, two = spend(first, stranger, fee=1000), spend(second, stranger, fee=2000)
    client.call("sendrawtransaction", one.hex())
    ledger.mine(2)
    client.call("sendrawtransaction", two.hex())
    found = ledger.spending([second.outpoint, first.outpoint, third.outpoint])
    assert [(item.txid, item.raw, item.fee, item.confirmations) for item in found] == [
        (txid_of(one), one, 1000, 2),
        (txid_of(two), two, 2000, 0),
    ]
    assert ledger.spending([]) == []
    ledger.mine()


def test_a_transaction_is_found_wherever_it_is_since_the_scenario_began(
    ledger: RegtestLedger, client: RpcClient, key: Key, stranger: bytes, spend: Spend, txid_of: Callable[[bytes], str]
) -> None:
    coin = ledger.fund(key.p2wpkh_script, VALUE)[0]
    raw = spend(coin, stranger)
    assert ledger.transaction(txid_of(raw)) is None
    client.call("sendrawtransaction", raw.hex())
    waiting = ledger.transaction(txid_of(raw))
    assert waiting is not None
    assert (waiting.raw, waiting.fee, waiting.confirmations) == (raw, 500, 0)
    ledger.mine(2)
    confirmed = ledger.transaction(txid_of(raw))
    assert confirmed is not None
    assert (confirmed.fee, confirmed.confirmations) == (500, 2)
    ledger.begin()
    assert ledger.transaction(txid_of(raw)) is None
    assert ledger.spending([coin.outpoint]) == []


def test_a_reorganisation_is_seen(
    make_node: MakeNode, key: Key, stranger: bytes, spend: Spend, txid_of: Callable[[bytes], str]
) -> None:
    with make_node() as node:
        client = RpcClient(node.endpoint)
        ledger = RegtestLedger(client, seed=3, now=lambda: 0.0)
        ledger.prepare()
        raw = spend(ledger.fund(key.p2wpkh_script, VALUE)[0], stranger)
        client.call("sendrawtransaction", raw.hex())
        ledger.mine()
        confirmed = ledger.transaction(txid_of(raw))
        client.call("invalidateblock", client.call("getbestblockhash"))
        back = ledger.transaction(txid_of(raw))
        client.close()
    assert confirmed is not None
    assert back is not None
    assert (confirmed.confirmations, back.confirmations) == (1, 0)


def test_a_used_chain_is_taken_over(ledger: RegtestLedger, client: RpcClient, key: Key) -> None:
    def pay(seed: int) -> int:
        another = RegtestLedger(client, seed=seed, now=lambda: 0.0)
        height = int(client.call("getblockcount"))
        another.prepare()
        coin = another.fund(key.p2wpkh_script, VALUE)[0]
        assert client.call("gettxout", coin.outpoint.txid, 0)["confirmations"] == 1
        return int(client.call("getblockcount")) - height

    assert pay(seed=11) > PREMINED
    assert pay(seed=11) == 2, "the money of the same seed is found, not mined again"


def test_a_scenario_is_paid_with_the_same_coin_on_every_fresh_chain_and_with_another_on_a_used_one(
    make_node: MakeNode, key: Key
) -> None:
    def pay(client: RpcClient) -> OutPoint:
        ledger = RegtestLedger(client, seed=11, now=lambda: 0.0)
        ledger.prepare()
        ledger.serve("a slice of bread")
        return ledger.fund(key.p2wpkh_script, VALUE)[0].outpoint

    fresh = []
    for runs in (1, 4):
        with make_node() as node:
            client = RpcClient(node.endpoint)
            paid = [pay(client) for _ in range(runs)]
            client.close()
        assert len(set(paid)) == runs
        fresh.append(paid[0])
    assert fresh[0] == fresh[1]


def test_an_unknown_outpoint_is_spent_by_nobody(ledger: RegtestLedger) -> None:
    assert ledger.spending([OutPoint("ab" * 32, 0)]) == []


def test_a_node_whose_best_block_is_not_the_one_that_it_mined_does_not_follow(
    ledger: RegtestLedger, client: RpcClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node, or something before it, that answers from memory."""
    batch, old = RpcClient.batch, client.call("getbestblockhash")
    monkeypatch.setattr(RpcClient, "batch", lambda self, calls: [*batch(self, calls)[:-1], old])
    with pytest.raises(RigFault, match=rf"its best block is still {old}"):
        ledger.mine()

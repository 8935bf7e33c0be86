"""The adversary kit on real nodes: what each attack does, and what the node and its watcher say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.chain.attacks.blocks import confirmations
from hil.chain.attacks.mempool import SMALL_MEMPOOL, FeePressure, fee_floor
from hil.chain.attacks.spends import DUST, LONGEST_CHAIN, spend, txid_of
from hil.chain.client.rpc import RpcError
from hil.errors import AuthorError
from hil.ports import Acceptance
from hil.tests.chain.adversary_bench import CABLE, KEYS, SEED, SOCKET_SCRIPT, AdversaryBench
from hil.units import Satoshi

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def one_bench(provider: str) -> Iterator[AdversaryBench]:
    with AdversaryBench(provider) as started:
        yield started


@pytest.fixture
def bench(one_bench: AdversaryBench) -> AdversaryBench:
    """The bench with an empty mempool."""
    one_bench.ledger.mine()
    one_bench.ledger.begin()
    return one_bench


def test_a_rival_sent_first_keeps_the_payment_out(bench: AdversaryBench) -> None:
    paid = bench.payment(sent=False)
    rival = bench.adversary.double_spend(paid.raw, [paid.coin])
    assert bench.view.broadcast(paid.raw).reason == "insufficient fee"
    assert bench.view.conflict(paid.raw) == rival
    assert bench.changes() == "A"


def test_a_rival_with_more_fee_replaces_a_payment_that_signals_nothing(bench: AdversaryBench) -> None:
    paid = bench.payment()
    rival = bench.adversary.double_spend(paid.raw, [paid.coin])
    assert bench.view.conflict(paid.raw) == rival
    alarm, added = bench.watcher.catch_up()
    assert (alarm.change.value, alarm.hash) == ("R", paid.txid)
    assert (added.change.value, added.hash) == ("A", rival)


def test_a_rival_with_too_little_fee_is_refused_and_the_payment_stands(bench: AdversaryBench) -> None:
    paid = bench.payment()
    with pytest.raises(RpcError, match="insufficient fee"):
        bench.adversary.double_spend(paid.raw, [paid.coin], fee=1_411)
    assert bench.view.conflict(paid.raw) is None
    assert bench.changes() == ""


def test_a_replacement_that_pays_one_satoshi_less_is_a_conflict(bench: AdversaryBench) -> None:
    paid = bench.payment()
    outputs = [(SOCKET_SCRIPT, 9_999), (CABLE.p2wpkh_script, 40_000)]
    assert bench.adversary.replace(paid.raw, [paid.coin], outputs) == bench.view.conflict(paid.raw)


def test_the_same_seed_makes_the_same_rival(bench: AdversaryBench) -> None:
    paid = bench.payment(sent=False)
    rivals = {bench.adversary.rival(paid.raw, [paid.coin], fee=5_000) for _ in range(2)}
    assert len(rivals) == 1
    with pytest.raises(AuthorError, match="leaves nothing"):
        bench.adversary.rival(paid.raw, [paid.coin], fee=60_000 - DUST + 1)


def test_of_a_long_chain_the_node_takes_25_and_refuses_the_26th(bench: AdversaryBench) -> None:
    first, second = bench.ledger.fund(CABLE.p2wpkh_script, Satoshi(60_000), outputs=2)
    txids = bench.adversary.long_chain(first)
    assert len(set(txids)) == LONGEST_CHAIN
    with pytest.raises(RpcError, match="too-long-mempool-chain"):
        bench.adversary.long_chain(second, LONGEST_CHAIN + 1)


def test_a_pinned_payment_cannot_be_replaced_for_what_it_is_worth(bench: AdversaryBench) -> None:
    (own,) = bench.ledger.fund(bench.adversary.script, Satoshi(1_200_000))
    paid = bench.payment()
    pin = bench.adversary.pin(paid.raw, paid.change, own)
    assert 85_000 < bench.client.call("getmempoolentry", pin)["vsize"] <= 90_000
    with pytest.raises(RpcError, match="insufficient fee"):
        bench.adversary.double_spend(paid.raw, [paid.coin], fee=40_000)
    with pytest.raises(AuthorError, match="leaves nothing"):
        bench.adversary.double_spend(paid.raw, [paid.coin])
    bench.ledger.mine()
    assert confirmations(bench.client, paid.raw) == 1, "it confirms all the same"


def test_a_colluding_miner_confirms_a_rival_that_no_mempool_would_take(bench: AdversaryBench) -> None:
    paid = bench.payment()
    free = bench.adversary.rival(paid.raw, [paid.coin], fee=0)
    assert not bench.view.accepts(free).allowed
    bench.miner.mine([free])
    assert bench.view.conflict(paid.raw) == txid_of(free)
    assert bench.changes() == "RC"
    assert confirmations(bench.client, paid.raw) is None
    nobody = spend([paid.coin], KEYS, [(SOCKET_SCRIPT, 1)])
    with pytest.raises(RpcError, match=r"missingorspent|missing-inputs"):
        bench.miner.mine([nobody])


def test_a_censored_payment_stays_unconfirmed_while_others_confirm(bench: AdversaryBench) -> None:
    other, paid = bench.payment(sent=False), bench.payment()
    bench.view.broadcast(other.raw)
    bench.miner.censor(paid.txid, 2)
    assert confirmations(bench.client, paid.raw) == 0
    assert confirmations(bench.client, other.raw) == 2


@pytest.mark.parametrize("depth", [1, 2, 6])
def test_a_reorganisation_takes_the_confirmations_away(bench: AdversaryBench, depth: int) -> None:
    paid = bench.payment()
    bench.ledger.mine(depth)
    bench.watcher.catch_up()
    assert confirmations(bench.client, paid.raw) == depth
    bench.miner.reorganise(depth)
    assert confirmations(bench.client, paid.raw) == 0
    assert bench.changes() == "D" * depth + "A" + "C" * (depth + 1)


def test_a_reorganisation_with_a_rival_takes_the_payment_away_for_good(bench: AdversaryBench) -> None:
    paid = bench.payment()
    bench.ledger.mine()
    bench.watcher.catch_up()
    rival = bench.adversary.rival(paid.raw, [paid.coin], fee=0)
    bench.miner.reorganise(1, [rival])
    assert bench.view.conflict(paid.raw) == txid_of(rival)
    # the transaction index still names the block that was left behind
    assert bench.view.broadcast(paid.raw) == Acceptance(allowed=False, reason="missing-inputs")
    letters = bench.changes()
    assert letters.count("R") == 1
    assert letters.startswith("D")


def test_a_reorganisation_deeper_than_the_chain_is_the_authors_mistake(bench: AdversaryBench) -> None:
    with pytest.raises(AuthorError, match="depth 0"):
        bench.miner.reorganise(0)


def test_fee_pressure_evicts_a_payment_until_the_floor_has_fallen(provider: str) -> None:
    with AdversaryBench(provider, *SMALL_MEMPOOL) as bench:
        pressure = FeePressure(bench.client, bench.ledger, SEED)
        paid = bench.payment()
        assert fee_floor(bench.client) == 1
        assert 10 < pressure.evict(paid.txid, 20) < 40
        assert paid.txid in {one.hash for one in bench.watcher.catch_up() if one.change.value == "R"}
        assert bench.watcher.resynchronised == 0
        assert fee_floor(bench.client) > 10
        assert bench.view.broadcast(paid.raw).reason == "mempool min fee not met"
        with pytest.raises(RpcError, match="mempool min fee not met"):
            pressure.push(5)
        bench.ledger.mine(5)
        bench.time += 2 * 86_400
        bench.ledger.follow_time()
        assert fee_floor(bench.client) <= 2
        assert bench.view.broadcast(paid.raw).allowed


def test_the_fee_market_moves_in_mid_session(provider: str) -> None:
    with AdversaryBench(provider, *SMALL_MEMPOOL) as bench:
        pressure = FeePressure(bench.client, bench.ledger, SEED, most_rate=30)
        (coin,) = bench.ledger.fund(CABLE.p2wpkh_script, Satoshi(60_000))
        assert bench.view.accepts(spend([coin], KEYS, [(SOCKET_SCRIPT, 59_000)])).allowed
        assert pressure.raise_floor(30) >= 30
        with pytest.raises(AuthorError, match="at most 30"):
            pressure.push(31)
        assert not bench.view.accepts(spend([coin], KEYS, [(SOCKET_SCRIPT, 59_000)])).allowed


def test_two_runs_of_the_kit_with_one_seed_make_the_same_chain(provider: str) -> None:
    def run() -> str:
        with AdversaryBench(provider) as bench:
            paid = bench.payment()
            bench.adversary.double_spend(paid.raw, [paid.coin])
            bench.ledger.mine()
            bench.miner.reorganise(1)
            bench.ledger.mine()
            return str(bench.client.call("getbestblockhash"))

    assert run() == run()

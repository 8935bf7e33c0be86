"""What befalls a node: the caller sees it at once or at its own time-out, and the chain survives."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from hil.chain.attacks import node as faults
from hil.chain.attacks.blocks import Miner
from hil.chain.attacks.delay_proxy import Gate
from hil.chain.attacks.partition import TwoNodes, wait_until
from hil.chain.attacks.spends import txid_of
from hil.chain.client.rpc import LedgerUnavailable, RpcClient, RpcError
from hil.chain.node.base import guard
from hil.chain.node.container import ContainerNode
from hil.chain.node.snapshot import fresh_node
from hil.chain.views.full_node import NodeView
from hil.clock import stopwatch
from hil.errors import ConfigurationError, RigFault
from hil.tests.chain.adversary_bench import SEED, AdversaryBench

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.chain.client.rpc import RpcEndpoint
    from hil.tests.chain.conftest import AnyNode


@pytest.fixture(scope="module")
def bench(provider: str) -> Iterator[AdversaryBench]:
    with AdversaryBench(provider) as started:
        yield started


def _impatient(endpoint: RpcEndpoint) -> NodeView:
    return NodeView(RpcClient(endpoint, timeout=0.3))


def test_a_paused_node_is_silent_and_goes_on_when_resumed(bench: AdversaryBench) -> None:
    faults.pause(bench.node)
    with pytest.raises(LedgerUnavailable, match=r"no answer to getmempoolinfo within 0\.3 s"):
        RpcClient(bench.node.endpoint, timeout=0.3).call("getmempoolinfo")
    assert not _impatient(bench.node.endpoint).ready()
    faults.resume(bench.node)
    assert bench.view.ready()


def test_a_gate_tells_how_long_a_node_that_stood_still_left_a_device_without_an_answer(bench: AdversaryBench) -> None:
    with Gate(bench.node.endpoint, delay=0.3) as gate, closing(RpcClient(gate.endpoint, timeout=5)) as patient:
        assert NodeView(patient).ready()
        assert gate.silence == 0.0  # the gate's own delay is none of the node's
        faults.pause(bench.node)
        with closing(RpcClient(gate.endpoint, timeout=0.3)) as device:
            assert not NodeView(device).ready()
        wait_until(lambda: gate.silence > 0, 5, "the silence", lambda: "none is told")
        assert gate.silence == pytest.approx(0.3, abs=0.2)
        faults.resume(bench.node)


def test_a_killed_node_refuses_connections_and_comes_back_with_its_chain_and_no_mempool(bench: AdversaryBench) -> None:
    paid = bench.payment()
    height = bench.client.call("getblockcount")
    faults.kill(bench.node)
    with pytest.raises(LedgerUnavailable, match="refused the connection"):
        bench.client.call("getblockcount")
    assert not bench.view.ready()
    faults.restart(bench.node)
    assert bench.view.ready()
    assert bench.client.call("getblockcount") == height
    assert bench.client.call("getrawmempool") == []
    assert bench.view.broadcast(paid.raw).allowed


def test_a_node_shut_down_in_order_comes_back_with_its_mempool(bench: AdversaryBench) -> None:
    paid = bench.payment_unwatched()
    height = bench.client.call("getblockcount")
    faults.shut_down(bench.node)
    assert not bench.view.ready()
    faults.restart(bench.node)
    assert bench.client.call("getblockcount") == height
    wait_until(lambda: bench.client.call("getmempoolinfo")["loaded"], 5, "the mempool", lambda: "not loaded")
    assert paid.txid in bench.client.call("getrawmempool")


def test_a_node_out_of_disk_ends_at_the_next_block_and_comes_back_without_it(bench: AdversaryBench) -> None:
    height = bench.client.call("getblockcount")
    faults.fill_disk(bench.node)
    with pytest.raises((RpcError, LedgerUnavailable)):
        bench.ledger.mine()
    bench.node.wait_ended(10)
    assert not bench.view.ready()
    faults.restart(bench.node)
    assert bench.client.call("getblockcount") == height
    bench.ledger.begin()
    bench.ledger.mine()


def test_space_made_in_time_saves_the_node(bench: AdversaryBench) -> None:
    bench.client.call("syncwithvalidationinterfacequeue")  # its index of transactions has written the newest block
    faults.fill_disk(bench.node)
    faults.free_disk(bench.node)
    bench.ledger.begin()
    bench.ledger.mine()
    assert bench.view.ready()


def test_a_node_on_the_wrong_network_is_refused_by_the_guard(provider: str) -> None:
    with fresh_node(SEED, provider, chain="signet") as node:
        client = RpcClient(node.endpoint)
        with pytest.raises(ConfigurationError, match="on chain 'signet'; only regtest is allowed"):
            guard(client)
        assert client.call("getpeerinfo") == []
        client.close()
    with pytest.raises(ConfigurationError, match="'main' is no chain for a node of the bench; known: regtest"):
        fresh_node(SEED, provider, chain="main")


def test_a_node_still_in_initial_download_is_not_ready_until_it_has_a_block_of_the_present(provider: str) -> None:
    with fresh_node(SEED, provider, options=faults.STILL_DOWNLOADING) as node:
        client = RpcClient(node.endpoint)
        view = NodeView(client)
        assert not view.ready()
        Miner(client, SEED).mine()
        assert view.ready()
        client.close()


def test_a_container_with_its_data_in_its_own_memory_cannot_come_back(node: AnyNode) -> None:
    if isinstance(node, ContainerNode):
        with pytest.raises(ConfigurationError, match="data of this container ended with it"):
            faults.restart(node)
    else:
        assert node.folder is not None


def test_a_gate_makes_a_node_slow_silent_and_unreachable_for_one_caller_only(bench: AdversaryBench) -> None:
    with Gate(bench.node.endpoint) as gate:
        patient, impatient = RpcClient(gate.endpoint), RpcClient(gate.endpoint, timeout=0.2)
        assert patient.call("getblockcount") == bench.client.call("getblockcount")
        gate.delay = 0.4
        elapsed = stopwatch()
        assert patient.call("getblockcount") == bench.client.call("getblockcount")
        assert elapsed() >= 0.4
        with pytest.raises(LedgerUnavailable, match=r"within 0\.2 s"):
            impatient.call("getblockcount")
        gate.delay = 0.0
        gate.shut()
        with pytest.raises(LedgerUnavailable):
            patient.call("getblockcount")
        assert bench.view.ready()
        gate.open()
        assert patient.call("getblockcount") == bench.client.call("getblockcount")
        patient.close()
        impatient.close()
    gate.close()
    assert gate.endpoint.password not in repr(gate.endpoint)


def test_two_nodes_relay_part_mine_apart_and_the_longer_chain_wins(provider: str) -> None:
    with AdversaryBench(provider, peers=True) as bench, fresh_node(SEED, provider, peers=True) as far:
        nodes = TwoNodes(bench.node, far)
        nodes.connect()
        paid = bench.payment(sent=False)
        nodes.wait_for_same_tip()
        assert bench.view.broadcast(paid.raw).allowed
        bench.watcher.catch_up()
        elapsed = stopwatch()
        nodes.wait_for_relay(paid.txid)
        assert elapsed() < 2

        nodes.part()
        rival = bench.adversary.rival(paid.raw, [paid.coin], fee=0)
        Miner(nodes.second, SEED, "far").overtake(1, [rival])
        bench.ledger.mine()
        bench.watcher.catch_up()
        assert bench.view.conflict(paid.raw) is None, "the socket's node has not heard of it"
        assert nodes.first.call("getbestblockhash") != nodes.second.call("getbestblockhash")

        nodes.connect()
        assert bench.view.conflict(paid.raw) == txid_of(rival)
        assert bench.changes() == "DCC", "confirmed and gone again, with no R: the conflict has to be asked for"
        nodes.close()


def test_a_node_without_peers_says_so(bench: AdversaryBench) -> None:
    with pytest.raises(ConfigurationError, match="Start it with peers=True"):
        _ = bench.node.peer_address


def test_two_nodes_that_never_agree_are_a_rig_fault_with_what_was_seen(provider: str) -> None:
    with fresh_node(SEED, provider, peers=True) as first, fresh_node(SEED + 1, provider, peers=True) as second:
        nodes = TwoNodes(first, second)
        with pytest.raises(RigFault, match=r"waited 0\.1 s for the two nodes to have the same best block .* and "):
            nodes.wait_for_same_tip(timeout=0.1)
        nodes.close()

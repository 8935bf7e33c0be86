"""The watcher of a node's notifications: complete, in order, with time bounds, whatever gets lost."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
import zmq

from hil.chain.attacks.node import restart, shut_down
from hil.chain.client.rpc import RpcClient
from hil.chain.client.zmq_watcher import Change, NotCaughtUp, Watcher
from hil.errors import ConfigurationError
from hil.tests.chain.adversary_bench import AdversaryBench

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.chain.client.zmq_watcher import Notification


@pytest.fixture(scope="module")
def bench(provider: str) -> Iterator[AdversaryBench]:
    with AdversaryBench(provider) as started:
        yield started


def test_each_change_is_told_once_with_the_bounds_of_when_it_came(bench: AdversaryBench) -> None:
    bench.ledger.mine()
    bench.watcher.catch_up()
    heard: list[Notification] = []
    bench.watcher.listen(heard.append)
    bench.time += 3.0
    paid = bench.payment()
    bench.ledger.mine()
    told = bench.watcher.catch_up()
    assert [(one.change, one.earliest, one.latest) for one in heard] == [
        (Change.ADDED, bench.time - 3.0, bench.time),
        (Change.CONNECTED, bench.time - 3.0, bench.time),
        (Change.ADDED, bench.time - 3.0, bench.time),
        (Change.CONNECTED, bench.time, bench.time),
    ]
    assert heard[2].hash == paid.txid
    assert heard[3:] == told
    assert told[0].hash == bench.client.call("getbestblockhash")
    assert bench.watcher.catch_up() == bench.watcher.poll() == []
    assert bench.watcher.resynchronised == 0


def test_the_node_itself_says_where_it_publishes(bench: AdversaryBench) -> None:
    types = {one["type"] for one in bench.client.call("getzmqnotifications")}
    assert types == {"pubsequence", "pubhashblock"}
    assert bench.node.notifications in {one["address"] for one in bench.client.call("getzmqnotifications")}


def test_a_lost_message_is_noticed_by_its_number_and_the_change_found(
    bench: AdversaryBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hil.chain.client.zmq_watcher.QUIET_S", 0.1)
    context = zmq.Context()
    publisher = context.socket(zmq.PUB)
    port = publisher.bind_to_random_port("tcp://127.0.0.1")
    bench.ledger.mine()
    with Watcher(bench.client, now=lambda: bench.time, address=f"tcp://127.0.0.1:{port}") as watcher:
        paid = bench.payment()
        rival = bench.adversary.double_spend(paid.raw, [paid.coin])
        # of all this nothing is published here: the silence is noticed by the mempool's own number
        found = watcher.catch_up()
        assert watcher.resynchronised == 1
        assert [one.change for one in found] == [Change.CONNECTED, Change.ADDED]
        assert found[-1].hash == rival
        assert all(one.found for one in found)
        bench.ledger.mine()
        second = bench.payment()
        found = watcher.catch_up()
        assert [one.change for one in found] == [Change.CONNECTED, Change.CONNECTED, Change.ADDED]
        bench.adversary.double_spend(second.raw, [second.coin])
        # a gap between two messages is noticed at once
        for number in (7, 9):
            body = bytes(32) + b"R" + struct.pack("<Q", 10_000)
            publisher.send_multipart([b"sequence", body, struct.pack("<I", number)])
        found = watcher.catch_up()
        assert (Change.REMOVED, second.txid) in {(one.change, one.hash) for one in found}, "the alarm is not lost"
        assert watcher.resynchronised == 3
    publisher.close(linger=0)
    context.term()


def test_a_reorganisation_that_went_by_unheard_is_found_block_by_block(
    bench: AdversaryBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hil.chain.client.zmq_watcher.QUIET_S", 0.1)
    context = zmq.Context()
    publisher = context.socket(zmq.PUB)
    port = publisher.bind_to_random_port("tcp://127.0.0.1")
    paid = bench.payment()
    bench.ledger.mine(2)
    with Watcher(bench.client, now=lambda: bench.time, address=f"tcp://127.0.0.1:{port}") as watcher:
        rival = bench.adversary.rival(paid.raw, [paid.coin])
        new = bench.miner.reorganise(2, [rival])
        found = watcher.catch_up()
        assert [one.change for one in found] == [Change.DISCONNECTED] * 2 + [Change.CONNECTED] * 3
        assert [one.hash for one in found[2:]] == new
    publisher.close(linger=0)
    context.term()


def test_a_publisher_that_is_not_there_is_named_with_its_address(
    bench: AdversaryBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hil.chain.client.zmq_watcher._CONNECT_TIMEOUT", 0.1)
    with pytest.raises(NotCaughtUp, match=r"waited 0\.1 s for the node's publisher at ipc:///nowhere in vain"):
        Watcher(bench.client, now=lambda: 0.0, address="ipc:///nowhere")


def test_a_node_that_publishes_nothing_is_a_mistake_in_the_configuration(
    bench: AdversaryBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    mute = RpcClient(bench.node.endpoint)
    monkeypatch.setattr(mute, "call", lambda method, *_: [])
    with pytest.raises(ConfigurationError, match="Start it with -zmqpubsequence"):
        Watcher(mute, now=lambda: 0.0)


def test_a_restarted_node_is_watched_anew(bench: AdversaryBench) -> None:
    shut_down(bench.node)
    restart(bench.node)
    with Watcher(bench.client, now=lambda: bench.time, address=bench.node.notifications) as watcher:
        bench.ledger.mine()
        assert [one.change for one in watcher.catch_up()] == [Change.CONNECTED]

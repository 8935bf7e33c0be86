"""The RPC client against real nodes, and against a scripted peer for what a real node does too rarely."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.chain.client.rpc import (
    LedgerUnavailable,
    RpcClient,
    RpcEndpoint,
    RpcError,
    WrongCredentials,
    is_repeatable,
    to_satoshi,
)
from hil.chain.node.base import free_port, guard
from hil.chain.node.native import NativeNode
from hil.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.tests.chain.conftest import MakeNode


@given(st.integers(0, 21_000_000 * 100_000_000))
def test_amounts_survive_the_way_through_json_exactly(satoshi: int) -> None:
    text = f"{satoshi // 100_000_000}.{satoshi % 100_000_000:08d}"
    assert to_satoshi(json.loads(text, parse_float=Decimal)) == satoshi


def test_a_fraction_of_a_satoshi_is_refused() -> None:
    with pytest.raises(ValueError, match="not a whole number of satoshi"):
        to_satoshi(Decimal("0.000000001"))


def test_password_shows_in_no_repr() -> None:
    endpoint = RpcEndpoint("127.0.0.1", 1, "user", "hidden-word")
    assert "hidden-word" not in repr(endpoint) + repr(RpcClient(endpoint))


@pytest.mark.parametrize("method", ["generatetodescriptor", "generateblock", "getnewaddress", "sendtoaddress"])
def test_calls_with_an_effect_are_not_repeatable(method: str) -> None:
    assert not is_repeatable(method)


@pytest.mark.parametrize("method", ["getblock", "gettxout", "testmempoolaccept", "sendrawtransaction", "setmocktime"])
def test_calls_that_do_no_harm_twice_are_repeatable(method: str) -> None:
    assert is_repeatable(method)


def test_fractions_arrive_as_decimals(client: RpcClient) -> None:
    assert isinstance(client.call("getblockchaininfo")["difficulty"], Decimal)


def test_a_refusal_carries_the_nodes_code_and_words(client: RpcClient) -> None:
    with pytest.raises(RpcError, match="nosuchcall") as caught:
        client.call("nosuchcall")
    assert (caught.value.code, caught.value.message) == (-32601, "Method not found")


def test_a_batch_returns_results_in_order_and_raises_the_first_error(client: RpcClient) -> None:
    height, genesis = client.batch([("getblockcount",), ("getblockhash", 0)])
    assert isinstance(height, int)
    assert genesis == "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"
    with pytest.raises(RpcError, match="getblockhash: Block height out of range"):
        client.batch([("getblockcount",), ("getblockhash", 10**8), ("nosuchcall",)])
    assert client.batch([]) == []


def test_a_connection_that_died_while_idle_is_replaced_for_any_call(client: RpcClient) -> None:
    height = client.call("getblockcount")
    assert client._connection is not None
    client._connection._socket.shutdown(socket.SHUT_RDWR)
    client.call("generatetodescriptor", 1, "raw(51)")
    assert client.call("getblockcount") == height + 1


def test_wrong_credentials_are_told_apart_and_end_the_wait_at_once(client: RpcClient) -> None:
    right = client.endpoint
    wrong = RpcClient(RpcEndpoint(right.host, right.port, right.user, "wrong"))
    with pytest.raises(WrongCredentials, match=r"refused our credentials .* Check the user and password") as caught:
        wrong.wait_until_ready(20)
    assert caught.value.exit_code is ExitCode.RIG_FAULT
    assert "wrong" not in str(caught.value).replace("wrong credentials", "")
    wrong.close()


def test_nobody_listening_is_a_ledger_that_is_unavailable() -> None:
    with pytest.raises(LedgerUnavailable, match=r"bitcoind at 127.0.0.1:\d+: refused the connection"):
        RpcClient(RpcEndpoint("127.0.0.1", free_port(), "u", "p")).call("getblockcount")


def test_the_wait_for_a_node_ends_at_its_deadline_and_says_what_was_seen_last() -> None:
    with pytest.raises(LedgerUnavailable, match=r"waited 0.01 s .* in vain; last seen: refused the connection"):
        RpcClient(RpcEndpoint("127.0.0.1", free_port(), "u", "p")).wait_until_ready(0.01)


def test_a_node_killed_during_a_call_is_a_ledger_that_is_unavailable(make_node: MakeNode) -> None:
    with make_node() as node:
        client = RpcClient(node.endpoint)
        client.call("getblockcount")
        kill = threading.Timer(0.05, _kill, [node])
        kill.start()
        with pytest.raises(LedgerUnavailable, match="dropped the connection during waitforblockheight"):
            client.call("waitforblockheight", 10**6, 10_000)
        kill.join()
        # while the dying process still holds its port, the kernel may take the connection and drop it
        with pytest.raises(LedgerUnavailable, match=r"(refused|dropped) the connection"):
            client.call("getblockcount")


def test_a_node_that_hangs_is_given_up_after_the_time_out_and_its_late_answer_is_not_taken_for_another(
    make_node: MakeNode,
) -> None:
    with make_node() as node:
        client = RpcClient(node.endpoint, timeout=0.2)
        tip = client.call("getblockhash", 0)
        with pytest.raises(LedgerUnavailable, match=r"gave no answer to waitforblockheight within 0\.2 s"):
            client.call("waitforblockheight", 10**6, 400)
        assert client.call("getblockhash", 0) == tip
        client.close()


def _kill(node: Any) -> None:
    if isinstance(node, NativeNode):
        os.kill(node.pid, signal.SIGKILL)
    else:
        node.container.kill()


class ScriptedPeer:
    """Accepts connections in turn; on each it reads requests and answers with the next reply, or hangs up on None."""

    def __init__(self, *connections: list[bytes | None]) -> None:
        self.requests: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.endpoint = RpcEndpoint("127.0.0.1", self._socket.getsockname()[1], "u", "p")
        self._thread = threading.Thread(target=self._serve, args=(connections,), daemon=True)
        self._thread.start()

    def _serve(self, connections: tuple[list[bytes | None], ...]) -> None:
        for replies in connections:
            connection, _ = self._socket.accept()
            with connection, connection.makefile("rb") as stream:
                for reply in replies:
                    request = self._read_request(stream)
                    if request is None:
                        break
                    self.requests.append(request)
                    if reply is None:
                        break
                    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(reply)}\r\n\r\n".encode()
                    connection.sendall(head + reply)

    @staticmethod
    def _read_request(stream: BinaryIO) -> bytes | None:
        length = 0
        while (line := stream.readline().strip().lower()) != b"":
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        return stream.read(length) if length else None

    def close(self) -> None:
        self._thread.join(5)
        self._socket.close()


@pytest.fixture
def peers() -> Iterator[list[ScriptedPeer]]:
    made: list[ScriptedPeer] = []
    yield made
    for peer in made:
        peer.close()


def _answer(result: object) -> bytes:
    return json.dumps({"result": result, "error": None}).encode()


def test_a_look_up_is_sent_again_once_when_the_kept_connection_drops_under_it(peers: list[ScriptedPeer]) -> None:
    peer = ScriptedPeer([_answer(1), None], [_answer(2)])
    peers.append(peer)
    client = RpcClient(peer.endpoint, timeout=5)
    assert [client.call("getblockcount"), client.call("getblockcount")] == [1, 2]
    assert len(peer.requests) == 3
    client.close()


def test_a_look_up_is_not_sent_a_third_time(peers: list[ScriptedPeer]) -> None:
    peer = ScriptedPeer([_answer(1), None], [None])
    peers.append(peer)
    client = RpcClient(peer.endpoint, timeout=5)
    client.call("getblockcount")
    with pytest.raises(LedgerUnavailable, match="dropped the connection during getblockcount"):
        client.call("getblockcount")
    assert len(peer.requests) == 3


def test_mining_is_never_sent_again_once_it_may_have_been_done(peers: list[ScriptedPeer]) -> None:
    peer = ScriptedPeer([_answer(1), None])
    peers.append(peer)
    client = RpcClient(peer.endpoint, timeout=5)
    client.call("getblockcount")
    with pytest.raises(
        LedgerUnavailable, match=r"during generatetodescriptor; whether it was carried out is not known"
    ):
        client.call("generatetodescriptor", 1, "raw(51)")
    assert len(peer.requests) == 2


def test_a_node_that_warms_up_is_awaited(peers: list[ScriptedPeer]) -> None:
    warming = json.dumps({"result": None, "error": {"code": -28, "message": "Loading block index…"}}).encode()
    peer = ScriptedPeer([warming, warming, _answer(0)], [warming])
    peers.append(peer)
    client = RpcClient(peer.endpoint, timeout=5)
    client.wait_until_ready(5)
    with pytest.raises(LedgerUnavailable, match="still warming up: Loading block index"):
        client.call("getblockcount")
    client.close()


@pytest.mark.parametrize("reply", [b"<html>", b"[]", b"17", b'{"error": "x"}'])
def test_something_else_on_the_port_is_a_rig_fault_and_no_crash(peers: list[ScriptedPeer], reply: bytes) -> None:
    peer = ScriptedPeer([reply])
    peers.append(peer)
    client = RpcClient(peer.endpoint, timeout=5)
    with pytest.raises((LedgerUnavailable, RpcError)) as caught:
        client.call("getblockcount")
    assert caught.value.exit_code is ExitCode.RIG_FAULT
    client.close()


_NETWORK = {"version": 290_400, "subversion": "/Satoshi:29.4.0/"}


@pytest.mark.parametrize(
    ("chain", "network", "deployments", "complaint"),
    [
        ("main", _NETWORK, {}, "on chain 'main'; only regtest is allowed"),
        ("regtest", {**_NETWORK, "version": 230_000}, {}, "version is 230000 .* at least 240000"),
        ("regtest", _NETWORK, {"blake2b": {"active": True}}, "has activated blake2b"),
    ],
)
def test_the_guard_refuses_a_node_that_this_bench_must_not_use(
    peers: list[ScriptedPeer], chain: str, network: dict[str, object], deployments: object, complaint: str
) -> None:
    # the ids of the client count from 1; a batch is answered by id
    batch = json.dumps([{"id": 1, "result": {"chain": chain}}, {"id": 2, "result": network}]).encode()
    peer = ScriptedPeer([batch, _answer({"deployments": deployments})])
    peers.append(peer)
    client = RpcClient(peer.endpoint, timeout=5)
    with pytest.raises(ConfigurationError, match=complaint):
        guard(client)
    client.close()

"""The Electrum client against servers that misbehave on the wire."""

from __future__ import annotations

import json
import socket
import threading
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from hil.chain.client.rpc import LedgerUnavailable, RpcClient
from hil.chain.electrum.client import ElectrumClient, ElectrumEndpoint, ElectrumError
from hil.chain.electrum.sync import ServerFollower
from hil.chain.node.base import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.chain.funding.regtest_ledger import RegtestLedger

GREETING = {"jsonrpc": "2.0", "result": ["s", "1.4"]}


class Scripted:
    """A server that gives the next of its answers to each line; None ends the connection."""

    def __init__(self, *answers: bytes | dict[str, Any] | None) -> None:
        self._answers = list(answers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = ElectrumEndpoint("127.0.0.1", self._listener.getsockname()[1])
        self.lines: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while self._answers:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:
                for line in stream:
                    self.lines.append(json.loads(line))
                    answer = self._answers.pop(0) if self._answers else None
                    if answer is None:
                        break
                    if isinstance(answer, dict):
                        answer = json.dumps({"id": self.lines[-1]["id"], **answer}).encode() + b"\n"
                    stream.write(answer)
                    stream.flush()


class Make(Protocol):
    def __call__(self, *answers: bytes | dict[str, Any] | None) -> tuple[Scripted, ElectrumClient]: ...


@pytest.fixture
def scripted() -> Iterator[Make]:
    made: list[tuple[Scripted, ElectrumClient]] = []

    def make(*answers: bytes | dict[str, Any] | None) -> tuple[Scripted, ElectrumClient]:
        server = Scripted(GREETING, *answers)
        made.append((server, ElectrumClient(server.endpoint, timeout=0.2)))
        return made[-1]

    yield make
    for server, client in made:
        client.close()
        server.close()


def test_answers_come_back_in_the_order_asked_and_bytes_are_counted(scripted: Make) -> None:
    later = b'{"id": 3, "result": "b"}\n{"method": "blockchain.headers.subscribe", "params": []}\n'
    server, client = scripted(b"", later + b'{"id": 2, "result": 0.1}\n')  # so it has heard both when it answers
    assert [str(one) for one in client.batch([("a",), ("b", 1)])] == ["0.1", "b"]
    assert [one["method"] for one in server.lines] == ["server.version", "a", "b"]
    sent = [json.dumps(one, separators=(",", ":")) + "\n" for one in server.lines]
    assert client.bytes_out == sum(map(len, sent))
    assert client.bytes_in == len(later) + 25 + len(json.dumps({"id": 1, **GREETING})) + 1


def test_a_refusal_is_told_with_code_and_words(scripted: Make) -> None:
    _, client = scripted({"error": {"code": 1, "message": "no such thing"}}, {"result": 5})
    with pytest.raises(ElectrumError, match="ask: no such thing") as caught:
        client.call("ask")
    assert caught.value.code == 1
    assert client.call("ask") == 5, "the connection is still good"
    assert client.connections == 1


def test_a_question_that_fell_into_a_loss_is_asked_again_once(scripted: Make) -> None:
    _, client = scripted({"result": 1}, None, GREETING, {"result": 2}, None, GREETING, None)
    assert [client.call("ask"), client.call("ask")] == [1, 2]
    assert client.connections == 2
    with pytest.raises(LedgerUnavailable, match="twice"):
        client.call("ask")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "no answer to ask within 0.2 s"),
        (b'{"id": 2, "res', "no answer to ask within 0.2 s"),
        (b"HTTP/1.1 400 Bad Request\n", "sent no JSON: b'HTTP/1.1"),
        (b"[1]\n", "sent no answer but"),
        (b'{"id": 77, "result": 1}\n', "answered something else than ask"),
        (None, "ended the connection before it had answered"),
    ],
)
def test_a_server_that_answers_badly_is_unavailable(scripted: Make, answer: bytes | None, words: str) -> None:
    _, client = scripted(answer)
    with pytest.raises(LedgerUnavailable, match=words):
        client.call("ask")


def test_nobody_at_the_port_is_told_at_once() -> None:
    with pytest.raises(LedgerUnavailable, match=r"Electrum server at 127.0.0.1:\d+: refused the connection"):
        ElectrumClient(ElectrumEndpoint("127.0.0.1", free_port())).call("ask")


def test_a_server_that_reads_a_long_chain_is_waited_for_as_long_as_it_comes_nearer(
    scripted: Make, client: RpcClient, ledger: RegtestLedger
) -> None:
    ledger.mine()  # nothing is left in the mempool that it would have to show as well
    tip = client.call("getblockheader", client.call("getbestblockhash"), False)
    reading = [{"result": {"hex": "00", "height": height}} for height in (5, 6, 7, 8)]
    _, server = scripted(*reading, {"result": {"hex": tip, "height": 9}})
    ServerFollower(client, server).catch_up(timeout=0.0)

    _, server = scripted(*reading, reading[-1])
    with pytest.raises(LedgerUnavailable, match=r"waited 0 s .* in vain; last seen: its tip is at height 8"):
        ServerFollower(client, server).catch_up(timeout=0.0)

"""The kept connection to a node, against peers that answer as they should not."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from hil.chain.client.http import HttpConnection, NotHttp

Open = Callable[[bytes], HttpConnection]


@pytest.fixture
def open_to() -> Iterator[Open]:
    """Opens a connection to somebody who answers the first request with these bytes and closes."""
    listener = socket.create_server(("127.0.0.1", 0))
    made: list[HttpConnection] = []
    threads: list[threading.Thread] = []

    def serve(reply: bytes) -> None:
        peer, _ = listener.accept()
        with peer:
            peer.recv(1 << 16)
            peer.sendall(reply)

    def make(reply: bytes) -> HttpConnection:
        threads.append(threading.Thread(target=serve, args=(reply,), daemon=True))
        threads[-1].start()
        made.append(HttpConnection("127.0.0.1", listener.getsockname()[1], "", 5.0))
        return made[-1]

    yield make
    for connection in made:
        connection.close()
    for thread in threads:
        thread.join(5)
    listener.close()


@pytest.mark.parametrize(
    "reply",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ],
    ids=["another protocol", "half an answer", "an upgrade"],
)
def test_what_is_no_whole_answer_is_refused(open_to: Open, reply: bytes) -> None:
    with pytest.raises(NotHttp):
        open_to(reply).post(b"{}")


def test_a_peer_that_closes_without_a_word_is_told_apart(open_to: Open) -> None:
    with pytest.raises(ConnectionResetError):
        open_to(b"").post(b"{}")


def test_a_chunked_answer_is_whole_and_a_connection_that_closes_is_used_no_more(open_to: Open) -> None:
    head = b"HTTP/1.1 200 OK\r\nDate: now\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection = open_to(head + b'2\r\n{"\r\n3\r\na"}\r\n0\r\n\r\n')
    answer = connection.post(b"{}")
    assert (answer.status, answer.date, bytes(answer.body)) == (200, "now", b'{"a"}')
    assert connection.has_ended()


def test_a_peer_that_drips_its_answer_is_given_up_when_the_time_for_all_of_it_is_over() -> None:
    enough = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            peer, _ = listener.accept()
            with peer, contextlib.suppress(OSError):
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                while not enough.wait(0.02):
                    peer.sendall(b"x")

        dripping = threading.Thread(target=drip, daemon=True)
        dripping.start()
        connection = HttpConnection("127.0.0.1", listener.getsockname()[1], "", 0.1)
        with pytest.raises(TimeoutError):
            connection.post(b"{}")
        connection.close()
        enough.set()
        dripping.join(5)

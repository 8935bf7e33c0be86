"""Proxies between a rig and its virtual bench, each before one part, that begin to fail in the middle of a session.

The rig knows nothing of them: what it finds, it finds by what it observes. They fail in four ways:

- lost: the connection is closed, and none is accepted any more
- garbage: what comes back is nonsense
- hang: the connection stays, and nothing comes back
- stale: what comes back is from before, and orders are not passed on
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from typing import Any

FAULTS = ("lost", "garbage", "hang", "stale")

Address = tuple[str, int]

FROM_THE_DEVICE = 800
"""Bytes on the link after which the session is in full swing: offer, payments, the first receipts."""

NONSENSE = b"\x7e\x13 4.2E+,banana;\xfe"

FROZEN = {"getbestblockhash", "getblockcount", "getblockchaininfo", "getrawmempool", "getmempoolinfo", "gettxout"}
"""What a node that has stopped to follow its chain answers from memory."""


class Closed(Exception):
    """The connection has ended, or must."""


class Proxy:
    """Listens at ``listen``, serves each client with ``serve`` and a connection of its own to ``upstream``.

    :param fault: one of ``FAULTS``; none: passes everything on for ever.
    :param began: set when the fault begins.
    """

    def __init__(self, listen: Address, upstream: Address, fault: str, began: threading.Event) -> None:
        self.fault = fault
        self.began = began
        self._upstream = upstream
        self._listener = socket.create_server(listen, backlog=16)
        self.address: Address = self._listener.getsockname()[:2]
        self._open: set[socket.socket] = {self._listener}
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for one in list(self._open):
            self._end(one)

    def failing(self, fault: str = "") -> bool:
        """Tell whether it fails by now, and in this way."""
        return self.fault != "" and fault in ("", self.fault) and self.began.is_set()

    def serve(self, client: socket.socket, server: socket.socket) -> None:
        """Pass on what goes between the two until one of them is gone (Closed, OSError)."""
        raise NotImplementedError

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.failing("lost"):
                    client.close()
                    continue
                threading.Thread(target=self._guarded, args=(client,), daemon=True).start()

    def _guarded(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._upstream, timeout=5.0)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.add(one)
        with contextlib.suppress(Closed, OSError):
            self.serve(client, server)
        for one in (client, server):
            self._end(one)

    def _end(self, one: socket.socket) -> None:
        self._open.discard(one)
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


def receive(source: socket.socket, count: int = 0) -> bytes:
    """Return exactly ``count`` bytes, or what is there; raises Closed at the end of the stream."""
    data = b""
    while len(data) < count or not data:
        piece = source.recv(count - len(data) if count else 1 << 16)
        if not piece:
            raise Closed
        data += piece
    return data


class FaultyInstrument(Proxy):
    """SCPI: lines in, a line back for each that has a question mark."""

    def serve(self, client: socket.socket, server: socket.socket) -> None:
        before: dict[bytes, bytes] = {}
        rest = b""
        while True:
            *lines, rest = (rest + receive(client)).split(b"\n")
            for line in lines:
                if self.failing("lost"):
                    raise Closed
                if self.failing("stale") and line in before:
                    client.sendall(before[line])
                elif self.failing("hang") or (self.failing("stale") and b"?" not in line):
                    continue
                elif self.failing("garbage"):
                    client.sendall(NONSENSE + b"\n" if b"?" in line else b"")
                else:
                    server.sendall(line + b"\n")
                    if b"?" in line:
                        reply = b""
                        while not reply.endswith(b"\n"):
                            reply += receive(server)
                        before[line] = reply
                        client.sendall(reply)


class FaultyRelays(Proxy):
    """Modbus TCP: one coil of the board fails, the others work."""

    def __init__(self, coil: int, *others: Any) -> None:
        self._coil = coil
        self._was_closed = False
        super().__init__(*others)

    def serve(self, client: socket.socket, server: socket.socket) -> None:
        while True:
            request = receive(client, 12)  # reading and writing one coil or input: 7 bytes of header, 5 of content
            function, number, value = request[7], int.from_bytes(request[8:10], "big"), request[10:12]
            if number != self._coil or not self.failing():
                if function == 5 and number == self._coil:
                    self._was_closed = value == b"\xff\x00"
                server.sendall(request)
                client.sendall(self._reply(server))
            elif self.fault == "lost":
                raise Closed
            elif self.fault == "garbage":
                client.sendall(NONSENSE)
            elif self.fault == "stale":
                answer = request[7:12] if function == 5 else bytes([function, 1, self._was_closed])
                client.sendall(request[:4] + (len(answer) + 1).to_bytes(2, "big") + request[6:7] + answer)

    @staticmethod
    def _reply(server: socket.socket) -> bytes:
        header = receive(server, 7)
        return header + receive(server, int.from_bytes(header[4:6], "big") - 1)


class FaultyLine(Proxy):
    """A serial line: bytes in both directions.

    :param after: so many bytes of the device set ``began``; None: another line does.
    """

    def __init__(self, after: int | None, *others: Any) -> None:
        self._after = after
        self._passed = b""
        super().__init__(*others)

    def serve(self, client: socket.socket, server: socket.socket) -> None:
        back = threading.Thread(target=self._pump, args=(server, client, self._from_device), daemon=True)
        back.start()
        self._pump(client, server, lambda data: None if self.failing("hang") else data)
        back.join()

    def _pump(self, source: socket.socket, sink: socket.socket, change: Callable[[bytes], bytes | None]) -> None:
        with contextlib.suppress(Closed, OSError):
            while True:
                data = change(receive(source))
                if data is not None:
                    sink.sendall(data)
        for one in (source, sink):
            self._end(one)

    def _from_device(self, data: bytes) -> bytes | None:
        if self._after is not None and len(self._passed) >= self._after:
            self.began.set()
        if not self.failing():
            self._passed += data
            return data
        if self.fault == "lost":
            raise Closed
        if self.fault == "garbage":
            return bytes(byte ^ 0xA5 for byte in data)
        return self._passed[-len(data) :] if self.fault == "stale" else None


class FaultyNode(Proxy):
    """JSON-RPC over HTTP."""

    _memory: dict[str, Any]

    def serve(self, client: socket.socket, server: socket.socket) -> None:
        if not hasattr(self, "_memory"):
            self._memory = {}
        while True:
            head, body = self._message(client)
            if self.failing("lost"):
                raise Closed
            if self.failing("hang"):
                continue
            server.sendall(head + body)
            head, answer = self._message(server)
            if self.failing("garbage"):
                answer = NONSENSE
            elif self.fault == "stale":
                answer = self._from_memory(body, answer)
            start = head[: head.index(b"\r\n") + 2]
            client.sendall(
                start + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer
            )

    @staticmethod
    def _message(source: socket.socket) -> tuple[bytes, bytes]:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += receive(source, 1)
        length = next((line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), b":0")
        size = int(length.partition(b":")[2])
        return head, receive(source, size) if size else b""

    def _from_memory(self, request: bytes, answer: bytes) -> bytes:
        asked, answered = json.loads(request), json.loads(answer)
        pairs = list(zip(asked, answered, strict=True)) if isinstance(asked, list) else [(asked, answered)]
        for call, reply in pairs:
            if call["method"] not in FROZEN:
                continue
            key = json.dumps([call["method"], call.get("params")])
            if self.failing() and key in self._memory:
                reply["result"], reply["error"] = self._memory[key], None
            elif reply.get("error") is None:
                self._memory[key] = reply.get("result")
        return json.dumps(answered).encode()

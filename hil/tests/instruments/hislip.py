"""A scripted instrument on HiSLIP (IVI-6.1), as LAN instruments of the makers have it beside their raw socket."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HEADER = struct.Struct("!2sBBIQ")
INITIALIZE, INITIALIZE_RESPONSE = 0, 1
DATA, DATA_END = 6, 7
MAXIMUM_SIZE, MAXIMUM_SIZE_RESPONSE = 15, 16
ASYNC_INITIALIZE, ASYNC_INITIALIZE_RESPONSE = 17, 18
VERSION, SESSION = 0x0100, 7


def _send(line: socket.socket, kind: int, parameter: int, payload: bytes = b"") -> None:
    line.sendall(HEADER.pack(b"HS", kind, 0, parameter, len(payload)) + payload)


def _receive(line: socket.socket) -> tuple[int, int, bytes]:
    """Return kind, parameter and payload; raises ConnectionError at the end of the line."""

    def exactly(count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = line.recv(count - len(data))
            if not more:
                raise ConnectionAbortedError
            data += more
        return data

    _, kind, _, parameter, length = HEADER.unpack(exactly(HEADER.size))
    return kind, parameter, exactly(length)


def _converse(server: socket.socket, answer: Callable[[str], str | None]) -> None:
    with contextlib.ExitStack() as stack:
        lines: list[socket.socket] = []
        while True:
            for ready in select.select([server, *lines], [], [])[0]:
                if ready is server:
                    lines.append(stack.enter_context(server.accept()[0]))
                    continue
                kind, parameter, payload = _receive(ready)
                if kind == INITIALIZE:
                    _send(ready, INITIALIZE_RESPONSE, VERSION << 16 | SESSION)
                elif kind == ASYNC_INITIALIZE:
                    _send(ready, ASYNC_INITIALIZE_RESPONSE, 0)
                elif kind == MAXIMUM_SIZE:
                    _send(ready, MAXIMUM_SIZE_RESPONSE, 0, payload)
                elif kind in {DATA, DATA_END}:
                    reply = answer(payload.decode("ascii").strip())
                    if reply is not None:
                        _send(ready, DATA_END, parameter, reply.encode("ascii") + b"\n")


@contextmanager
def hislip_instrument(answer: Callable[[str], str | None]) -> Iterator[str]:
    """Serve one client whose commands ``answer`` replies to; give the VISA resource."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError, ValueError):  # the client, or the test, has closed its end
                _converse(server, answer)

        thread = threading.Thread(target=serve, name="hislip instrument", daemon=True)
        thread.start()
        yield f"TCPIP::127.0.0.1::hislip0,{server.getsockname()[1]}::INSTR"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        assert not thread.is_alive()

"""HiSLIP 1.0 (IVI-6.1): two connections of a client, for messages and for what must not wait behind them.

Sub-addresses are ``hislip0`` (the meter) and ``hislip1`` (the load); the mode is synchronised. What it does not have:
overlapped mode, shared locks (a request for one fails), and service requests, which clients in use do not expect.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final, TypeAlias

from hil.vbench.io.lan import hislip_messages as messages
from hil.vbench.io.lan.hislip_messages import DELIVERED, HEADER, LARGEST_PAYLOAD, PROLOGUE, VENDOR, VERSION, Type
from hil.vbench.io.lan.session import MESSAGE_AVAILABLE, Session, instrument_named
from hil.vbench.io.sockets import ByteProtocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hil.vbench.io.instrument_port import InstrumentPort

MOST_CLIENTS: Final = 64


class Client:
    """One client: its conversation, and both its connections."""

    def __init__(self, port: InstrumentPort, number: int, synchronous: HislipConnection) -> None:
        self.number = number
        self.synchronous = synchronous
        self.asynchronous: HislipConnection | None = None
        self.session = Session(port, self._send_replies, self.abort)
        self.largest = LARGEST_PAYLOAD
        self._message = 0
        self._unread = False
        """Whether a reply was sent of which the client has not told yet that it has read it."""

    def message(self, number: int, control: int, data: bytes, *, end: bool) -> None:
        """Take a part of a message, the last one if ``end``."""
        self._interrupt_unless_read(number, control)
        if not self.session.write(data, end=end):
            self.synchronous.send(Type.ERROR, messages.TOO_LARGE, 0, b"message too large")

    def trigger(self, number: int, control: int) -> None:
        """Take a trigger."""
        self._interrupt_unless_read(number, control)
        self.session.trigger()

    def status(self, control: int) -> int:
        """Return the status byte for a client that has read the last reply, or not."""
        if control & DELIVERED:
            self._unread = False
        return self.session.status_byte() | (MESSAGE_AVAILABLE if self._unread else 0)

    def clear(self) -> None:
        """Device clear."""
        self._unread = False
        self.session.clear()

    def abort(self) -> None:
        """End both connections."""
        for connection in (self.synchronous, self.asynchronous):
            if connection is not None:
                connection.abort()

    def _interrupt_unless_read(self, number: int, control: int) -> None:
        """A message that comes before the last reply was read makes that void (IVI-6.1, 3.1.1)."""
        self._message = number
        if self._unread and not control & DELIVERED and self.asynchronous is not None:
            self.synchronous.send(Type.INTERRUPTED, 0, number)
            self.asynchronous.send(Type.ASYNC_INTERRUPTED, 0, number)
        self._unread = False

    def _send_replies(self) -> None:
        output = self.session.output
        while output:
            reply = output.popleft()
            for start in range(0, len(reply), self.largest):
                kind = Type.DATA_END if start + self.largest >= len(reply) else Type.DATA
                self.synchronous.send(kind, 0, self._message, reply[start : start + self.largest])
            self._unread = True


class HislipServer:
    """All clients.

    :param ports: instruments in the order of their sub-addresses.
    """

    def __init__(self, ports: Mapping[str, InstrumentPort]) -> None:
        self.instruments = ports
        self.clients: dict[int, Client] = {}
        self.numbers = count(1)

    def make_protocol(self) -> HislipConnection:
        """Return the protocol for one more connection."""
        return HislipConnection(self)


class HislipConnection(ByteProtocol):
    """One connection; its first message tells which of the two it is, and of which client."""

    def __init__(self, server: HislipServer) -> None:
        super().__init__()
        self._server = server
        self._rest = b""
        self._client: Client | None = None

    def data_received(self, data: bytes) -> None:
        """Take bytes; carry out each message that is whole."""
        self._rest += data
        while len(self._rest) >= HEADER.size and not self.transport.is_closing():
            prologue, kind, control, parameter, size = HEADER.unpack_from(self._rest)
            if prologue != PROLOGUE or size > LARGEST_PAYLOAD:
                self._fail(messages.BAD_HEADER, "poorly formed message header")
                return
            if len(self._rest) < HEADER.size + size:
                return
            payload = self._rest[HEADER.size : HEADER.size + size]
            self._rest = self._rest[HEADER.size + size :]
            self._take(kind, control, parameter, payload)

    def connection_lost(self, exc: Exception | None) -> None:
        """A client that loses one connection loses the other (called by asyncio)."""
        client = self._client
        if client is not None and self._server.clients.pop(client.number, None) is not None:
            client.session.close()
            client.abort()

    def send(self, kind: Type, control: int, parameter: int, payload: bytes = b"") -> None:
        """Send a message, if the client is still there."""
        if not self.transport.is_closing():
            self.transport.write(HEADER.pack(PROLOGUE, kind, control, parameter, len(payload)) + payload)

    def _take(self, kind: int, control: int, parameter: int, payload: bytes) -> None:
        client = self._client
        if client is None:
            self._begin(kind, parameter, payload)
        elif client.asynchronous is None:
            self._fail(messages.NO_BOTH_CHANNELS, "the asynchronous channel is missing")
        else:
            handlers = SYNCHRONOUS if self is client.synchronous else ASYNCHRONOUS
            if kind not in handlers:
                self.send(Type.ERROR, messages.UNKNOWN_TYPE, 0, b"unrecognized message type")
                return
            handlers[kind](client, self, control, parameter, payload)

    def _begin(self, kind: int, parameter: int, payload: bytes) -> None:
        server = self._server
        if kind == Type.INITIALIZE:
            port = instrument_named(payload.decode("ascii", "replace") or "hislip0", "hislip", server.instruments)
            if port is None:
                self._fail(messages.BAD_INITIALIZATION, "no such sub-address")
            elif len(server.clients) >= MOST_CLIENTS:
                self._fail(messages.TOO_MANY_CLIENTS, "too many clients")
            else:
                number = next(server.numbers) & 0xFFFF
                self._client = server.clients[number] = Client(port, number, self)
                self.send(Type.INITIALIZE_RESPONSE, 0, VERSION << 16 | number)
        elif kind == Type.ASYNC_INITIALIZE and (client := server.clients.get(parameter)) is not None:
            if client.asynchronous is not None:
                self._fail(messages.BAD_INITIALIZATION, "the session has its asynchronous channel")
                return
            self._client = client
            client.asynchronous = self
            self.send(Type.ASYNC_INITIALIZE_RESPONSE, 0, VENDOR)
        else:
            self._fail(messages.BAD_INITIALIZATION, "invalid initialization sequence")

    def _fail(self, code: int, text: str) -> None:
        self.send(Type.FATAL_ERROR, code, 0, text.encode("ascii"))
        self.transport.close()


Handler: TypeAlias = Callable[[Client, HislipConnection, int, int, bytes], None]
"""Gets the connection on which the message came, its control code, its parameter and its payload."""


def _lock(client: Client, connection: HislipConnection, control: int, parameter: int, key: bytes) -> None:
    session, lock = client.session, client.session.port.lock

    def respond(granted: bool) -> None:
        connection.send(Type.ASYNC_LOCK_RESPONSE, int(granted), 0)

    if control == 0:
        connection.send(Type.ASYNC_LOCK_RESPONSE, 1 if lock.release(session) else 3, 0)
    elif key:
        respond(False)
    else:
        lock.take(session, parameter / 1000, respond)


def _lock_info(client: Client, connection: HislipConnection, *_: object) -> None:
    held = client.session.port.lock.holder is not None
    connection.send(Type.ASYNC_LOCK_INFO_RESPONSE, int(held), int(held))


def _remote_local(client: Client, connection: HislipConnection, control: int, *_: object) -> None:
    panel = client.session.port.panel
    if control in {0, 2, 6}:
        panel.go_to_local()
    elif control in {3, 4, 5}:  # 1 enables remote and changes nothing yet
        panel.go_to_remote(locked=control != 3)
    elif control != 1:
        connection.send(Type.ERROR, messages.UNKNOWN_CONTROL, 0, b"unrecognized control code")
        return
    connection.send(Type.ASYNC_REMOTE_LOCAL_RESPONSE, 0, 0)


def _largest(client: Client, connection: HislipConnection, _: int, __: int, payload: bytes) -> None:
    client.largest = max(1, min(int.from_bytes(payload, "big") - HEADER.size, LARGEST_PAYLOAD))
    connection.send(Type.ASYNC_MAXIMUM_MESSAGE_SIZE_RESPONSE, 0, 0, LARGEST_PAYLOAD.to_bytes(8, "big"))


def _clear(client: Client, connection: HislipConnection, *_: object) -> None:
    client.clear()
    connection.send(Type.ASYNC_DEVICE_CLEAR_ACKNOWLEDGE, 0, 0)


def _cleared(client: Client, connection: HislipConnection, *_: object) -> None:
    client.clear()
    connection.send(Type.DEVICE_CLEAR_ACKNOWLEDGE, 0, 0)


def _status(client: Client, connection: HislipConnection, control: int, *_: object) -> None:
    connection.send(Type.ASYNC_STATUS_RESPONSE, client.status(control), 0)


def _message(client: Client, control: int, number: int, data: bytes, *, end: bool) -> None:
    client.message(number, control, data, end=end)


def _when_unlocked(act: Callable[[Client, int, int, bytes], None]) -> Handler:
    """A message of a client waits while another one holds the lock (IVI-6.1, 6.5); here it is refused."""

    def handle(client: Client, connection: HislipConnection, control: int, parameter: int, payload: bytes) -> None:
        if client.session.port.lock.is_free_for(client.session):
            act(client, control, parameter, payload)
        else:
            connection.send(Type.ERROR, messages.LOCKED, 0, b"locked by another client")

    return handle


SYNCHRONOUS: Final[Mapping[int, Handler]] = {
    Type.DATA: _when_unlocked(partial(_message, end=False)),
    Type.DATA_END: _when_unlocked(partial(_message, end=True)),
    Type.TRIGGER: _when_unlocked(lambda client, control, number, _: client.trigger(number, control)),
    Type.DEVICE_CLEAR_COMPLETE: _cleared,
}

ASYNCHRONOUS: Final[Mapping[int, Handler]] = {
    Type.ASYNC_LOCK: _lock,
    Type.ASYNC_LOCK_INFO: _lock_info,
    Type.ASYNC_REMOTE_LOCAL_CONTROL: _remote_local,
    Type.ASYNC_MAXIMUM_MESSAGE_SIZE: _largest,
    Type.ASYNC_DEVICE_CLEAR: _clear,
    Type.ASYNC_STATUS_QUERY: _status,
}

"""VXI-11 (VMEbus Consortium, revision 1.0): the core channel of the bench's instruments, and its abort channel.

Devices are ``inst0`` (the meter) and ``inst1`` (the load). Both channels are one port. What it does not have: service
requests over an interrupt channel (error 8), and commands of ``device_docmd``, which are for gateways.
"""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final, TypeAlias

from hil.vbench.io.lan.rpc import Arguments, Program, Respond, RpcConnection, answer, numbers, opaque
from hil.vbench.io.lan.session import Session, instrument_named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hil.vbench.io.instrument_port import InstrumentPort

CORE: Final = 0x0607AF
ABORT: Final = 0x0607B0

NO_ERROR, NOT_ACCESSIBLE, NO_SUCH_LINK, NO_CHANNEL, NOT_SUPPORTED, OUT_OF_RESOURCES = 0, 3, 4, 6, 8, 9
LOCKED, NO_LOCK, TIMED_OUT, ABORTED = 11, 12, 15, 23
"""Error codes (B.5.2)."""

WAIT_FOR_LOCK, END, TERMINATED = 1 << 0, 1 << 3, 1 << 7
"""Flags of an operation (B.5.3)."""

BY_COUNT, BY_CHARACTER, BY_END = 1 << 0, 1 << 1, 1 << 2
"""Why a read ended (B.6.4)."""

LARGEST_WRITE: Final = 1 << 16
"""Bytes that a client may send with one ``device_write``."""

MOST_LINKS: Final = 64


Operation: TypeAlias = "tuple[int, float, Callable[[Respond], None]]"
"""Flags, seconds to wait for the lock, and what to do then."""


class Link:
    """A client's link to one instrument, and the read of it that waits."""

    def __init__(self, number: int, port: InstrumentPort, abort: Callable[[], None]) -> None:
        self.number = number
        self.session = Session(port, self._try_read, abort)
        self._reads: tuple[int, int | None, Respond] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def read(self, most: int, until: int | None, patience: float, respond: Respond) -> None:
        """Answer with at most ``most`` bytes of a reply, up to the character ``until``; wait for one if need be."""
        self.end_read(ABORTED)
        self._reads = most, until, respond
        self._timer = asyncio.get_running_loop().call_later(patience, self.end_read, TIMED_OUT)
        self._try_read()

    def end_read(self, error: int) -> None:
        """End a read that waits."""
        if self._reads is not None:
            respond = self._reads[2]
            self._forget()
            respond(numbers(error, 0) + opaque(b""))

    def _try_read(self) -> None:
        output = self.session.output
        if self._reads is None or not output:
            return
        most, until, respond = self._reads
        reply = output.popleft()
        size = min(len(reply), most)
        place = reply.find(until, 0, size) if until is not None else -1
        by_character = place >= 0
        if by_character:
            size = place + 1
        reason = (BY_CHARACTER if by_character else 0) | (BY_COUNT if size == most else 0)
        if size < len(reply):
            output.appendleft(reply[size:])
        else:
            reason |= BY_END
        self._forget()
        respond(numbers(NO_ERROR, reason) + opaque(reply[:size]))

    def _forget(self) -> None:
        self._reads = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


Prepare: TypeAlias = "Callable[[Link, Arguments], Operation]"


class Vxi11Server:
    """The links of all clients; an abort comes on another connection than what it ends.

    :param ports: instruments in the order of their device numbers.
    """

    def __init__(self, ports: Mapping[str, InstrumentPort]) -> None:
        self.instruments = ports
        self.links: dict[int, Link] = {}
        self.numbers = count(1)
        self.port = 0
        """Where it listens, once it does."""

    def make_protocol(self) -> RpcConnection:
        """Return the protocol for one more connection."""
        return _Connection(self)


class _Connection(RpcConnection):
    """A client; its links end with the connection."""

    def __init__(self, server: Vxi11Server) -> None:
        super().__init__()
        self._server = server
        self._own: set[int] = set()
        self._programs = {
            CORE: Program(
                range(1, 2),
                {
                    10: self._create_link,
                    **{number: partial(self._guarded, *each) for number, each in OPERATIONS.items()},
                    18: self._lock,
                    19: self._unlock,
                    20: partial(self._refuse, NOT_SUPPORTED),
                    22: lambda _, respond: respond(numbers(NOT_SUPPORTED) + opaque(b"")),
                    23: self._destroy_link,
                    25: partial(self._refuse, NOT_SUPPORTED),
                    26: partial(self._refuse, NO_CHANNEL),
                },
            ),
            ABORT: Program(range(1, 2), {1: self._abort_link}),
        }

    def carry_out(self, record: bytes) -> None:
        """See :class:`RpcConnection`."""
        answer(record, self._programs, self.respond)

    def connection_lost(self, exc: Exception | None) -> None:
        """End its links (called by asyncio)."""
        for number in self._own:
            self._end(number)

    def _end(self, number: int) -> None:
        link = self._server.links.pop(number, None)
        if link is not None:
            link.end_read(ABORTED)
            link.session.close()

    # --- links -------------------------------------------------------------------------------------------------

    def _create_link(self, arguments: Arguments, respond: Respond) -> None:
        arguments.number()  # the client's own number for the link
        lock, patience, name = arguments.number(), arguments.number() / 1000, arguments.text()
        server = self._server
        port = instrument_named(name, "inst", server.instruments)
        if port is None or len(server.links) >= MOST_LINKS:
            respond(numbers(NOT_ACCESSIBLE if port is None else OUT_OF_RESOURCES, 0, 0, 0))
            return
        link = Link(next(server.numbers), port, self.abort)

        def created(free: bool) -> None:
            if not free:
                link.session.close()
                respond(numbers(LOCKED, 0, 0, 0))
                return
            server.links[link.number] = link
            self._own.add(link.number)
            respond(numbers(NO_ERROR, link.number, server.port, LARGEST_WRITE))

        if lock:
            port.lock.take(link.session, patience, created)
        else:
            created(True)

    def _destroy_link(self, arguments: Arguments, respond: Respond) -> None:
        number = arguments.number()
        known = number in self._own
        if known:
            self._own.discard(number)
            self._end(number)
        respond(numbers(NO_ERROR if known else NO_SUCH_LINK))

    def _abort_link(self, arguments: Arguments, respond: Respond) -> None:
        link = self._server.links.get(arguments.number())
        if link is not None:
            link.end_read(ABORTED)
        respond(numbers(NO_SUCH_LINK if link is None else NO_ERROR))

    # --- locks -------------------------------------------------------------------------------------------------

    def _lock(self, arguments: Arguments, respond: Respond) -> None:
        link, flags, patience = self._link(arguments), arguments.number(), arguments.number() / 1000
        if link is None:
            respond(numbers(NO_SUCH_LINK))
            return
        wait = patience if flags & WAIT_FOR_LOCK else 0.0
        link.session.port.lock.take(link.session, wait, lambda free: respond(numbers(NO_ERROR if free else LOCKED)))

    def _unlock(self, arguments: Arguments, respond: Respond) -> None:
        link = self._link(arguments)
        if link is None:
            respond(numbers(NO_SUCH_LINK))
        else:
            respond(numbers(NO_ERROR if link.session.port.lock.release(link.session) else NO_LOCK))

    def _link(self, arguments: Arguments) -> Link | None:
        number = arguments.number()
        return self._server.links.get(number) if number in self._own else None

    # --- operations --------------------------------------------------------------------------------------------

    def _guarded(self, prepare: Prepare, empty: bytes, arguments: Arguments, respond: Respond) -> None:
        """Carry out an operation that another client's lock holds up; ``empty`` is the result behind an error."""
        link = self._link(arguments)
        if link is None:
            respond(numbers(NO_SUCH_LINK) + empty)
            return
        flags, patience, act = prepare(link, arguments)

        def proceed(free: bool) -> None:
            act(respond) if free else respond(numbers(LOCKED) + empty)

        link.session.port.lock.when_free(link.session, patience if flags & WAIT_FOR_LOCK else 0.0, proceed)

    def _refuse(self, error: int, _: Arguments, respond: Respond) -> None:
        respond(numbers(error))


def _write(link: Link, arguments: Arguments) -> Operation:
    _, patience, flags = (arguments.number() for _ in range(3))
    data = arguments.opaque(LARGEST_WRITE)

    def act(respond: Respond) -> None:
        taken = link.session.write(data, end=bool(flags & END))
        respond(numbers(NO_ERROR, len(data)) if taken else numbers(OUT_OF_RESOURCES, 0))

    return flags, patience / 1000, act


def _read(link: Link, arguments: Arguments) -> Operation:
    most, reading, patience, flags, character = (arguments.number() for _ in range(5))
    until = character & 0xFF if flags & TERMINATED else None
    return flags, patience / 1000, lambda respond: link.read(most, until, reading / 1000, respond)


def _generic(do: Callable[[Link], bytes], link: Link, arguments: Arguments) -> Operation:
    flags, patience, _ = (arguments.number() for _ in range(3))
    return flags, patience / 1000, lambda respond: respond(numbers(NO_ERROR) + do(link))


def _status(link: Link) -> bytes:
    return numbers(link.session.status_byte())


def _trigger(link: Link) -> bytes:
    link.session.trigger()
    return b""


def _clear(link: Link) -> bytes:
    link.end_read(ABORTED)
    link.session.clear()
    return b""


def _go_to_remote(link: Link) -> bytes:
    """VXI-11 makes no difference between remote and remote with lockout (B.6.8)."""
    link.session.port.panel.go_to_remote(locked=True)
    return b""


def _go_to_local(link: Link) -> bytes:
    link.session.port.panel.go_to_local()
    return b""


OPERATIONS: Final[Mapping[int, tuple[Prepare, bytes]]] = {
    11: (_write, numbers(0)),
    12: (_read, numbers(0) + opaque(b"")),
    13: (partial(_generic, _status), numbers(0)),
    14: (partial(_generic, _trigger), b""),
    15: (partial(_generic, _clear), b""),
    16: (partial(_generic, _go_to_remote), b""),
    17: (partial(_generic, _go_to_local), b""),
}
"""device_write, _read, _readstb, _trigger, _clear, _remote and _local, with what follows an error."""

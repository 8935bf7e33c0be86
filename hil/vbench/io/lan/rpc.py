"""ONC RPC as far as VXI-11 needs it: calls and records (RFC 5531), XDR's integers and byte strings (RFC 4506)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from hil.vbench.io.sockets import ByteProtocol

if TYPE_CHECKING:
    from collections.abc import Mapping

CALL, REPLY = 0, 1
RPC_VERSION: Final = 2
SUCCESS, PROGRAM_UNAVAILABLE, PROGRAM_MISMATCH, PROCEDURE_UNAVAILABLE, GARBAGE_ARGUMENTS = range(5)
"""How an accepted call ended."""

LAST_FRAGMENT: Final = 1 << 31
LARGEST_RECORD: Final = 1 << 21
MOST_CREDENTIALS: Final = 400
"""Bytes of an authentication (RFC 5531, 8.2)."""


class Garbage(ValueError):
    """What was sent is no call, or no arguments of this procedure."""


class Arguments:
    """Reads XDR from the front."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def number(self) -> int:
        """Take an unsigned integer; an enumeration and a truth value too."""
        return int.from_bytes(self._take(4), "big")

    def opaque(self, most: int = LARGEST_RECORD) -> bytes:
        """Take a byte string."""
        size = self.number()
        if size > most:
            raise Garbage(f"a string of {size} bytes")
        data = self._take(size)
        self._take(-size % 4)
        return data

    def text(self) -> str:
        """Take a string of ASCII characters."""
        return self.opaque(1024).decode("ascii", "replace")

    def _take(self, count: int) -> bytes:
        if len(self.rest) < count:
            raise Garbage("too short")
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken


def numbers(*values: int) -> bytes:
    """Return unsigned integers as XDR."""
    return struct.pack(f"!{len(values)}I", *values)


def opaque(data: bytes) -> bytes:
    """Return a byte string as XDR."""
    return numbers(len(data)) + data + bytes(-len(data) % 4)


Respond: TypeAlias = Callable[[bytes], None]
Procedure: TypeAlias = Callable[[Arguments, Respond], None]
"""Takes its arguments, and calls back with the result, now or later; raises Garbage for arguments that are none."""


class Program(NamedTuple):
    """A remote program."""

    versions: range
    procedures: Mapping[int, Procedure]


def answer(call: bytes, programs: Mapping[int, Program], respond: Respond) -> None:
    """Carry out ``call`` and call back with the whole reply; what is no call gets none."""
    arguments = Arguments(call)
    try:
        number, kind, rpc_version, program_number, version, procedure_number = (arguments.number() for _ in range(6))
        for _ in ("credentials", "verifier"):
            arguments.number()
            arguments.opaque(MOST_CREDENTIALS)
    except Garbage:
        return
    if kind != CALL:
        return
    if rpc_version != RPC_VERSION:
        respond(numbers(number, REPLY, 1, 0, RPC_VERSION, RPC_VERSION))  # denied: RPC_MISMATCH
        return

    def accept(status: int, result: bytes = b"") -> None:
        respond(numbers(number, REPLY, 0, 0, 0, status) + result)

    program = programs.get(program_number)
    if program is None:
        accept(PROGRAM_UNAVAILABLE)
    elif version not in program.versions:
        accept(PROGRAM_MISMATCH, numbers(program.versions[0], program.versions[-1]))
    elif procedure_number == 0:
        accept(SUCCESS)
    elif (procedure := program.procedures.get(procedure_number)) is None:
        accept(PROCEDURE_UNAVAILABLE)
    else:
        try:
            procedure(arguments, lambda result: accept(SUCCESS, result))
        except Garbage:
            accept(GARBAGE_ARGUMENTS)


class RpcConnection(ByteProtocol):
    """A client over TCP; a record that is too long ends the connection."""

    def __init__(self) -> None:
        super().__init__()
        self._rest = b""
        self._record = b""

    def carry_out(self, record: bytes) -> None:
        """Take a call; its reply goes to ``respond``."""
        raise NotImplementedError

    def data_received(self, data: bytes) -> None:
        """Take bytes; carry out each call that is whole."""
        self._rest += data
        while len(self._rest) >= 4:
            mark = int.from_bytes(self._rest[:4], "big")
            size = mark & ~LAST_FRAGMENT
            if len(self._record) + size > LARGEST_RECORD:
                self.abort()
                return
            if len(self._rest) < 4 + size:
                return
            self._record += self._rest[4 : 4 + size]
            self._rest = self._rest[4 + size :]
            if mark & LAST_FRAGMENT:
                record, self._record = self._record, b""
                self.carry_out(record)

    def respond(self, reply: bytes) -> None:
        """Send a reply, if the client is still there."""
        if not self.transport.is_closing():
            self.transport.write(numbers(LAST_FRAGMENT | len(reply)) + reply)

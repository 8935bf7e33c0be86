"""The transport over a serial line: a PTY whose other end is in the test's hand."""

from __future__ import annotations

import os
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pytest

from hil.errors import RigFault
from hil.instruments.transport import Transport
from hil.instruments.visa.raw_socket import LONGEST_REPLY


@dataclass
class Wire:
    """One end of a PTY."""

    ours: int
    theirs: int

    @property
    def resource(self) -> str:
        return f"ASRL{os.ttyname(self.theirs)}::INSTR"

    def send(self, data: bytes) -> None:
        os.write(self.ours, data)


@contextmanager
def wire(answer: Callable[[Wire, bytes], None] = lambda line, command: None) -> Iterator[Wire]:
    """Open a PTY; a thread hands each line that comes to ``answer``, until an empty one says that it is over."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    line = Wire(ours, theirs)

    def serve() -> None:
        rest = b""
        while True:
            *commands, rest = (rest + os.read(ours, 4096)).split(b"\n")
            for command in commands:
                if not command:
                    return
                answer(line, command)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        os.write(theirs, b"\n")
        thread.join(5)
        os.close(ours)
        os.close(theirs)


def identify(line: Wire, command: bytes) -> None:
    if command == b"*IDN?":
        line.send(b"ACME,M1")
        line.send(b",7,1.0\r\n")


def test_query_puts_a_reply_in_pieces_together_and_a_write_has_none() -> None:
    with wire(identify) as line, closing(Transport("meter", line.resource)) as transport:
        transport.write("*CLS")
        assert transport.query("*IDN?") == "ACME,M1,7,1.0"


def test_silence_ends_at_the_time_out_and_the_next_query_works() -> None:
    with wire(identify) as line, closing(Transport("meter", line.resource, timeout=0.05)) as transport:
        with pytest.raises(RigFault, match=r"^meter \(ASRL.*no whole reply to '\*OPC\?' within 0.05 s: read nothing"):
            transport.query("*OPC?")
        assert transport.query("*IDN?") == "ACME,M1,7,1.0"


def test_bytes_that_no_query_asked_for_are_refused_and_not_taken_for_a_reply() -> None:
    with wire(identify) as line, closing(Transport("meter", line.resource)) as transport:
        transport.query("*IDN?")
        line.send(b"late\n")
        with pytest.raises(RigFault, match="bytes that no query asked for: read b'late"):
            transport.query("*IDN?")
        assert transport.query("*IDN?") == "ACME,M1,7,1.0"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (b"1\n2\n", "more than one line"),
        (b"x" * (LONGEST_REPLY + 4096), f"more than {LONGEST_REPLY} bytes without a line feed"),
        (b"\xff\x00\n", "not readable ASCII"),
    ],
)
def test_nonsense_is_refused(reply: bytes, words: str) -> None:
    with (
        wire(lambda line, command: line.send(reply)) as line,
        closing(Transport("meter", line.resource, timeout=5.0)) as transport,
        pytest.raises(RigFault, match=words),
    ):
        transport.query("*IDN?")


def test_a_line_that_is_gone_is_a_lost_connection() -> None:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    with closing(Transport("meter", f"ASRL{os.ttyname(theirs)}::INSTR")) as transport:
        os.close(theirs)
        os.close(ours)
        with pytest.raises(RigFault, match="meter"):
            transport.query("*IDN?")


def test_a_port_that_does_not_exist_is_named() -> None:
    with pytest.raises(RigFault, match=r"meter \(ASRL/dev/no-such-port::INSTR\): no connection"):
        Transport("meter", "ASRL/dev/no-such-port::INSTR")

"""Transcripts: one dialogue with an instrument, against which its driver and its virtual twin are held by themselves.

Neither side knows the other: a mistake that both share would have to be in the transcript too. A transcript is a YAML
list; each line has ``tx`` (to the instrument), ``rx`` (its reply, ``~``: none), ``rx_pattern`` (what every reply
matches, where a value varies) and ``s``, its source: ``m`` the maker's manual, ``d`` an independent driver or a log,
``b`` a sibling's manual, ``u`` unverified.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self, TypeAlias

import pytest
from ruamel.yaml import YAML

from hil.instruments.dialects import LOADS, opened_load, opened_meter
from hil.instruments.transport import Transport
from hil.plugin_tests.laboratory import InLaboratory
from hil.ports import LoadLimits, Protecting
from hil.units import Ampere, Volt, Watt
from hil.vbench.instruments.registry import virtual_load, virtual_meter
from hil.vbench.plant.terminals import ElectronicLoadState, MeterSample, Pause, VirtualInstrument

SOURCES = frozenset("mdbu")


@dataclass(frozen=True)
class Line:
    """One exchange of a transcript."""

    tx: str
    rx: str | None
    s: str
    rx_pattern: str | None = None


def read_transcript(path: Path) -> list[Line]:
    """Return the lines of a transcript."""
    return [Line(**entry) for entry in YAML(typ="safe").load(path.read_text(encoding="utf-8"))]


Action: TypeAlias = "bytes | Callable[[socket.socket], None]"
"""What an instrument does on a command instead of what the transcript says: send these bytes, or act on the line."""


@dataclass
class ScriptedInstrument:
    """Serves one connection after the other on loopback; a command that is not in the transcript ends it.

    A command is looked up from the line after the last one onwards and then from the top, so that a transcript whose
    order is that of a session gives the reply that belongs to the present state.
    """

    transcript: list[Line]
    instead: Mapping[str, list[Action]] = field(default_factory=dict)
    """For a command, what to do instead, once for each entry; then the transcript holds again."""
    received: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._position = -1
        self._actions = {command: list(actions) for command, actions in self.instead.items()}
        self._server = socket.create_server(("127.0.0.1", 0))
        self._line: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, name="scripted instrument", daemon=True)

    @property
    def resource(self) -> str:
        """Its VISA resource."""
        return f"TCPIP::127.0.0.1::{self._server.getsockname()[1]}::SOCKET"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # shutdown wakes the thread out of accept and recv
        for end in (self._server, self._line):
            if end is not None and end.fileno() >= 0:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=5)
        self._server.close()
        if self._thread.is_alive():
            raise AssertionError("the scripted instrument did not end")
        if self.unknown:
            raise AssertionError(f"commands that are not in the transcript: {self.unknown}")

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            self._line = line
            with line:
                try:
                    self._converse(line)
                except OSError:
                    continue

    def _converse(self, line: socket.socket) -> None:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        buffer = b""
        while data := line.recv(4096):
            buffer += data
            while b"\n" in buffer:
                command, buffer = buffer.split(b"\n", 1)
                self._answer(line, command.decode("ascii"))

    def _answer(self, line: socket.socket, command: str) -> None:
        self.received.append(command)
        actions = self._actions.get(command)
        if actions:
            action = actions.pop(0)
            if callable(action):
                action(line)
            else:
                line.sendall(action)
            return
        count = len(self.transcript)
        for position in [(self._position + offset) % count for offset in range(1, count + 1)]:
            if self.transcript[position].tx == command:
                self._position = position
                reply = self.transcript[position].rx
                if reply is not None:
                    line.sendall(reply.encode("ascii") + b"\n")
                return
        self.unknown.append(command)
        line.shutdown(socket.SHUT_RDWR)


def wrong_lines(lines: Sequence[Line]) -> list[str]:
    """Return what is wrong: no line, a line without source, a query without reply, a reply unlike its pattern."""
    found = []
    for number, line in enumerate(lines, 1):
        query = bool(line.tx) and line.tx.split()[0].endswith("?")
        if line.s not in SOURCES:
            found.append(f"line {number}: '{line.s}' is no source; known: {', '.join(sorted(SOURCES))}")
        if query != (line.rx is not None):
            found.append(f"line {number}: '{line.tx}' is {'a query' if query else 'no query'} (rx: {line.rx})")
        if line.rx_pattern is not None and not re.fullmatch(line.rx_pattern, line.rx or ""):
            found.append(f"line {number}: '{line.rx}' does not match '{line.rx_pattern}'")
    return found if lines else ["it has no lines"]


def let_driver_speak(dialect: str, lines: Sequence[Line]) -> None:
    """Have a driver prepare, read and switch an instrument that knows these lines and nothing else.

    Raises AssertionError for a command that is not in the transcript, RigFault for a reply that the driver refuses.
    """
    with ScriptedInstrument(list(lines)) as instrument:
        if _is_load(dialect):
            with closing(opened_load(Transport("load", instrument.resource), dialect).port) as load:
                load.prepare()
                if isinstance(load, Protecting):
                    load.protect(LoadLimits(Watt(1000.0), Ampere(4.5), Volt(60.0)))
                load.set_input(on=True)
                load.set_input(on=False)
                load.errors()
        else:
            with closing(opened_meter(Transport("meter", instrument.resource), dialect).port) as meter:
                meter.prepare()
                meter.read()
                meter.errors()


def differing_replies(dialect: str, lines: Sequence[Line]) -> list[str]:
    """Return where the virtual twin of a dialect answers otherwise than the transcript says."""
    twin, found = _twin(dialect), []
    for number, line in enumerate(lines, 1):
        try:
            reply = twin.execute(line.tx)
        except Pause:  # nothing happens here that it could wait for
            reply = None
        if line.rx is None or line.rx_pattern is None:
            agrees = reply == line.rx
        else:
            agrees = re.fullmatch(line.rx_pattern, str(reply)) is not None
        if not agrees:
            found.append(f"line {number}: '{line.tx}' was answered by {reply!r}, not {line.rx_pattern or line.rx!r}")
    return found


def _is_load(dialect: str) -> bool:
    return dialect.casefold() in map(str.casefold, LOADS.names())


def _twin(dialect: str) -> VirtualInstrument:
    """Return a meter whose first update, of 0.25 s, is over, or a load with voltage at its terminals."""
    if _is_load(dialect):
        load = virtual_load(dialect)(ElectronicLoadState(measured=lambda: (48.0, 1.5, 72.0, 50.0)), lambda: 0.0)
        load.power_on("seed")
        return load
    meter = virtual_meter(dialect)(lambda: 0.25)
    meter.power_on("seed")
    meter.update(MeterSample(0.25, 0.25, 230.0, 5.652, 1300.0, 50.0))
    return meter


class TranscriptConformance(InLaboratory):
    """Holds a driver and its virtual twin against a transcript, each by itself.

    In a test module of your own::

        class TestTranscriptOfAcme9000(TranscriptConformance):
            dialect = "acme9000"
            transcript = Path(__file__).with_name("acme9000.yaml")
    """

    dialect: ClassVar[str]
    """Name of driver and twin in their groups of plug-ins."""

    transcript: ClassVar[Path]

    def test_every_line_has_a_source_and_an_example_that_fits_its_pattern(self) -> None:
        """The transcript itself is in order."""
        if wrong := wrong_lines(read_transcript(self.transcript)):
            pytest.fail("\n".join(wrong), pytrace=False)

    def test_the_driver_says_nothing_that_the_transcript_does_not_have(self) -> None:
        """And it takes each reply."""
        let_driver_speak(self.dialect, read_transcript(self.transcript))

    def test_the_twin_answers_each_line(self) -> None:
        """As the transcript says, or as its pattern allows."""
        if wrong := differing_replies(self.dialect, read_transcript(self.transcript)):
            pytest.fail("\n".join(wrong), pytrace=False)

"""A scripted instrument on a real TCP socket: it plays a transcript and knows nothing else."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from ruamel.yaml import YAML

TRANSCRIPTS = Path(__file__).parents[3] / "fixtures" / "data" / "transcripts"


@dataclass(frozen=True)
class Line:
    """One exchange of a transcript."""

    tx: str
    rx: str | None
    s: str
    rx_pattern: str | None = None


def load_transcript(name: str) -> list[Line]:
    """Read ``fixtures/data/transcripts/<name>.yaml``."""
    text = (TRANSCRIPTS / f"{name}.yaml").read_text(encoding="utf-8")
    return [Line(**entry) for entry in YAML(typ="safe").load(text)]


Action: TypeAlias = "bytes | Callable[[socket.socket], None]"
"""What an instrument does on a command instead of what the transcript says: send these bytes, or act on the line."""

SILENCE: Action = b""


def close_line(line: socket.socket) -> None:
    """End the connection in good order."""
    line.shutdown(socket.SHUT_RDWR)


def reset_line(line: socket.socket) -> None:
    """End the connection with RST."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


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
        assert not self._thread.is_alive(), "the scripted instrument did not end"
        self._server.close()
        assert self.unknown == [], f"commands that are not in the transcript: {self.unknown}"

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

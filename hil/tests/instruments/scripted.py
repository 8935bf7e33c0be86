"""The framework's own transcripts, and what an instrument may do to its line."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

from hil.plugin_tests.transcripts import Action, Line, ScriptedInstrument, read_transcript

__all__ = [
    "SILENCE",
    "TRANSCRIPTS",
    "Action",
    "Line",
    "ScriptedInstrument",
    "close_line",
    "load_transcript",
    "reset_line",
]

TRANSCRIPTS = Path(__file__).parents[3] / "fixtures" / "data" / "transcripts"

SILENCE: Action = b""


def load_transcript(name: str) -> list[Line]:
    """Read ``fixtures/data/transcripts/<name>.yaml``."""
    return read_transcript(TRANSCRIPTS / f"{name}.yaml")


def close_line(line: socket.socket) -> None:
    """End the connection in good order."""
    line.shutdown(socket.SHUT_RDWR)


def reset_line(line: socket.socket) -> None:
    """End the connection with RST."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()

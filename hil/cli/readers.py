"""Output whose reader has gone, as in ``hil steps | head``: what is written then is lost, and nothing else.

So a command goes on to its end and tells by its exit code what it would have told.
"""

from __future__ import annotations

import io
import sys


class _Leniently(io.FileIO):
    """The raw file of a standard stream; a closed pipe takes all."""

    def write(self, data: object, /) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]  # any buffer
        except BrokenPipeError:
            return memoryview(data).nbytes  # type: ignore[arg-type]  # as above


def outlive_readers() -> None:
    """Let standard output and standard error outlive their readers; streams that were replaced stay as they are."""
    for name in ("stdout", "stderr"):
        stream, own = getattr(sys, name), getattr(sys, f"__{name}__")
        if stream is not own or not isinstance(stream, io.TextIOWrapper):
            continue
        stream.flush()
        raw = _Leniently(stream.fileno(), "w", closefd=False)
        replacement = io.TextIOWrapper(
            io.BufferedWriter(raw),
            encoding=stream.encoding,
            errors=stream.errors,
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
        setattr(sys, name, replacement)
        setattr(sys, f"__{name}__", replacement)

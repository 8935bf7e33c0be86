"""Output that cannot be written, or whose reader has gone, as in ``hil steps | head``.

What is written then is lost, and nothing else: the command goes on to its end, and a run writes its reports. A reader
that has gone did not want more. A full disk or a closed stream is told at the end, with the code for what the
laboratory mends.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from typing import Final

from hil.errors import ExitCode, RigFault

NAMES: Final = {"stdin": "standard input", "stdout": "standard output", "stderr": "standard error"}
"""By the name that Python has for each, in the order of their descriptors."""


class LostOutput:
    """What could not be written to standard output or standard error."""

    def __init__(self) -> None:
        self._why: dict[str, str] = {}

    def note(self, stream: str, why: str) -> None:
        """Something that was written to this stream is lost."""
        self._why.setdefault(stream, why)

    def code(self, code: int) -> int:
        """Return the exit code of a command that would end with ``code``, and tell on standard error what is lost."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        if why := self._why.get("stdout"):
            told = RigFault(
                f"it cannot be written ({why}), so what was to be told there is lost, and nothing else",
                place=NAMES["stdout"],
                remedy="Free space, or let it go elsewhere; then rerun.",
            )
            sys.stderr.write(f"hil: {told}\n")
            sys.stderr.flush()
        return ExitCode.RIG_FAULT if self._why and code != ExitCode.EVIDENCE_ALTERED else code


class _Leniently(io.FileIO):
    """The raw file of a standard stream, which takes all.

    :param closed: whether the stream was closed when the command began, so that whatever is written is lost.
    """

    def __init__(self, descriptor: int, stream: str, lost: LostOutput, *, closed: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._stream, self._lost, self._closed = stream, lost, closed

    def write(self, data: object, /) -> int:
        size = memoryview(data).nbytes  # type: ignore[arg-type]  # any buffer
        if self._closed:
            self._lost.note(self._stream, "it is closed")
            return size
        try:
            return super().write(data)  # type: ignore[arg-type]  # as above
        except BrokenPipeError:
            return size
        except OSError as error:
            if error.errno != errno.EIO or not stat.S_ISCHR(os.fstat(self.fileno()).st_mode):  # else a terminal is gone
                self._lost.note(self._stream, error.strerror or str(error))
            return size


def outlive_readers() -> LostOutput:
    """Let standard output and standard error take whatever is written; return what tells whether all of it arrived.

    Streams that were replaced stay as they are. The descriptors of streams that are closed lead nowhere afterwards: a
    file that is opened later would else be taken for one of them.
    """
    lost = LostOutput()
    for descriptor, name in enumerate(NAMES):
        stream, own = getattr(sys, name), getattr(sys, f"__{name}__")
        closed = stream is None
        if closed:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, descriptor)
            os.set_inheritable(descriptor, True)
            if nowhere != descriptor:
                os.close(nowhere)
        if name == "stdin":
            sys.stdin = open(descriptor, closefd=False) if closed else stream  # noqa: SIM115 - as long as the process
            continue
        if stream is not own or not (closed or isinstance(stream, io.TextIOWrapper)):
            continue
        if not closed:
            stream.flush()
        raw = _Leniently(descriptor if closed else stream.fileno(), name, lost, closed=closed)
        replacement = io.TextIOWrapper(
            io.BufferedWriter(raw),
            encoding="utf-8" if closed else stream.encoding,
            errors="backslashreplace" if closed else stream.errors,
            line_buffering=closed or stream.line_buffering,
            write_through=not closed and stream.write_through,
        )
        setattr(sys, name, replacement)
        setattr(sys, f"__{name}__", replacement)
    return lost

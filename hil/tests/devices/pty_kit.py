"""PTYs for tests of real programs: the test holds one end, the program opens the other by its path."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hil.clock import stopwatch

DEADLINE_S = 10.0


@dataclass
class Pty:
    """``ours`` is the test's end; ``path`` names the program's."""

    ours: int
    theirs: int
    path: str

    def write(self, data: bytes) -> None:
        os.write(self.ours, data)

    def read(self, count: int) -> bytes:
        """Return exactly ``count`` bytes, or what came within the deadline."""
        return self._until(lambda got: len(got) >= count)

    def read_line(self) -> bytes:
        return self._until(lambda got: got.endswith(b"\n"), one=True)

    def _until(self, enough: Callable[[bytes], bool], *, one: bool = False) -> bytes:
        got, elapsed = b"", stopwatch()
        while not enough(got) and elapsed() < DEADLINE_S:
            if select.select([self.ours], [], [], 0.1)[0]:
                got += os.read(self.ours, 1 if one else 4096)
        return got

    def close(self) -> None:
        for end in (self.ours, self.theirs):
            with contextlib.suppress(OSError):
                os.close(end)


@contextlib.contextmanager
def pty() -> Iterator[Pty]:
    """A PTY in raw mode."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    pair = Pty(ours, theirs, os.ttyname(theirs))
    try:
        yield pair
    finally:
        pair.close()


@contextlib.contextmanager
def answering(answer: Callable[[bytes], bytes | None], length: int = 8) -> Iterator[str]:
    """The path of a serial port behind which each request of ``length`` bytes is answered, in a thread."""
    wake, end = os.pipe()
    with pty() as line:

        def serve() -> None:
            received = b""
            while True:
                ready = select.select([line.ours, wake], [], [])[0]
                if wake in ready:
                    return
                received += os.read(line.ours, 4096)
                while len(received) >= length:
                    request, received = received[:length], received[length:]
                    reply = answer(request)
                    if reply is not None:
                        os.write(line.ours, reply)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield line.path
        finally:
            os.close(end)
            thread.join(DEADLINE_S)
            os.close(wake)

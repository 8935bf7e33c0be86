"""One end of the line: messages out, messages in, and what could not be decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.second.wire.frames import FrameFlaw, FrameReader, frame
from hil.second.wire.messages import Message, Undecodable, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Line:
    """One end of the line.

    :param write: takes bytes for the other end.
    :param note: takes a line for people.
    """

    def __init__(self, write: Callable[[bytes], None], note: Callable[[str], None]) -> None:
        self._write = write
        self._note = note
        self._reader = FrameReader()

    def reset(self) -> None:
        """Forget a frame that was begun."""
        self._reader = FrameReader()

    def send(self, message: Message) -> None:
        """Send a message."""
        self._write(frame(encode(message)))

    def messages(self, data: bytes) -> Iterator[Message | Undecodable]:
        """Yield what ended in ``data``; bad frames are noted and dropped."""
        for result in self._reader.feed(data):
            if isinstance(result, FrameFlaw):
                self._note(f"dropped a frame: {result}")
                continue
            try:
                yield decode(result)
            except Undecodable as error:
                self._note(f"dropped a message: {error.code.name}: {error.text}")
                yield error

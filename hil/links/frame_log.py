"""Decodes what passes on a line, for the evidence: it never changes or delays a byte."""

from __future__ import annotations

from collections.abc import Callable

from hil.protocol.framing import FrameDecoder, FrameError, encode_frame
from hil.protocol.messages import Message, MessageError, decode_message

FrameListener = Callable[[Message | FrameError | MessageError, bytes], None]
"""Called for each whole frame: what it is, and its bytes as they were on the wire (empty for a broken frame)."""


class FrameLog:
    """One direction of a line."""

    def __init__(self, listener: FrameListener) -> None:
        self._decoder = FrameDecoder()
        self._listener = listener

    def feed(self, data: bytes) -> None:
        for item in self._decoder.feed(data):
            if isinstance(item, FrameError):
                self._listener(item, b"")
                continue
            message: Message | MessageError
            try:
                message = decode_message(item)
            except MessageError as error:
                message = error
            self._listener(message, encode_frame(item))  # a payload has exactly one frame

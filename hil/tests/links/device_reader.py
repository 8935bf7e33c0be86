"""What a device makes of the bytes that come to it."""

from __future__ import annotations

from typing import TypeAlias

from hil.protocol.wire.fields import MessageError
from hil.protocol.wire.framing import FrameDecoder, FrameError, encode_frame
from hil.protocol.wire.messages import Message, decode_message

Decoded: TypeAlias = "Message | FrameError | MessageError"
"""What a whole frame is: a message, or why it holds none."""


class FrameReader:
    """One direction of a line."""

    def __init__(self) -> None:
        self._decoder = FrameDecoder()

    def feed(self, data: bytes) -> list[tuple[Decoded, bytes]]:
        """Return what ``data`` completes, each with its bytes as they were on the wire (empty for a broken frame)."""
        return [_read(item) for item in self._decoder.feed(data)]


def _read(item: bytes | FrameError) -> tuple[Decoded, bytes]:
    if isinstance(item, FrameError):
        return item, b""
    message: Message | MessageError
    try:
        message = decode_message(item)
    except MessageError as error:
        message = error
    return message, encode_frame(item)  # a payload has exactly one frame

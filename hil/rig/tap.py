"""A line of the bench whose bytes are also decoded for the evidence, each in the instant it passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hil.links.frame_log import FrameLog
    from hil.ports import Line


class TappedLine:
    """Implements :class:`hil.ports.Line`; nothing is changed or delayed, only lost while it is ``cut``."""

    def __init__(self, line: Line, to_device: FrameLog, from_device: FrameLog) -> None:
        self._line = line
        self._to_device = to_device
        self._from_device = from_device
        self.name = line.name
        self.cut = False

    def write(self, data: bytes) -> None:
        if self.cut:
            return
        self._line.write(data)
        self._to_device.feed(data)

    def listen(self, listener: Callable[[bytes], None]) -> None:
        def on_bytes(data: bytes) -> None:
            if self.cut:
                return
            self._from_device.feed(data)
            listener(data)

        self._line.listen(on_bytes)

"""A terminal of a few lines, as far as pytest and the live line need one: what a person would see."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(rb"\x1b\[([0-9;?]*)([A-Za-z])|\x1b([78D])|([\r\n\b])|([^\x1b\r\n\b]+)")


@dataclass
class Screen:
    """Interprets what was written to a terminal with this many columns and rows."""

    columns: int = 120
    rows: int = 12
    lines: list[list[str]] = field(default_factory=lambda: [[]])
    row: int = 0
    column: int = 0
    top: int = 0
    """Number of the first line that is still on the screen; the cursor goes no higher."""
    saved: tuple[int, int] = (0, 0)

    def feed(self, data: bytes) -> None:
        for match in _TOKEN.finditer(data):
            number, final, escape, control, text = match.groups()
            if text is not None:
                self._put(text.decode(errors="replace"))
            elif control == b"\r":
                self.column = 0
            elif control == b"\n" or escape == b"D":
                self._down()
            elif escape == b"7":
                self.saved = (self.row - self.top, self.column)
            elif escape == b"8":
                self.row, self.column = self.saved[0] + self.top, self.saved[1]
            elif final == b"A":
                self.row = max(self.top, self.row - int(number or 1))
            elif final == b"B":
                self.row = min(self.top + self.rows - 1, self.row + int(number or 1))
                self._grow()
            elif final == b"K" and number == b"2":
                self.lines[self.row] = []

    def text(self) -> list[str]:
        """All lines, scrolled off or not, without trailing blanks."""
        return ["".join(line).rstrip() for line in self.lines]

    def _down(self) -> None:
        self.row += 1
        self.top = max(self.top, self.row - self.rows + 1)
        self._grow()

    def _grow(self) -> None:
        while len(self.lines) <= self.row:
            self.lines.append([])

    def _put(self, text: str) -> None:
        for character in text:
            line = self.lines[self.row]
            line.extend(" " * (self.column + 1 - len(line)))
            line[self.column] = character
            self.column += 1
            if self.column == self.columns:
                self.column = 0
                self._down()

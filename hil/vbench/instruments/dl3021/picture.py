"""What the display of the DL3021 shows, as a picture: ``PROJ:WND:DATA?``.

The guide does not have the command. Public clients of the real unit send it, and expect a BMP file in a block: the
plug-in rigol-dl3000 of lxi-tools, and a program whose author found it in the traffic of the maker's own software.
480 x 272 pixels (u). The layout is ours: function, operation and state; the readings; the level that is set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hil.vbench.instruments.display import GREEN, GREY, WHITE, YELLOW, picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.ImageDraw import ImageDraw as Pen

WIDTH, HEIGHT = 480, 272


class Shown(NamedTuple):
    """The contents of the display."""

    heading: str
    readings: Sequence[str]
    """With their units."""
    level: str


def draw(shown: Shown) -> bytes:
    """Return the picture as a BMP file. Raises ScpiError if the library is not there."""

    def paint(pen: Pen) -> None:
        pen.rectangle((0, 0, WIDTH, 22), fill=GREY)
        pen.text((6, 5), f"DL3021  {shown.heading}", fill=WHITE)
        height = (HEIGHT - 54) // len(shown.readings)
        for number, reading in enumerate(shown.readings):
            top = 28 + number * height
            pen.rectangle((4, top, WIDTH - 5, top + height - 4), outline=GREY)
            pen.text((14, top + height // 2 - 12), reading, fill=GREEN, font_size=20)
        pen.text((6, HEIGHT - 18), shown.level, fill=YELLOW)

    return picture(WIDTH, HEIGHT, "BMP", paint)

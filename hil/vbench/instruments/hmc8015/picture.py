"""What the display of the HMC8015 shows, as a picture: ``HCOPy:DATA?``.

320 x 240 pixels as the real one has (u). The layout is ours: a line of ranges and states, the cells of the page with
their present values, and the text of ``DISPlay:TEXT``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from hil.vbench.instruments.display import GREEN, GREY, WHITE, YELLOW, picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.ImageDraw import ImageDraw as Pen

WIDTH, HEIGHT = 320, 240
UNITS: Final = {
    **dict.fromkeys(("URMS", "UAVG", "URAN"), "V"),
    **dict.fromkeys(("IRMS", "IAVG", "IRAN"), "A"),
    **dict.fromkeys(("FU", "FI", "FPLL"), "Hz"),
    **dict.fromkeys(("WH", "WHP", "WHM"), "Wh"),
    **dict.fromkeys(("AH", "AHP", "AHM"), "Ah"),
    **dict.fromkeys(("UTHD", "ITHD"), "%"),
    "P": "W",
    "S": "VA",
    "Q": "var",
    "PHI": "deg",
    "TIME": "s",
}


class Shown(NamedTuple):
    """The contents of the display."""

    heading: str
    cells: Sequence[tuple[str, str]]
    """Function and value of each."""
    text: str


def draw(shown: Shown, kind: str) -> bytes:
    """Return the picture as a file of ``kind``: BMP or PNG. Raises ScpiError if the library is not there."""

    def paint(pen: Pen) -> None:
        pen.rectangle((0, 0, WIDTH, 18), fill=GREY)
        pen.text((4, 3), shown.heading, fill=WHITE)
        rows = (len(shown.cells) + 1) // 2
        height = (HEIGHT - 42) // max(rows, 1)
        for number, (function, value) in enumerate(shown.cells):
            left, top = number % 2 * WIDTH // 2, 22 + number // 2 * height
            pen.rectangle((left + 2, top, left + WIDTH // 2 - 3, top + height - 3), outline=GREY)
            pen.text((left + 8, top + 3), function, fill=YELLOW)
            pen.text((left + 8, top + 16), f"{value} {UNITS.get(function, '')}", fill=GREEN)
        pen.text((4, HEIGHT - 16), shown.text, fill=WHITE)

    return picture(WIDTH, HEIGHT, kind, paint)

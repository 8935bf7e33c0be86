"""The display of a virtual instrument as a picture, which clients fetch as a screenshot."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Final

from hil.vbench.scpi.status import ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.ImageDraw import ImageDraw as Pen

BLACK: Final = (0, 0, 0)
GREY: Final = (48, 48, 56)
WHITE: Final = (235, 235, 235)
GREEN: Final = (90, 220, 120)
YELLOW: Final = (250, 210, 70)


def picture(width: int, height: int, kind: str, paint: Callable[[Pen], None]) -> bytes:
    """Return what ``paint`` draws on black as a file of ``kind``: BMP or PNG.

    Raises ScpiError if the library is not there.
    """
    try:
        from PIL import Image, ImageDraw
    except ImportError:
        raise ScpiError(-300, "Pillow is missing: pip install 'micropay-hil[display]'") from None
    image = Image.new("RGB", (width, height), BLACK)
    paint(ImageDraw.Draw(image))
    file = BytesIO()
    image.save(file, format=kind)
    return file.getvalue()

"""The NUMeric group of the WT310E: which values a client reads, in which order, and how they are written."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Final

from hil.vbench.instruments.wt310e.replies import FUNCTIONS, NO_DATA, OVER, Item, Reading, engineering
from hil.vbench.instruments.wt310e.settings import FORMATS, MOST_ITEMS
from hil.vbench.instruments.wt310e.values import INTEGRATED, Values
from hil.vbench.scpi.engine import Commands
from hil.vbench.scpi.headers import Answer
from hil.vbench.scpi.parameters import Command, Integer
from hil.vbench.scpi.replies import block

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.instruments.wt310e.settings import Settings
    from hil.vbench.scpi.headers import Headers

PRESETS: Final = (
    ("U", "I", "P"),
    ("U", "I", "P", "S", "Q", "LAMB", "PHI", "FU", "FI"),
    ("U", "I", "P", "S", "Q", "LAMB", "PHI", "FU", "FI", "UPP", "UMP", "IPP", "IMP", "PPP", "PMP"),
    ("U", "I", "P", "TIME", "WH", "WHP", "WHM", "AH", "AHP", "AHM"),
)
"""1 and 2 as a client of the WT330 lists them; 3 and 4 are unverified."""

NAN_AS_FLOAT: Final = bytes.fromhex("7E951BEE")
INFINITY_AS_FLOAT: Final = bytes.fromhex("7E94F56A")
"""No data and overrange in format FLOat: 9.91E+37 and 9.9E+37 as single precision (SCPI-99, 7.2.1.4)."""


class Number:
    """How many items a query reads: a number, or ALL."""

    def convert(self, text: str) -> int:
        """See :class:`hil.vbench.scpi.parameters.Parameter`."""
        return MOST_ITEMS if text.upper() == "ALL" else Integer(1, MOST_ITEMS).convert(text)


class Cleared:
    """Which items to clear: a number, or ALL (0)."""

    def convert(self, text: str) -> int:
        """See :class:`hil.vbench.scpi.parameters.Parameter`."""
        return 0 if text.upper() == "ALL" else Integer(1, MOST_ITEMS).convert(text)


class NumericData:
    """Items and formats; replies are kept until :meth:`renew`.

    :param reading: returns the newest reading.
    """

    def __init__(
        self, headers: Headers, settings: Callable[[], Settings], reading: Callable[[], Reading | None]
    ) -> None:
        self._headers = headers
        self._settings = settings
        self._reading = reading
        self._reply: str | None = None

    def renew(self) -> None:
        """Forget the kept reply: the reading or a setting has changed."""
        self._reply = None

    def commands(self) -> Commands:
        """Return those whose replies carry a header."""
        item = f"NUMeric[:NORMal]:ITEM<1-{MOST_ITEMS}>?"
        return {
            **self._headers.character_setting("NUMeric:FORMat", FORMATS, self._settings, "format"),
            "NUMeric[:NORMal]:NUMber": Command(self._set_count, (Number(),)),
            "NUMeric[:NORMal]:NUMber?": Command(lambda: str(self._settings().count)),
            item: Command(lambda number: self._settings().items[number - 1].text(self._headers)),
        }

    def plain_commands(self) -> Commands:
        """Return those without a reply, and those whose reply never carries a header."""
        number = Integer(1, MOST_ITEMS)
        return {
            f"NUMeric[:NORMal]:ITEM<1-{MOST_ITEMS}>": Command(self._set_item, (FUNCTIONS, Integer(1, 1)), required=1),
            "NUMeric[:NORMal]:PRESet": Command(self._preset, (Integer(1, len(PRESETS)),)),
            "NUMeric[:NORMal]:CLEar": Command(self._clear, (Cleared(), number), required=1),
            "NUMeric[:NORMal]:VALue?": Command(self.values, (number,), required=0),
            "NUMeric:NORMal?": Command(lambda: self._headers.join(self._group())),
            "NUMeric?": Command(lambda: self._headers.join([self._format(), *self._group()])),
        }

    def values(self, number: int | None = None) -> str:
        """``:NUMeric[:NORMal]:VALue?``: return all items, or one."""
        settings = self._settings()
        if number is not None:
            return self._write([settings.items[number - 1]])
        if self._reply is None:
            self._reply = self._write(settings.items[: settings.count])
        return self._reply

    def _write(self, items: list[Item]) -> str:
        settings = self._settings()
        values = Values(self._reading(), settings)
        if settings.format == "FLO":
            return block(b"".join(_as_float(values[item.function]) for item in items))
        return ",".join([_as_text(item.function, values[item.function]) for item in items])

    def _set_count(self, count: int) -> None:
        self._settings().count = count
        self.renew()

    def _set_item(self, number: int, function: str, element: int = 1) -> None:
        self._settings().items[number - 1] = Item(function)
        self.renew()

    def _preset(self, number: int) -> None:
        chosen = [Item(function) for function in PRESETS[number - 1]]
        self._settings().items[:] = [*chosen, *[Item("NONE")] * (MOST_ITEMS - len(chosen))]
        self.renew()

    def _clear(self, first: int, last: int | None = None) -> None:
        items = self._settings().items
        # without the last one all from the first on
        numbers = range(first - 1, last or MOST_ITEMS) if first else range(MOST_ITEMS)
        for place in numbers:
            items[place] = Item("NONE")
        self.renew()

    def _format(self) -> Answer:
        name = self._headers.character(FORMATS, self._settings().format)
        return Answer(self._headers.names("NUMeric:FORMat"), name)

    def _group(self) -> list[Answer]:
        settings, headers = self._settings(), self._headers
        items = [
            Answer(headers.names("NUMeric[:NORMal]:ITEM<1-255>", number), item.text(headers))
            for number, item in enumerate(settings.items[: settings.count], 1)
        ]
        return [Answer(headers.names("NUMeric[:NORMal]:NUMber"), str(settings.count)), *items]


def _as_text(function: str, value: float | None) -> str:
    if value is None:
        return NO_DATA
    if math.isinf(value):
        return OVER
    if function == "TIME":
        return f"{value:.0f}"
    digits = 6 if function in INTEGRATED else 4 if function in {"URAN", "IRAN"} else 5
    return engineering(value, digits)


def _as_float(value: float | None) -> bytes:
    if value is None:
        return NAN_AS_FLOAT
    return INFINITY_AS_FLOAT if math.isinf(value) else struct.pack("!f", value)

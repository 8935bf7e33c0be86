"""Who an instrument says that it is, and which driver serves it: makers write their names and models in several ways.

IEEE 488.2 wants four fields between commas: maker, model, serial number, firmware. Instruments add fields, put blanks
around them, change the case of letters from one firmware to the next, and write a company's name with a comma in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hil.ports import Identity

FIELDS = 4
"""Of ``*IDN?`` (IEEE 488.2, 10.14)."""

LEGAL_FORMS = frozenset({"co", "company", "corp", "corporation", "gmbh", "inc", "kg", "limited", "llc", "ltd"})
"""Words of a company's name that tell its legal form: some firmware has them, some not."""


@dataclass(frozen=True)
class Models:
    """The instruments that a driver serves.

    :param maker: as most of them write it.
    :param models: all with the same commands and the same ratings; the first names the family.
    :param aliases: other names of the maker.
    """

    maker: str
    models: tuple[str, ...]
    aliases: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Maker and first model, as a rig file and messages write them."""
        return f"{self.maker} {self.models[0]}"

    def serve(self, identity: Identity) -> bool:
        """Tell whether this is one of them."""
        return _folded_maker(identity.manufacturer) in self._makers and _folded(identity.model) in self._folded_models

    def mean(self, words: str) -> bool:
        """Tell whether ``words`` of a rig file name one of them: maker and model, or the model alone."""
        read = _folded(words)
        return read in self._folded_models or any(
            read.endswith(model) and _folded_maker(words[: _start(words, model)]) in self._makers
            for model in self._folded_models
        )

    @property
    def _makers(self) -> frozenset[str]:
        return frozenset(map(_folded_maker, (self.maker, *self.aliases)))

    @property
    def _folded_models(self) -> frozenset[str]:
        return frozenset(map(_folded, self.models))


def _folded(text: str) -> str:
    """Return letters and digits alone, in one case."""
    return "".join(re.findall(r"[^\W_]+", text.casefold()))


def _folded_maker(text: str) -> str:
    """Return a maker's name as one word: without the company's legal form, and without any *and*."""
    words = re.findall(r"[^\W_]+", text.casefold())
    while words and words[-1] in LEGAL_FORMS:
        words.pop()
    return "".join(word for word in words if word != "and")


def _start(words: str, model: str) -> int:
    """Return where a folded model begins at the end of ``words``."""
    left = len(model)
    for place in range(len(words) - 1, -1, -1):
        left -= bool(_folded(words[place]))
        if left == 0:
            return place
    return 0


def parse_identity(reply: str) -> Identity | None:
    """Return who ``reply`` to ``*IDN?`` says that it is; None if maker, model, serial and firmware are not all there.

    Fields beyond the fourth belong to the firmware. A legal form after a comma belongs to the maker: ``ITECH Electronic
    Co., Ltd.,IT8615,…``.
    """
    fields = [field.strip().strip('"').strip() for field in reply.split(",")]
    while len(fields) > FIELDS and _folded(fields[1]) in LEGAL_FORMS:
        fields[:2] = [f"{fields[0]}, {fields[1]}"]
    if len(fields) < FIELDS or not all(fields[:2]):
        return None
    maker, model, serial, *firmware = fields
    return Identity(maker, model, serial, ",".join(each for each in firmware if each))


def lenient_identity(reply: str) -> Identity:
    """Return the same of an instrument whose dialect the rig file names: what is not there stays empty."""
    maker, _, rest = reply.strip().partition(",")
    model, _, rest = rest.partition(",")
    serial, _, firmware = rest.partition(",")
    return parse_identity(reply) or Identity(*(each.strip() for each in (maker, model, serial, firmware)))

"""Characters that look like a plain space, or like nothing, and are neither: a step that reads right is undefined.

An editor shows them as a space. A message that shows them the same way would tell the reader to write what he wrote.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_ODD = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})
"""Unicode's categories of spaces, of line and paragraph separators, of control and of format characters."""

_CONTROLS = {"\t": "tab", "\x0b": "vertical tab", "\x0c": "form feed", "\r": "carriage return", "\x85": "next line"}
"""Names that Unicode does not give to these."""


class OddCharacter(NamedTuple):
    """Where it stands in its text, from 0 on, and what it is: ``no-break space (U+00A0)``."""

    offset: int
    name: str


def odd_character(text: str) -> OddCharacter | None:
    """Return the first character of ``text`` that is white or unseen and no plain space; None if there is none."""
    if text.isascii() and text.isprintable():
        return None
    for offset, character in enumerate(text):
        if is_odd(character):
            name = _CONTROLS.get(character) or unicodedata.name(character, "control character").lower()
            return OddCharacter(offset, f"{name} (U+{ord(character):04X})")
    return None


def confusing(text: str) -> OddCharacter | None:
    """Return the first character of ``text`` that a reader takes for another one: None if there is none.

    That is the second of two spaces, a letter of another script in a Latin word, and a digit that is none of 0 to 9.
    """
    if (twice := text.find("  ")) >= 0:
        return OddCharacter(twice + 1, "second space in a row (U+0020)")
    if text.isascii():
        return None
    for word in re.finditer(r"\w+", text):
        scripts = [_script(each) for each in word[0]]
        for offset, (character, script) in enumerate(zip(word[0], scripts, strict=True)):
            digit = character.isdecimal() and not character.isascii()
            if digit or (script not in {"", "LATIN"} and "LATIN" in scripts):
                return OddCharacter(
                    word.start() + offset, f"{unicodedata.name(character).lower()} (U+{ord(character):04X})"
                )
    return None


def _script(character: str) -> str:
    """Return the script of a letter, as Unicode's names begin; empty for what is no letter."""
    return unicodedata.name(character, "").partition(" ")[0] if character.isalpha() else ""


def is_odd(character: str) -> bool:
    """Tell whether a character is white or unseen and is not a plain space."""
    return character != " " and unicodedata.category(character) in _ODD


def shown(text: str) -> str:
    """Return ``text`` with each odd character written as ``⟨U+00A0⟩``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"⟨U+{ord(each):04X}⟩" if is_odd(each) else each for each in text)


def plain(text: str) -> str:
    """Return ``text`` as it was probably meant: odd spaces as plain ones, format characters left out."""
    if text.isascii() and text.isprintable():
        return text
    kept = (each for each in text if unicodedata.category(each) != "Cf")
    return "".join(" " if is_odd(each) else each for each in kept)

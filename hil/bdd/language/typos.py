"""What was probably meant: by a line that Gherkin reads as a description, or by a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from gherkin.dialect import DIALECTS

COMMON = frozenset({"gives", "hen", "men", "than", "the", "them", "they", "thin", "win"})
"""English words one slip away from a keyword, with which a description may well begin."""


def keywords(language: str) -> list[str]:
    """Return the step keywords of a Gherkin language, without ``*``."""
    dialect = DIALECTS[language]
    words = dialect["given"] + dialect["when"] + dialect["then"] + dialect["and"] + dialect["but"]
    return list(dict.fromkeys(word.strip() for word in words if word.strip() != "*"))


def meant_keyword(line: str, language: str) -> str | None:
    """Return the keyword that the first word of a description was probably meant as, None if it is plain text.

    That is a keyword in the wrong case or with a colon, or one slip away from a keyword of four letters or more.
    """
    word = line.split(maxsplit=1)[0].rstrip(":")
    for keyword in keywords(language):
        if word.lower() == keyword.lower():
            return keyword
    for keyword in keywords(language):
        if len(keyword) >= 4 and word.lower() not in COMMON and one_slip(word.lower(), keyword.lower()):
            return keyword
    return None


def one_slip(read: str, meant: str) -> bool:
    """Tell whether one letter was changed, left out, added, or swapped with its neighbour."""
    if abs(len(read) - len(meant)) > 1:
        return False
    head = 0
    while head < min(len(read), len(meant)) and read[head] == meant[head]:
        head += 1
    a, b = read[head:], meant[head:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


def did_you_mean(read: str, known: Iterable[str], before: str = "", after: str = "") -> str:
    """Return ``". Did you mean 'b'?"`` with the nearest of the names, ``""`` if none is near."""
    close = get_close_matches(read, list(known), n=1)
    return f". Did you mean '{before}{close[0]}{after}'?" if close else ""

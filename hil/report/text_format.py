"""The words, marks and numbers of every report: the same for HTML, JUnit and the terminal.

A run folder may come from another machine, so its text is foreign: what cannot be seen, or turns the reading
direction, is made visible here before it reaches a page that people sign, or a terminal.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hil.evidence.documents import Verdict
from hil.units import format_quantity

NOT_RECORDED = "not recorded"
"""Printed wherever the evidence says nothing."""

NOT_STATED = "not stated"
"""Printed wherever the laboratory left a field of the certificate empty."""

MARKS: Mapping[Verdict, str] = {
    Verdict.PASS: "✓",
    Verdict.FAIL: "✗",
    Verdict.INCONCLUSIVE: "?",
    Verdict.RIG_FAULT: "!",
    Verdict.AUTHOR_ERROR: "¶",
    Verdict.FRAMEWORK_ERROR: "‼",
    Verdict.NOT_APPLICABLE: "\u2013",
    Verdict.NOT_RUN: "○",
    Verdict.ALTERED: "≠",
}
"""A mark for each verdict; always printed beside the word, so that nothing depends on colour."""

MEANINGS: Mapping[Verdict, str] = {
    Verdict.PASS: "The items tested met every limit that was checked.",
    Verdict.FAIL: "The items tested did not meet at least one limit.",
    Verdict.INCONCLUSIVE: "At least one limit could be neither confirmed nor refuted with the uncertainty of this rig.",
    Verdict.RIG_FAULT: "The bench failed. Nothing is said about the items tested.",
    Verdict.AUTHOR_ERROR: "A feature or configuration file could not be carried out. Nothing is said about the items "
    "tested.",
    Verdict.FRAMEWORK_ERROR: "There is a mistake in the code of the framework or of a step. Nothing is said about the "
    "items tested.",
    Verdict.NOT_APPLICABLE: "Nothing was tested: this bench cannot offer what the scenarios ask for.",
    Verdict.NOT_RUN: "Nothing was tested.",
    Verdict.ALTERED: "The evidence is not what was recorded. No verdict of this run can be trusted.",
}
"""What a verdict of the whole run means, as a sentence for its reader."""

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Control, format, tag and surrogate characters, variation selectors, and letters that are drawn as nothing."""

LONGEST_TEXT = 2000
"""Characters of one text that a report prints: a device may send a line of a megabyte."""


def visible(text: str) -> str:
    """Return ``text`` with each character that cannot be seen or turns the reading direction as ``⟨U+XXXX⟩``."""
    if text.isascii() and text.isprintable():  # nearly all text, in a twentieth of the time
        return text
    return _INVISIBLE.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def on_a_line(text: str) -> str:
    """Return ``text`` visible and on one line: a log of GitHub takes a line of its own for a command."""
    return visible(" ".join(text.splitlines()) if len(text.splitlines()) > 1 else text)


def printed(text: str) -> str:
    """Return ``text`` as a report prints it: visible, and of a long one the beginning and how long it is."""
    shown = visible(text[:LONGEST_TEXT])
    if len(text) <= LONGEST_TEXT and len(shown) <= LONGEST_TEXT:
        return shown
    remark = f" … ({len(text)} characters; the evidence file holds them all)"
    return shown[: LONGEST_TEXT - len(remark)] + remark


def text_of(document: Mapping[str, Any], key: str) -> str | None:
    """Return the value of ``key`` as text; None if it is missing, null or empty. Lists are joined by commas."""
    value = document.get(key)
    if value is None or value == "" or value == [] or value == {}:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {text_of(value, name) or NOT_RECORDED}" for name in value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(str(item) for item in value)
    return sys.intern(str(value))  # a report of thousands of scenarios holds the same words thousands of times


def stated(document: Mapping[str, Any], key: str) -> str:
    """Return what the laboratory says at ``key``; :data:`NOT_STATED` if that is nothing, or only a dash."""
    text = text_of(document, key)
    return NOT_STATED if text is None or not text.strip(" \t\n-\u2010\u2011\u2012\u2013\u2014\u2212") else text


def number_of(document: Mapping[str, Any], key: str) -> float | None:
    """Return the value of ``key`` as a finite number, else None."""
    value = document.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def section_of(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the object at ``key``; an empty one if there is none."""
    value = document.get(key)
    return value if isinstance(value, Mapping) else {}


def rows_of(document: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return the objects in the list at ``key``; an empty list if there is none."""
    value = document.get(key)
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [row for row in value if isinstance(row, Mapping)]


def verdict_of(document: Mapping[str, Any], key: str = "verdict") -> Verdict | None:
    """Return the verdict at ``key``; None if it is missing or not one of ours."""
    try:
        return Verdict(str(document.get(key)))
    except ValueError:
        return None


def instant(seconds: float | None) -> str | None:
    """Return seconds since the scenario began with milliseconds, as ``12.345 s``."""
    return None if seconds is None else f"{seconds:.3f} s"


def moment(text: str | None) -> datetime | None:
    """Return an instant in ISO 8601 with its time zone, in UTC; None for anything else."""
    try:
        instant = datetime.fromisoformat(text or "")
        return instant.astimezone(UTC) if instant.tzinfo is not None else None
    except (ValueError, OverflowError):  # in UTC it may lie before the first year
        return None


def date(text: str | None) -> str | None:
    """Return an instant in ISO 8601 as people write it, in UTC to the second; anything else as it is."""
    instant = moment(text)
    return text if instant is None else f"{instant:%Y-%m-%d %H:%M:%S} UTC"


def satoshi(amount: float | None) -> str | None:
    """Return an amount as text; None if there is none."""
    return None if amount is None else format_quantity(amount, "sat")


class Scale:
    """One unit and number of decimals for value, uncertainty and margin of a finding, so that they line up.

    Seconds become milliseconds when the limit (or without one the value) is below one second. Decimals follow the
    uncertainty, two significant digits of it (GUM 7.2.6); without uncertainty the value is printed as it is.
    """

    def __init__(self, unit: str, reference: float, uncertainty: float | None) -> None:
        self._unit = unit
        self._factor = 1.0
        if unit == "s" and 0 < abs(reference) < 1:
            self._unit, self._factor = "ms", 1000.0
        spread = abs(uncertainty or 0.0) * self._factor
        self._decimals = max(0, min(6, 1 - math.floor(math.log10(spread)))) if spread else None

    def number(self, value: float, *, signed: bool = False) -> str:
        """Return the bare number, with a true minus sign, and a plus sign if ``signed``."""
        scaled = value * self._factor
        if self._decimals is None:
            text = format_quantity(abs(scaled), self._unit if self._unit in {"sat", "count"} else "").split(" sat")[0]
        else:
            text = f"{abs(scaled):.{self._decimals}f}"
        is_zero = not any(digit in text for digit in "123456789")
        sign = "" if is_zero else "\u2212" if scaled < 0 else "+" if signed else ""
        return sign + text.strip()

    @property
    def unit(self) -> str:
        """The unit as printed; empty for a count."""
        return "" if self._unit == "count" else self._unit

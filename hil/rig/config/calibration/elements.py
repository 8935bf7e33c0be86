"""Elements of a Digital Calibration Certificate: found by their path, and read as text, dates and durations."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta
from typing import Any, Final

DCC, SI = "https://ptb.de/dcc", "https://ptb.de/si"
NAMES: Final = {"dcc": DCC, "si": SI}

_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(Z|[+-]\d\d:\d\d)?")
"""An ``xs:date``, which may have a time zone; the day is the one that is written."""

_PERIOD = re.compile(r"P(?=\d)(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?")
"""An ``xs:duration`` of years, months and days."""


def one(element: Any, path: str) -> Any:
    """Return the element at ``path``; raises ValueError if there is none."""
    found = element.find(path, NAMES)
    if found is None:
        raise ValueError(f"{_plain(path)} is missing")
    return found


def text(element: Any, path: str) -> str:
    """Return the text at ``path``; raises ValueError if there is none."""
    found = words(one(element, path))
    if not found:
        raise ValueError(f"{_plain(path)} is empty")
    return found


def text_if_there(element: Any, path: str) -> str:
    """Return the text at ``path``, ``""`` if there is no such element; raises ValueError for an empty one."""
    return "" if element.find(path, NAMES) is None else text(element, path)


def words(element: Any) -> str:
    """Return the text of an element, with single spaces."""
    return " ".join((element.text or "").split())


def kinds(element: Any) -> list[str]:
    """Return what an element says that it is: its ``refType``."""
    return list(element.get("refType", "").split())


def day(written: str) -> date:
    """Return the day that an ``xs:date`` names; raises ValueError for any other text."""
    found = _DAY.fullmatch(written)
    try:
        if found is not None:
            return date.fromisoformat(found[1])
    except ValueError:
        pass
    raise ValueError(f"'{written[:40]}' is no date")


def day_after(begin: date, period: str) -> date:
    """Return the day on which a ``xs:duration`` ends that begins on ``begin``; raises ValueError for any other text."""
    found = _PERIOD.fullmatch(period)
    if found is None:
        raise ValueError(f"'{period[:40]}' is no period of years, months and days, such as P1Y")
    years, months, days = (int(each or 0) for each in found.groups())
    month = begin.month - 1 + months
    year, month = begin.year + years + month // 12, month % 12 + 1
    try:
        return date(year, month, min(begin.day, monthrange(year, month)[1])) + timedelta(days=days)
    except (ValueError, OverflowError):
        raise ValueError(f"'{period[:40]}' ends later than a date can tell") from None


def _plain(path: str) -> str:
    return path.replace("dcc:", "").replace("si:", "")

"""libfaketime, which tells one program another date than the machine's (Debian: package ``faketime``).

It is loaded into the program before its own libraries. A program that is linked statically loads none, and sees the
machine's date.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

NAME: Final = "libfaketimeMT.so.1"
"""The variant for programs with threads; it does for others, too."""

PLACES: Final = ("/usr/lib/*/faketime", "/usr/lib/faketime", "/usr/local/lib/faketime")
"""Folders, as patterns, in which packages put it."""

FILE: Final = "FAKETIME_TIMESTAMP_FILE"
"""The variable that names the file with the difference to the machine's date."""

VARIABLES: Final = ("LD_PRELOAD", FILE, "FAKETIME_NO_CACHE", "FAKETIME_DONT_FAKE_MONOTONIC")
"""All variables of the environment by which a program gets its date."""


@functools.cache
def library() -> Path | None:
    """Return the library; None if this machine has none."""
    folders = (folder for place in PLACES for folder in sorted(Path("/").glob(place.lstrip("/"))))
    return next((folder / NAME for folder in folders if (folder / NAME).is_file()), None)


def variables(file: Path) -> dict[str, str]:
    """Return the variables with which a program reads its date from ``file`` each time; only the calendar differs.

    The clocks by which a program measures how long something takes stay as they are. Empty without the library.
    """
    found = library()
    return {} if found is None else dict(zip(VARIABLES, (str(found), str(file), "1", "1"), strict=True))


def difference(seconds: float) -> str:
    """Return what stands in the file for a calendar that is ahead by ``seconds``; behind, if negative."""
    return f"{seconds:+.3f}\n"

"""Folders and files for the user alone who runs the command, whatever the umask of that user lets others do.

What a run leaves behind tells what a device does that is not on sale yet; other users of the same machine have no part
in it. What exists keeps its rights, so that a folder can be shared on purpose.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def make_folder(folder: Path, *, exist_ok: bool = True) -> None:
    """Make a folder that only its owner may enter; what leads to it is made with the usual rights.

    Raises FileExistsError if it is there and must not be.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(FOLDER_MODE, exist_ok=exist_ok)


def make_file(path: Path) -> None:
    """Make an empty file that only its owner may read and write, unless it is there."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, FILE_MODE))


def opener(path: str, flags: int) -> int:
    """Open a file as ``open(..., opener=opener)`` demands; if it is made, only its owner may read and write it."""
    return os.open(path, flags, FILE_MODE)

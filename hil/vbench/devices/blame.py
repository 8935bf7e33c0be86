"""Whom to blame when a device's program fails: the device, or the machine that the bench runs on."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

BENCH: Final = "bench"
"""Who failed, where it was not a device."""

LEAST_FREE_BYTES: Final = 1 << 20
"""With less room than this on the disk of its storage no program can be expected to store a record."""


def blamed(role: str, how: str, folder: Path) -> tuple[str, str]:
    """Return who failed and how, for a program in a process of its own that ended, hung or answered nonsense.

    :param folder: of its storage. If that disk is full, the program may have failed for that, and proves nothing.
    """
    free = shutil.disk_usage(folder).free
    if free >= LEAST_FREE_BYTES:
        return role, how
    return BENCH, f"the disk of the {role}'s storage is full ({free} bytes are free), and {how}. Free space, then rerun"

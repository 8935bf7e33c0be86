"""Foreign clients of the bench: on PATH, or unpacked without root from Debian packages of this machine's release."""

from __future__ import annotations

import platform
import shutil
from unittest.mock import patch

from hil.chain import debian

PACKAGES = {"lxi": "lxi-tools", "mbpoll": "mbpoll"}


def available() -> bool:
    """Tell whether all tools are here or can be had."""
    return all(map(shutil.which, PACKAGES)) or debian.mirror() is not None


def tool(program: str) -> list[str]:
    """Return the command that runs ``lxi`` or ``mbpoll``; one that is not on PATH is unpacked into the cache, once."""
    if on_path := shutil.which(program):
        return [on_path]
    release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    # the tree of a suite is named by it: another suite than bitcoind's, and both tools in the one tree
    with patch.multiple(debian, SUITE=release, PACKAGES=(*PACKAGES.values(), "base-files")):
        return debian.unpack().command(program)

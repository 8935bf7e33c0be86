"""Where the chain part keeps files: the cache, and data directories of nodes in memory."""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hil.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).resolve().parents[3]
"""The checkout that this code belongs to, or whatever folder the package was installed into."""


def cache_folder() -> Path:
    """Return the folder for what can be made again: ``HIL_CACHE``, else ``.cache`` of the checkout, else XDG's.

    Raises ConfigurationError if it cannot be made.
    """
    chosen = os.environ.get("HIL_CACHE")
    if chosen:
        folder = Path(chosen).expanduser().resolve()
    elif (PROJECT / "pyproject.toml").is_file() and os.access(PROJECT, os.W_OK):
        folder = PROJECT / ".cache"
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "micropay-hil"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the cache folder cannot be made ({error.strerror})", place=str(folder), remedy="Set HIL_CACHE"
        ) from error
    return folder


def memory_folder() -> Path:
    """Return a folder in memory (``/dev/shm``) where there is one, else the folder for temporary files."""
    memory = Path("/dev/shm")  # noqa: S108 - names below it are unpredictable and made with mode 0700
    return memory if memory.is_dir() and os.access(memory, os.W_OK) else Path(tempfile.gettempdir())


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold the lock ``name`` of the cache folder; the kernel frees it when the holder dies.

    It serialises set-up by several processes and waits as long as the other one needs.
    """
    with (cache_folder() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
